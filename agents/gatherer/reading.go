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
	place
	Sentences []sentence `json:"sentences"`
}

// place is where the sentences of a passage stand.
type place struct {
	Document string `json:"document"`
	Title    string `json:"title"`
	Heading  string `json:"heading"`
}

type sentence struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// reading is everything the searches brought, each sentence once.
type reading struct {
	passages []passage
	failures []string
}

type passage struct {
	place
	quotes []quote
}

// quote is a sentence with what is asked of it more than once: its words, and
// the sentence that follows it.
type quote struct {
	sentence
	read prose.Sentence
	next *sentence // nil at the end of the passage
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
			if quotes := fresh(h.Sentences, seen); len(quotes) > 0 {
				r.passages = append(r.passages, passage{h.place, quotes})
			}
		}
	}
	return r
}

// fresh gives the sentences of a passage that were not seen before it, and
// notes them as seen.
func fresh(sentences []sentence, seen map[string]bool) []quote {
	var quotes []quote
	for i, s := range sentences {
		if seen[s.ID] {
			continue
		}
		if quotes == nil {
			quotes = make([]quote, 0, len(sentences)-i)
		}
		q := quote{sentence: s, read: prose.NewSentence(s.Text)}
		if i+1 < len(sentences) {
			q.next = &sentences[i+1]
		}
		quotes = append(quotes, q)
	}
	for _, q := range quotes {
		seen[q.ID] = true
	}
	return quotes
}

// scoped says that what was seen of a document meets the scope of the topic. A
// name may begin in one passage and end in the next, but most stand in the first.
func (r reading) scoped(topic prose.Topic, document string) bool {
	var whole strings.Builder
	for _, p := range r.passages {
		if p.Document != document {
			continue
		}
		text := p.text()
		if topic.Scoped(text) {
			return true
		}
		whole.WriteString(text)
	}
	return topic.Scoped(whole.String())
}

func (p passage) text() string {
	var text strings.Builder
	for _, q := range p.quotes {
		text.WriteString(q.Text)
		text.WriteByte(' ')
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
		counts   bool // whether its sentences count
		matches  int
	}
	var counts []count
	for _, p := range seen.passages {
		at := slices.IndexFunc(counts, func(c count) bool { return c.document == p.Document })
		if at < 0 {
			at = len(counts)
			c := count{document: p.Document, counts: short(in, p.Document)}
			if topic.Touches(p.Title) {
				c.counts, c.matches = true, 3
			}
			counts = append(counts, c)
		}
		for _, q := range p.quotes {
			if counts[at].counts && topic.TouchedBy(q.read) {
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
func readOn(in Input, topic prose.Topic, seen reading) []search {
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
