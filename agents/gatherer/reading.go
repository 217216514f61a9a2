package gatherer

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// toolDocuments searches the run's documents.
const toolDocuments = "documents"

// What is asked of the tool: passages of each search, documents that are read
// on, and passages of each of them.
const (
	passagesPerSearch   = 12
	documentsReadOn     = 14
	passagesPerDocument = 10
)

// search is the documents tool's input.
type search struct {
	Query    string `json:"query"`
	Limit    int    `json:"limit,omitempty"`
	Document string `json:"document,omitempty"`
}

// found is the part of the documents tool's output that is used here.
type found struct {
	Hits []hit `json:"hits"`
}

type hit struct {
	Document  string     `json:"document"`
	Title     string     `json:"title"`
	Heading   string     `json:"heading"`
	Sentences []sentence `json:"sentences"`
}

type sentence struct {
	ID   string `json:"id"`
	Text string `json:"text"`

	next *sentence // the one that follows it in its passage
}

// reading is everything the searches brought, each sentence once.
type reading struct {
	hits     []hit
	failures []string
}

func merge(results []agents.ToolResult) reading {
	var r reading
	seen := make(map[string]bool)
	for _, result := range results {
		var f found
		failure := result.Error
		if failure == "" && json.Unmarshal(agents.Unfence(result.Value), &f) != nil {
			failure = "the answer of tool " + result.Name + " could not be read"
		}
		if failure != "" {
			if !slices.Contains(r.failures, failure) {
				r.failures = append(r.failures, failure)
			}
			continue
		}
		for _, h := range f.Hits {
			for i := range h.Sentences[:max(0, len(h.Sentences)-1)] {
				h.Sentences[i].next = &h.Sentences[i+1]
			}
			fresh := slices.DeleteFunc(slices.Clone(h.Sentences), func(s sentence) bool { return seen[s.ID] })
			for _, s := range fresh {
				seen[s.ID] = true
			}
			if h.Sentences = fresh; len(fresh) > 0 {
				r.hits = append(r.hits, h)
			}
		}
	}
	return r
}

// document is all that was seen of a document.
func (r reading) document(id string) string {
	var text strings.Builder
	for _, h := range r.hits {
		if h.Document == id {
			text.WriteString(aroundOf(h))
		}
	}
	return text.String()
}

// shortDocument is the number of words up to which a document that keeps
// naming the topic is taken to be about it as a whole.
const shortDocument = 1500

// topical lists the documents that are about the topic, those with the most
// matches first: by their title, or, if they are short, because at least two
// of their sentences are.
func topical(in Input, topic prose.Topic, seen reading) []string {
	type count struct {
		document string
		matches  int
	}
	var counts []count
	for _, h := range seen.hits {
		at := slices.IndexFunc(counts, func(c count) bool { return c.document == h.Document })
		if at < 0 {
			at = len(counts)
			counts = append(counts, count{document: h.Document})
			if topic.Touches(h.Title) {
				counts[at].matches = 3
			}
		}
		for _, s := range h.Sentences {
			if topic.Touches(s.Text) && (counts[at].matches >= 3 || short(in, h.Document)) {
				counts[at].matches++
			}
		}
	}
	counts = slices.DeleteFunc(counts, func(c count) bool { return c.matches < 2 })
	slices.SortStableFunc(counts, func(a, b count) int { return cmp.Compare(b.matches, a.matches) })
	var documents []string
	for _, c := range counts {
		documents = append(documents, c.document)
	}
	return documents
}

func short(in Input, document string) bool {
	for _, d := range in.Survey.Value.Documents {
		if d.ID == document {
			return d.Words > 0 && d.Words <= shortDocument
		}
	}
	return false
}

// readOn asks for more of the documents that are about the topic.
func readOn(in Input, seen reading) []search {
	topic := prose.ParseTopic(in.Topic)
	facet := prose.QuestionFacet(in.Question.Text)
	query := strings.TrimSpace(strings.Join(topic.Terms(), " ") + " " + facet.Vocabulary() + " conclusion results")
	var calls []search
	for _, document := range topical(in, topic, seen) {
		if len(calls) < documentsReadOn {
			calls = append(calls, search{Query: query, Limit: passagesPerDocument, Document: document})
		}
	}
	return calls
}

func aroundOf(h hit) string {
	var text strings.Builder
	for _, s := range h.Sentences {
		text.WriteString(s.Text)
		text.WriteByte(' ')
	}
	return text.String()
}
