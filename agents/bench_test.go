package agents_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/tools"
)

// BenchmarkOffline measures what the roles cost when no model is configured: an
// operation is every move that a role makes in one research run on the sample
// documents.
func BenchmarkOffline(b *testing.B) {
	moves := record(b)
	for _, role := range []string{coordinator.Name, gatherer.Name, analyst.Name, writer.Name, reviewer.Name} {
		b.Run(role, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, m := range moves[role] {
					if _, err := m.agent.Offline(m.input, m.step, m.results); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// move is what a role was asked once in a run.
type move struct {
	agent   agents.Definition
	input   json.RawMessage
	step    int
	results []agents.ToolResult
}

// play does one agent run, and notes its moves.
func play[In, Out any](b *testing.B, moves map[string][]move, shelf library, agent agents.Agent[In, Out], in In) Out {
	b.Helper()
	definition, err := agent.Define()
	if err != nil {
		b.Fatal(err)
	}
	input, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	var out Out
	var results []agents.ToolResult
	for step := range definition.MaxSteps {
		moves[definition.Name] = append(moves[definition.Name], move{definition, input, step, slices.Clone(results)})
		message, err := definition.Offline(input, step, slices.Clone(results))
		if err != nil {
			b.Fatal(err)
		}
		for _, call := range message.ToolCalls {
			results = append(results, shelf.answer(b, call))
		}
		if len(message.ToolCalls) == 0 {
			if err := json.Unmarshal([]byte(message.Text), &out); err != nil {
				b.Fatal(err)
			}
			return out
		}
	}
	b.Fatalf("%s did not end", definition.Name)
	return out
}

// record is one research run: a plan, evidence and findings for each of its
// questions, a draft and its review.
func record(b *testing.B) map[string][]move {
	b.Helper()
	const topic = "How is AI changing medical devices and care?"
	shelf, moves := sampleLibrary(b), map[string][]move{}
	survey := agents.Held[agents.Survey]{Value: shelf.survey}
	plan := play(b, moves, shelf, coordinator.New(), coordinator.Input{Topic: topic, Survey: survey})
	written := writer.Input{Topic: topic, Plan: agents.Held[agents.Plan]{Value: plan}, Survey: survey}
	for _, question := range plan.Questions {
		gathered := play(b, moves, shelf, gatherer.New(), gatherer.Input{Topic: topic, Question: question, Survey: survey})
		evidence := shelf.evidence(gathered.CitedEvidence())
		analysis := play(b, moves, shelf, analyst.New(), analyst.Input{
			Topic: topic, Question: question, Survey: survey, Evidence: agents.Held[[]agents.Evidence]{Value: evidence},
		})
		written.Analyses = append(written.Analyses, agents.Held[agents.Analysis]{Value: analysis})
		written.Evidence.Value = append(written.Evidence.Value, shelf.evidence(analysis.CitedEvidence())...)
	}
	draft := play(b, moves, shelf, writer.New(), written)
	play(b, moves, shelf, reviewer.New(), reviewer.Input{
		Topic: topic, Plan: written.Plan, Draft: agents.Held[agents.Draft]{Value: draft}, Evidence: written.Evidence,
	})
	return moves
}

// passage is what the tool "documents" shows of a document.
type passage struct {
	Document  string     `json:"document"`
	Title     string     `json:"title"`
	Year      int        `json:"year,omitempty"`
	Heading   string     `json:"heading,omitempty"`
	Sentences []sentence `json:"sentences"`

	citations []tools.Citation
}

type sentence struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// library answers searches from the sample documents, a paragraph to a passage.
type library struct {
	survey   agents.Survey
	passages []passage
}

func sampleLibrary(b *testing.B) library {
	b.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "configs", "samples", "documents", "*.md"))
	if err != nil || len(paths) == 0 {
		b.Fatal("no sample documents", err)
	}
	var shelf library
	for i, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		shelf.add(fmt.Sprint("d_", i), string(raw))
	}
	return shelf
}

func (l *library) add(document, text string) {
	_, text, _ = strings.Cut(text, "\n# ")
	title, text, _ := strings.Cut(text, "\n")
	l.survey.Total++
	l.survey.Documents = append(l.survey.Documents, agents.DocumentProfile{ID: document, Title: title, Year: 2024, Words: len(strings.Fields(text))})
	at := passage{Document: document, Title: title, Year: 2024}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(paragraph), "## "); ok {
			at.Heading = heading
			continue
		}
		p := at
		for s := range strings.SplitAfterSeq(strings.Join(strings.Fields(paragraph), " "), ". ") {
			quote := strings.TrimSpace(s)
			citation := tools.Citation{SHA256: document, Title: title, Year: 2024, Heading: at.Heading, Start: len(l.passages), End: len(p.citations), Quote: quote}
			p.citations = append(p.citations, citation)
			p.Sentences = append(p.Sentences, sentence{citation.ID(), quote})
		}
		l.passages = append(l.passages, p)
	}
}

// answer ranks the passages by the words of the query that they hold.
func (l *library) answer(b *testing.B, call agents.ToolCall) agents.ToolResult {
	b.Helper()
	var search struct {
		Query, Document string
		Limit           int
	}
	if err := json.Unmarshal(call.Arguments, &search); err != nil {
		b.Fatal(err)
	}
	hits := slices.DeleteFunc(slices.Clone(l.passages), func(p passage) bool { return search.Document != "" && p.Document != search.Document })
	words := strings.Fields(strings.ToLower(search.Query))
	slices.SortStableFunc(hits, func(a, c passage) int { return cmp.Compare(c.holds(words), a.holds(words)) })
	value, err := json.Marshal(map[string][]passage{"hits": hits[:min(search.Limit, len(hits))]})
	if err != nil {
		b.Fatal(err)
	}
	return agents.ToolResult{CallID: call.ID, Name: call.Name, Value: agents.Fence(value)}
}

func (p passage) holds(words []string) (n int) {
	for _, s := range p.Sentences {
		for _, word := range words {
			n += strings.Count(strings.ToLower(s.Text), word)
		}
	}
	return n
}

func (l *library) evidence(ids []string) []agents.Evidence {
	var found []agents.Evidence
	for _, p := range l.passages {
		for _, c := range p.citations {
			if id := c.ID(); slices.Contains(ids, id) {
				found = append(found, agents.Evidence{ID: id, Citation: c, Heading: c.Heading})
			}
		}
	}
	return found
}
