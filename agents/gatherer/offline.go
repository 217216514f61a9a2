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

// search is the part of the documents tool's input that is used here.
type search struct {
	Query string `json:"query"`
	Limit int    `json:"limit,omitempty"`
}

// found is the part of the documents tool's output that is used here.
type found struct {
	Hits []hit `json:"hits"`
}

type hit struct {
	Document  string     `json:"document"`
	Title     string     `json:"title"`
	URI       string     `json:"uri"`
	Year      int        `json:"year"`
	Page      int        `json:"page"`
	Heading   string     `json:"heading"`
	Score     float64    `json:"score"`
	Sentences []sentence `json:"sentences"`
}

type sentence struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// What one question takes: passages of each search, sentences of each source,
// and sentences in all.
const (
	passagesPerSearch  = 12
	sentencesPerSource = 3
	sentencesInAll     = 14
)

// gather searches once with all queries at the same time and selects from what
// came back.
func gather(turn agents.Turn[Input]) (agents.Move[agents.Gathered], error) {
	if turn.Step == 0 {
		var move agents.Move[agents.Gathered]
		for _, query := range turn.Input.Question.Queries {
			call, err := agents.Call(toolDocuments, search{Query: query, Limit: passagesPerSearch})
			if err != nil {
				return move, err
			}
			move.Calls = append(move.Calls, call)
		}
		if len(move.Calls) > 0 {
			return move, nil
		}
	}
	hits, failures := merge(turn.Results)
	out := selectFrom(turn.Input, hits)
	for _, failure := range failures {
		out.Gaps = append(out.Gaps, "A search failed: "+prose.Close(prose.Shorten(failure, 200)))
	}
	return agents.Done(out), nil
}

// merge reads the hits of all searches, each passage once, in the order in
// which they were found.
func merge(results []agents.ToolResult) (hits []hit, failures []string) {
	seen := make(map[string]bool)
	for _, result := range results {
		if result.Error != "" {
			if !slices.Contains(failures, result.Error) {
				failures = append(failures, result.Error)
			}
			continue
		}
		var f found
		if err := json.Unmarshal(result.Value, &f); err != nil {
			failures = append(failures, "the answer of tool "+result.Name+" could not be read")
			continue
		}
		for _, h := range f.Hits {
			h.Sentences = slices.DeleteFunc(slices.Clone(h.Sentences), func(s sentence) bool { return seen[s.ID] })
			for _, s := range h.Sentences {
				seen[s.ID] = true
			}
			if len(h.Sentences) > 0 {
				hits = append(hits, h)
			}
		}
	}
	return hits, failures
}

type candidate struct {
	sentence
	document  string
	title     string
	relevance prose.Relevance
	score     float64
	order     int
}

func selectFrom(in Input, hits []hit) agents.Gathered {
	ranked := strictest(candidates(in, hits))
	slices.SortStableFunc(ranked, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.order, b.order))
	})
	var chosen []candidate
	perSource := make(map[string]int)
	for _, c := range ranked {
		if len(chosen) == sentencesInAll {
			break
		}
		if perSource[c.document] == sentencesPerSource || slices.ContainsFunc(chosen, func(o candidate) bool { return prose.Same(o.Text, c.Text) }) {
			continue
		}
		perSource[c.document]++
		chosen = append(chosen, c)
	}
	return gathered(in, chosen, hits)
}

func gathered(in Input, chosen []candidate, hits []hit) agents.Gathered {
	out := agents.Gathered{Evidence: []agents.Selection{}}
	direct := false
	for _, c := range chosen {
		direct = direct || c.relevance.Tier == prose.Direct
		out.Evidence = append(out.Evidence, agents.Selection{ID: c.ID, Relevance: c.why()})
	}
	topic := prose.ParseTopic(in.Topic)
	switch {
	case len(chosen) == 0 && len(hits) == 0:
		out.Gaps = append(out.Gaps, "The searches for “"+prose.Inner(in.Question.Text)+"” found no passage.")
	case len(chosen) == 0:
		out.Gaps = append(out.Gaps, "No passage that was found answers “"+prose.Inner(in.Question.Text)+"” in a sentence that can be quoted.")
	case !direct && topic.Subject != "":
		out.Gaps = append(out.Gaps, "For “"+prose.Inner(in.Question.Text)+"” no quotable sentence names "+subjectName(topic)+" itself; what was selected speaks of related subjects.")
	}
	return out
}

func subjectName(topic prose.Topic) string {
	if len(strings.Fields(topic.Subject)) > 6 {
		return "the subject"
	}
	return topic.Subject
}

func (c candidate) why() string {
	switch c.relevance.Tier {
	case prose.Direct:
		return "names the subject"
	case prose.Related:
		return "related subject: " + c.relevance.Term
	default:
		return "same field"
	}
}

// strictest keeps the sentences on the subject itself and on related ones;
// only where there is none of either do looser ones remain.
func strictest(all []candidate) []candidate {
	atLeast := func(tier prose.Tier, scoped bool) []candidate {
		var kept []candidate
		for _, c := range all {
			if c.relevance.Tier >= tier && (c.relevance.Scoped || !scoped) {
				kept = append(kept, c)
			}
		}
		return kept
	}
	if kept := atLeast(prose.Related, true); len(kept) > 0 {
		return kept
	}
	return atLeast(prose.Related, false)
}
