package analyst

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// search is the part of the documents tool's input that is used here.
type search struct {
	Query string `json:"query"`
	Limit int    `json:"limit,omitempty"`
}

// found is the part of the documents tool's output that is used here.
type found struct {
	Hits []struct {
		Title     string `json:"title"`
		Year      int    `json:"year"`
		Heading   string `json:"heading"`
		Sentences []struct {
			ID   string `json:"id"`
			Text string `json:"text"`
		} `json:"sentences"`
	} `json:"hits"`
}

// quotable is a sentence of a source with what is known of its place.
type quotable struct {
	id     string
	text   string
	source prose.Source
}

// objection is a sentence that speaks against what the topic expects, with the
// words by which it is found to be on the same matter as another.
type objection struct {
	quotable
	words []string
}

func hasQuotes(evidence []agents.Evidence) bool {
	return slices.ContainsFunc(evidence, func(e agents.Evidence) bool { return e.Computation == nil })
}

// contraryTask looks for sentences that speak against the topic's expectation.
func contraryTask(topic prose.Topic) task {
	query := strings.Join(topic.Terms(), " ") + " " + prose.Contrary.Vocabulary()
	return task{tool: toolDocuments, input: search{Query: query, Limit: 15}}
}

func readContrary(topic prose.Topic, value json.RawMessage) []objection {
	var f found
	if json.Unmarshal(value, &f) != nil {
		return nil
	}
	var out []objection
	for _, h := range f.Hits {
		source := prose.Source{Title: h.Title, Year: h.Year, Heading: h.Heading}
		if s := source.Section(); s == prose.SectionMethods || s == prose.SectionAims {
			continue
		}
		judge := topic.Judge(prose.Passage{Title: h.Title, Heading: h.Heading})
		for _, s := range h.Sentences {
			read := prose.NewSentence(s.Text)
			if read.Speaks(prose.Contrary) && judge.Of(read).Tier >= prose.Related && prose.Standalone(s.Text) {
				out = append(out, objection{quotable{s.ID, s.Text, source}, specific(topic, read)})
			}
		}
	}
	return out
}

// quotedFindings makes a finding of every quotation.
func quotedFindings(in Input, topic prose.Topic, contrary []objection) []agents.Finding {
	// What is quoted for itself is no objection to another.
	contrary = slices.DeleteFunc(contrary, func(c objection) bool {
		return slices.ContainsFunc(in.Evidence.Value, func(e agents.Evidence) bool { return e.ID == c.id })
	})
	var findings []agents.Finding
	for _, e := range in.Evidence.Value {
		if e.Computation != nil || e.Quote == "" || !prose.StandsUnder(e.Title, e.Quote) {
			continue
		}
		q := quotable{e.ID, e.Quote, prose.Source{Title: e.Title, Year: e.Year, Heading: e.Heading}}
		f := agents.Finding{Theme: in.Question.Theme, Confidence: weigh(topic, q), Evidence: []string{e.ID}, DataPoints: percentages(q)}
		if turn, ok := turning(e, in.Evidence.Value); ok {
			q.text += " " + turn.Quote
			f.Evidence = append(f.Evidence, turn.ID)
		}
		f.Statement = q.source.Attribute(q.text)
		if against, ok := opposing(topic, q, contrary); ok {
			f.Counter = []agents.Statement{{Text: against.source.Attribute(against.text), Evidence: []string{against.id}}}
		}
		findings = append(findings, f)
	}
	return findings
}

// turning finds the sentence that follows directly and restricts this one: the
// two are quoted as one passage.
func turning(e agents.Evidence, evidence []agents.Evidence) (agents.Evidence, bool) {
	const apart = 3 // bytes of white space between two sentences
	for _, next := range evidence {
		if next.SHA256 == e.SHA256 && next.Computation == nil && next.Start >= e.End && next.Start-e.End <= apart && prose.Turns(next.Quote) {
			return next, true
		}
	}
	return agents.Evidence{}, false
}

// weigh is medium for a result or conclusion on the subject itself, else low:
// one sentence of one source is never high.
func weigh(topic prose.Topic, q quotable) string {
	section := q.source.Section()
	own := topic.Names(q.source.Title + " . " + q.text)
	if own && (section == prose.SectionConclusion || section == prose.SectionResults || section == prose.SectionBody) {
		return "medium"
	}
	if section == prose.SectionConclusion || section == prose.SectionResults {
		return "medium"
	}
	return "low"
}

var percentPattern = regexp.MustCompile(`(\d+(?:\.\d+)?)\s?(?:%|per ?cent\b)`)

// percentages are the percentages a quotation states, as data points.
func percentages(q quotable) []agents.DataPoint {
	if !strings.Contains(q.text, "%") && !strings.Contains(q.text, "cent") {
		return nil
	}
	var points []agents.DataPoint
	for _, match := range percentPattern.FindAllStringSubmatch(q.text, 4) {
		value, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			continue
		}
		points = append(points, agents.DataPoint{Label: prose.Shorten(prose.Inner(q.text), 80), Value: value, Unit: "%", Evidence: q.id})
	}
	return points
}

// likeEnough is the similarity from which two sentences are taken to speak of
// the same matter, and sharedWords how many words they must share for it.
const (
	likeEnough  = 0.2
	sharedWords = 4
)

// opposing finds a contrary sentence on the same matter as one that reports an
// effect: they share words that the topic does not already have.
func opposing(topic prose.Topic, q quotable, contrary []objection) (objection, bool) {
	read := prose.NewSentence(q.text)
	if len(contrary) == 0 || read.Speaks(prose.Contrary) || !read.Speaks(prose.Effects) {
		return objection{}, false
	}
	words := specific(topic, read)
	for _, c := range contrary {
		shared := 0
		for _, word := range c.words {
			if slices.Contains(words, word) {
				shared++
			}
		}
		if shared >= sharedWords && float64(shared) >= likeEnough*float64(len(words)+len(c.words)-shared) {
			return c, true
		}
	}
	return objection{}, false
}

// specific is the content of a sentence without the words of the topic.
func specific(topic prose.Topic, s prose.Sentence) []string {
	known := prose.Content(topic.Text)
	return slices.DeleteFunc(s.Content(), func(stem string) bool { return slices.Contains(known, stem) || topic.Touches(stem) })
}
