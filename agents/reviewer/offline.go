package reviewer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// review checks a draft by fixed rules. Whether sentences say what their
// evidence says it asks the tool.
func review(turn agents.Turn[Input]) (agents.Move[agents.Review], error) {
	claims := cited(turn.Input.Draft.Value)
	if turn.Step == 0 && len(claims) > 0 {
		call, err := agents.Call(toolFactcheck, map[string][]claim{"claims": claims})
		return agents.Move[agents.Review]{Calls: []agents.ToolCall{call}}, err
	}
	c := checker{in: turn.Input, verdicts: verdicts(turn.Results, claims)}
	c.sections()
	c.themes()
	c.sentences()
	c.duplicates()
	c.paragraphs()
	if call, err := c.askForm(turn); call != nil || err != nil {
		return agents.Move[agents.Review]{Calls: call}, err
	}
	issues := c.issues
	slices.SortStableFunc(issues, func(a, b agents.Issue) int { return severity(a) - severity(b) })
	if len(issues) > maxIssues {
		issues = issues[:maxIssues]
	}
	grave := slices.ContainsFunc(issues, func(i agents.Issue) bool { return i.Severity == major })
	return agents.Done(agents.Review{Accept: !grave, Issues: issues, Missing: Unanswered(turn.Input.Plan.Value, turn.Input.Draft.Value)}), nil
}

func severity(i agents.Issue) int {
	if i.Severity == major {
		return 0
	}
	return 1
}

type checker struct {
	in       Input
	verdicts []verdict // of the sentences that cite, in their order
	issues   []agents.Issue
}

func (c *checker) add(i agents.Issue) { c.issues = append(c.issues, i) }

// sections looks for parts every report has.
func (c *checker) sections() {
	for _, kind := range []agents.SectionKind{
		agents.SectionSummary, agents.SectionIntroduction, agents.SectionFindings, agents.SectionAnalysis,
		agents.SectionRecommendations, agents.SectionConclusion, agents.SectionLimitations,
	} {
		if kind == agents.SectionFindings && len(c.in.Evidence.Value) == 0 {
			continue
		}
		has := func(s agents.Section) bool {
			return s.Kind == kind && len(s.Paragraphs)+len(s.Tables)+len(s.Charts) > 0
		}
		if !slices.ContainsFunc(c.in.Draft.Value.Sections, has) {
			c.add(agents.Issue{
				Kind: missing, Severity: major, Section: string(kind),
				Problem: fmt.Sprintf("the report has no section of kind %q", kind), Suggestion: "Add it, short if there is little to say.",
			})
		}
	}
}

// themes looks for planned questions that are neither answered nor named as
// gaps.
func (c *checker) themes() {
	var told []string
	for _, q := range c.in.Plan.Value.Questions {
		if answered(c.in.Draft.Value, q) || named(c.in.Draft.Value, q) || slices.Contains(told, q.Theme) {
			continue
		}
		told = append(told, q.Theme)
		c.add(agents.Issue{
			Kind: missing, Severity: major, Section: q.Theme,
			Problem:    "the question “" + prose.Inner(q.Text) + "” has neither findings nor a word in the limitations",
			Suggestion: "Add findings under this theme, or name the gap.",
		})
	}
}

func cites(s agents.Section) bool {
	return slices.ContainsFunc(s.Paragraphs, func(p agents.Paragraph) bool {
		return slices.ContainsFunc(p.Sentences, func(st agents.Statement) bool { return len(st.Evidence) > 0 })
	})
}

// sentences checks each sentence by itself.
func (c *checker) sentences() {
	for _, s := range c.in.Draft.Value.Sections {
		for _, p := range s.Paragraphs {
			for _, sentence := range p.Sentences {
				if problem, suggestion := c.unsupported(s.Kind, sentence); problem != "" {
					c.add(agents.Issue{Kind: accuracy, Severity: major, Section: s.Heading, Sentence: sentence.Text, Problem: problem, Suggestion: suggestion})
					continue
				}
				if problems := prose.Problems(sentence.Text); len(problems) > 0 {
					c.add(agents.Issue{
						Kind: grammar, Severity: major, Section: s.Heading, Sentence: sentence.Text,
						Problem: strings.Join(problems, "; "), Suggestion: "Mend the sentence or leave it out.",
					})
				}
			}
		}
	}
}

// duplicates finds sentences that say what another has already said. The
// summary may restate in other words, but not repeat. The limitations name one
// gap after another in the same words: there only the same text is a repetition.
func (c *checker) duplicates() {
	type seen struct {
		text  string
		print prose.Fingerprint
		kind  agents.SectionKind
	}
	var before []seen
	for _, s := range c.in.Draft.Value.Sections {
		for _, p := range s.Paragraphs {
			for _, sentence := range p.Sentences {
				this := seen{sentence.Text, prose.Print(sentence.Text), s.Kind}
				again := slices.ContainsFunc(before, func(b seen) bool {
					alike := (b.kind == agents.SectionSummary) == (this.kind == agents.SectionSummary) && this.kind != agents.SectionLimitations
					return b.text == this.text || alike && len(this.print.Content) > 3 && len(b.print.Content) > 3 && b.print.Same(this.print)
				})
				if again {
					c.add(agents.Issue{
						Kind: flow, Severity: major, Section: s.Heading, Sentence: sentence.Text,
						Problem: "the report has already said this", Suggestion: "Leave it out here.",
					})
				}
				before = append(before, this)
			}
		}
	}
}

// The size from which a paragraph is too long.
const (
	maxSentences = 8
	maxWords     = 320
)

func (c *checker) paragraphs() {
	for _, s := range c.in.Draft.Value.Sections {
		for _, p := range s.Paragraphs {
			words := 0
			for _, sentence := range p.Sentences {
				words += len(strings.Fields(sentence.Text))
			}
			if p.List || len(p.Sentences) <= maxSentences && words <= maxWords || len(p.Sentences) < 2 {
				continue
			}
			c.add(agents.Issue{
				Kind: flow, Severity: minor, Section: s.Heading, Sentence: p.Sentences[0].Text,
				Problem:    fmt.Sprintf("the paragraph that begins here has %s and %s", prose.Count(len(p.Sentences), "sentence"), prose.Count(words, "word")),
				Suggestion: "Divide it.",
			})
		}
	}
}
