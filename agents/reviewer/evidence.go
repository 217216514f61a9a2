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
	var held []agents.Evidence
	for _, id := range s.Evidence {
		e, ok := c.evidence[id]
		if !ok {
			return fmt.Sprintf("it cites %q, which is no evidence of this run", id), "Cite evidence of the run, or leave it out."
		}
		held = append(held, e)
	}
	for _, quoted := range quotations(s.Text) {
		if !slices.ContainsFunc(append(held, joined(held)), func(e agents.Evidence) bool { return holds(e, quoted) }) {
			return "the words " + prose.Quote(prose.Shorten(quoted, 80)) + " do not stand in its evidence", "Quote word for word."
		}
	}
	if kind == agents.SectionAnalysis || kind == agents.SectionConclusion {
		return "", ""
	}
	values := valuesOf(held)
	for _, n := range figuresOf(s.Text) {
		if !n.Stands(values) {
			return "the figure " + n.Text + " does not follow from its evidence", "State the figure of the evidence, or leave it out."
		}
	}
	return "", ""
}

// quotedWords is from how many words on a text in quotation marks is taken for
// a quotation rather than a name.
const quotedWords = 6

// quotations lists the texts in quotation marks that are long enough to be
// quotations.
func quotations(text string) []string {
	var out []string
	for _, match := range quotePattern.FindAllStringSubmatch(text, -1) {
		if len(strings.Fields(match[1])) >= quotedWords {
			out = append(out, match[1])
		}
	}
	return out
}

var quotePattern = regexp.MustCompile(`“([^“”]*)”`)

// holds says that words stand in the quotation or the title of evidence, white
// space and the style of quotation marks aside.
func holds(e agents.Evidence, words string) bool {
	words = strings.TrimRight(plainMarks(words), ".… ")
	for _, text := range []string{e.Quote, e.Title, prose.TableName(e.Title), e.Heading} {
		if strings.Contains(plainMarks(text), words) {
			return true
		}
	}
	return e.Computation != nil && strings.Contains(plainMarks(string(e.Computation.Result)), words)
}

// joined is the passage that consecutive sentences make together.
func joined(held []agents.Evidence) agents.Evidence {
	var passage agents.Evidence
	for _, e := range held {
		if e.Computation == nil {
			passage.Quote += " " + e.Quote
		}
	}
	return passage
}

func plainMarks(text string) string {
	text = strings.NewReplacer("“", "'", "”", "'", "‘", "'", "’", "'", `\"`, "'", `"`, "'").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

// figuresOf lists the figures a sentence states as facts of its evidence:
// without thresholds (p < 0.001) and counts of the report's own sources.
func figuresOf(text string) []prose.Number {
	text = thresholdPattern.ReplaceAllString(text, "")
	return prose.Numbers(ownCountPattern.ReplaceAllString(text, ""))
}

var (
	thresholdPattern = regexp.MustCompile(`[<>]\s*\d+(\.\d+)?`)
	ownCountPattern  = regexp.MustCompile(`\d+ (sources?|quotations?|tables?|documents?|questions?|statements?)\b`)
)

func valuesOf(held []agents.Evidence) []float64 {
	var values []float64
	add := func(text string) {
		for _, n := range numberPattern.FindAllString(text, -1) {
			for _, parsed := range prose.Numbers(n) {
				values = append(values, parsed.Value)
			}
		}
	}
	for _, e := range held {
		values = append(values, float64(e.Year), float64(e.Page))
		add(e.Quote)
		add(e.Title)
		add(e.Heading)
		if e.Computation != nil {
			values = append(values, computed(e.Computation.Input, e.Computation.Result)...)
		}
	}
	return values
}

// numberPattern finds figures wherever they stand, inside words too.
var numberPattern = regexp.MustCompile(`\d[\d,]*(?:[.·]\d+)?`)
