package reviewer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// unsupported says what a sentence claims that its evidence does not hold.
func (c *checker) unsupported(kind agents.SectionKind, s agents.Statement) (problem, suggestion string) {
	if len(s.Evidence) == 0 {
		if kind == agents.SectionFindings {
			return "a sentence of findings cites no evidence", "Cite what it stands on, or leave it out."
		}
		return "", ""
	}
	var held []*exhibit
	for _, id := range s.Evidence {
		e, ok := c.evidence[id]
		if !ok {
			return fmt.Sprintf("it cites %q, which is no evidence of this run", id), "Cite evidence of the run, or leave it out."
		}
		held = append(held, e)
	}
	for _, quoted := range quotations(s.Text) {
		words := strings.TrimRight(plainMarks(quoted), ".… ")
		if !slices.ContainsFunc(held, func(e *exhibit) bool { return e.holds(words) }) && !strings.Contains(joined(held), words) {
			return "the words " + prose.Quote(prose.Shorten(quoted, 80)) + " do not stand in its evidence", "Quote word for word."
		}
	}
	if kind == agents.SectionAnalysis || kind == agents.SectionConclusion {
		return "", ""
	}
	for _, n := range figuresOf(s.Text) {
		if !slices.ContainsFunc(held, func(e *exhibit) bool { return n.Stands(e.figures()) }) {
			return "the figure " + n.Text + " does not follow from its evidence", "State the figure of the evidence, or leave it out."
		}
	}
	return "", ""
}

// exhibit is evidence as sentences are held against it. What is read of it is
// kept, since most evidence is cited more than once.
type exhibit struct {
	agents.Evidence
	texts  []string // as plainMarks gives them; empty until they are asked for
	values []float64
}

// quotedWords is from how many words on a text in quotation marks is taken for
// a quotation rather than a name.
const quotedWords = 6

// quotations lists the texts in quotation marks that are long enough to be
// quotations.
func quotations(text string) []string {
	var out []string
	for {
		_, inside, opened := strings.Cut(text, "“")
		end := strings.IndexAny(inside, "“”")
		if !opened || end < 0 {
			return out
		}
		quoted, rest := inside[:end], inside[end:]
		if strings.HasPrefix(rest, "”") && len(strings.Fields(quoted)) >= quotedWords {
			out = append(out, quoted)
		}
		text = rest // from another opening mark the search begins anew
	}
}

// holds says that words, as plainMarks gives them, stand in the quotation or
// the title of evidence, white space and the style of quotation marks aside.
func (e *exhibit) holds(words string) bool {
	if e.texts == nil {
		for _, text := range []string{e.Quote, e.Title, prose.TableName(e.Title), e.Heading} {
			e.texts = append(e.texts, plainMarks(text))
		}
		if e.Computation != nil {
			e.texts = append(e.texts, plainMarks(string(e.Computation.Result)))
		}
	}
	return slices.ContainsFunc(e.texts, func(text string) bool { return strings.Contains(text, words) })
}

// joined is the passage that consecutive sentences make together.
func joined(held []*exhibit) string {
	var passage strings.Builder
	for _, e := range held {
		if e.Computation == nil {
			passage.WriteString(" " + e.Quote)
		}
	}
	return plainMarks(passage.String())
}

var sameMarks = strings.NewReplacer("“", "'", "”", "'", "‘", "'", "’", "'", `\"`, "'", `"`, "'")

func plainMarks(text string) string {
	return strings.Join(strings.Fields(sameMarks.Replace(text)), " ")
}

// figuresOf lists the figures a sentence states as facts of its evidence:
// without thresholds (p < 0.001) and counts of the report's own sources.
func figuresOf(text string) []prose.Number {
	if !strings.ContainsAny(text, digits) {
		return nil
	}
	if strings.ContainsAny(text, "<>") {
		text = thresholdPattern.ReplaceAllString(text, "")
	}
	return prose.Numbers(ownCountPattern.ReplaceAllString(text, ""))
}

const digits = "0123456789"

var (
	thresholdPattern = regexp.MustCompile(`[<>]\s*\d+(\.\d+)?`)
	ownCountPattern  = regexp.MustCompile(`\d+ (sources?|quotations?|tables?|documents?|questions?|statements?)\b`)
)

// figures are the values that evidence gives.
func (e *exhibit) figures() []float64 {
	if e.values != nil {
		return e.values
	}
	e.values = []float64{float64(e.Year), float64(e.Page)}
	for _, text := range []string{e.Quote, e.Title, e.Heading} {
		if !strings.ContainsAny(text, digits) {
			continue
		}
		for _, n := range numberPattern.FindAllString(text, -1) {
			for _, parsed := range prose.Numbers(n) {
				e.values = append(e.values, parsed.Value)
			}
		}
	}
	if e.Computation != nil {
		e.values = append(e.values, computed(e.Computation.Input, e.Computation.Result)...)
	}
	return e.values
}

// numberPattern finds figures wherever they stand, inside words too.
var numberPattern = regexp.MustCompile(`\d[\d,]*(?:[.·]\d+)?`)
