package writer

import (
	"encoding/json"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// Portion is what one call of a long report gets: headings, and the findings or
// the sections of a draft that belong to them and to no other portion.
type Portion struct {
	Headings []string
	Findings []agents.Finding
	Sections []agents.Section // of the draft that is refined
	Issues   []agents.Issue
}

// What a report takes, in tokens of output. A token is three bytes at least in
// what we have seen of models and languages written in Latin letters; too high
// an estimate costs one call more, too low a one an answer that is cut.
const (
	bytesOfToken   = 3
	frameTokens    = 3000 // what stands around the findings
	sentenceTokens = 60   // of a sentence and what stands around it as JSON
)

// fits says whether an answer of a size fits a call that may answer with so
// many tokens. A model that is near its limit writes less than it should.
func fits(tokens, output int) bool { return tokens <= output*3/5 }

// Outline divides the findings of a report among calls that may each answer with
// so many tokens; it is empty where one call does for the whole report. A finding
// is in one portion only, and a theme in more than one only where it does not fit.
func Outline(plan agents.Plan, analyses []agents.Analysis, output int) []Portion {
	findings := distinct(analyses)
	total := frameTokens
	byTheme := map[string][]agents.Finding{}
	themes := slices.Clone(plan.Structure)
	for _, f := range findings {
		total += findingTokens(f)
		if !slices.Contains(themes, f.Theme) {
			themes = append(themes, f.Theme)
		}
		byTheme[f.Theme] = append(byTheme[f.Theme], f)
	}
	if fits(total, output) {
		return nil
	}
	var portions []Portion
	size := 0
	for _, theme := range themes {
		for _, f := range byTheme[theme] {
			tokens := findingTokens(f)
			if len(portions) == 0 || !fits(size+tokens, output) {
				portions, size = append(portions, Portion{}), 0
			}
			p := &portions[len(portions)-1]
			if !slices.Contains(p.Headings, theme) {
				p.Headings = append(p.Headings, theme)
			}
			p.Findings = append(p.Findings, f)
			size += tokens
		}
		byTheme[theme] = nil // a theme that is planned twice is written once
	}
	return portions
}

// distinct leaves out findings that say what another has said of the same
// evidence: two questions may lead to one finding.
func distinct(analyses []agents.Analysis) []agents.Finding {
	var findings []agents.Finding
	for _, analysis := range analyses {
		for _, f := range analysis.Findings {
			again := slices.ContainsFunc(findings, func(other agents.Finding) bool {
				return other.Statement == f.Statement || slices.Equal(other.Evidence, f.Evidence) && prose.Same(other.Statement, f.Statement)
			})
			if !again {
				findings = append(findings, f)
			}
		}
	}
	return findings
}

// findingTokens is what a finding takes in the report: a sentence or two with
// their evidence, its counter-arguments, its table and its chart.
func findingTokens(f agents.Finding) int {
	tokens := 2*sentenceTokens + 2*len(f.Statement)/bytesOfToken + 10*len(f.Cited())
	for _, c := range f.Counter {
		tokens += sentenceTokens + len(c.Text)/bytesOfToken
	}
	if f.Table != nil {
		tokens += size(f.Table)
	}
	if f.Chart != nil {
		tokens += size(f.Chart)
	}
	return tokens
}

func size(value any) int {
	raw, err := json.Marshal(value)
	if err != nil {
		return 0 // a figure that is none: it cannot be written either
	}
	return len(raw) / bytesOfToken
}

// OutlineRefinement divides the sections that a review names among calls; with
// all, as for a person's comments, every section. It is empty where one call
// does for the whole draft.
func OutlineRefinement(draft agents.Draft, review agents.Review, all bool, output int) []Portion {
	if fits(size(draft), output) {
		return nil
	}
	issues := map[string][]agents.Issue{}
	for _, issue := range review.Issues {
		heading := placeOf(draft, issue)
		issues[heading] = append(issues[heading], issue)
	}
	var portions []Portion
	filled := 0
	for _, section := range draft.Sections {
		if !all && len(issues[section.Heading]) == 0 {
			continue
		}
		tokens := size(section)
		if len(portions) == 0 || !fits(filled+tokens, output) {
			portions, filled = append(portions, Portion{}), 0
		}
		p := &portions[len(portions)-1]
		p.Headings, p.Sections = append(p.Headings, section.Heading), append(p.Sections, section)
		p.Issues = append(p.Issues, issues[section.Heading]...)
		filled += tokens
	}
	return portions
}

// placeOf is the heading under which an issue is mended: that of its sentence or
// section, and for what is missing as a whole the limitations.
func placeOf(draft agents.Draft, issue agents.Issue) string {
	last := ""
	for section, s := range draft.Statements() {
		if issue.Sentence != "" && s.Text == issue.Sentence && (issue.Section == "" || issue.Section == section.Heading) {
			return section.Heading
		}
	}
	for _, section := range draft.Sections {
		if section.Heading == issue.Section {
			return section.Heading
		}
		if last = section.Heading; section.Kind == agents.SectionLimitations {
			break
		}
	}
	return last
}

// Assemble puts a report together from its parts, the last of which is what
// stands around the findings. Sections of one theme are one, in the order of the
// plan; a sentence, table or chart of the findings is there once.
func Assemble(plan agents.Plan, parts []agents.Draft) agents.Draft {
	if len(parts) == 0 {
		return agents.Draft{}
	}
	frame := parts[len(parts)-1]
	findings := merged(parts[:len(parts)-1])
	slices.SortStableFunc(findings, func(a, b agents.Section) int {
		return rank(plan.Structure, a.Heading) - rank(plan.Structure, b.Heading)
	})
	whole := agents.Draft{Title: frame.Title}
	for _, kind := range required() {
		if kind == agents.SectionFindings {
			whole.Sections = append(whole.Sections, findings...)
			continue
		}
		for _, s := range frame.Sections {
			if s.Kind == kind {
				whole.Sections = append(whole.Sections, s)
			}
		}
	}
	return whole
}

func rank(structure []string, heading string) int {
	if at := slices.Index(structure, heading); at >= 0 {
		return at
	}
	return len(structure)
}

// merged joins sections of one heading, without what an earlier one has.
func merged(parts []agents.Draft) []agents.Section {
	var sections []agents.Section
	seen := map[string]bool{}
	fresh := func(kind, text string) bool {
		again := seen[kind+text]
		seen[kind+text] = true
		return !again
	}
	for _, part := range parts {
		for _, s := range part.Sections {
			at := slices.IndexFunc(sections, func(o agents.Section) bool { return o.Heading == s.Heading })
			if at < 0 {
				at = len(sections)
				sections = append(sections, agents.Section{Kind: s.Kind, Heading: s.Heading})
			}
			to := &sections[at]
			for _, p := range s.Paragraphs {
				kept := agents.Paragraph{List: p.List}
				for _, sentence := range p.Sentences {
					if fresh("sentence ", sentence.Text) {
						kept.Sentences = append(kept.Sentences, sentence)
					}
				}
				if len(kept.Sentences) > 0 {
					to.Paragraphs = append(to.Paragraphs, kept)
				}
			}
			to.Tables = append(to.Tables, slices.DeleteFunc(slices.Clone(s.Tables), func(t agents.DataTable) bool { return !fresh("table ", t.Caption) })...)
			to.Charts = append(to.Charts, slices.DeleteFunc(slices.Clone(s.Charts), func(c agents.Chart) bool { return !fresh("chart ", c.Title) })...)
		}
	}
	return slices.DeleteFunc(sections, func(s agents.Section) bool { return len(s.Paragraphs)+len(s.Tables)+len(s.Charts) == 0 })
}

// Replace puts refined sections in the place of those with their headings.
func Replace(draft agents.Draft, parts []agents.Draft) agents.Draft {
	draft.Sections = slices.Clone(draft.Sections)
	for _, part := range parts {
		for _, s := range part.Sections {
			if at := slices.IndexFunc(draft.Sections, func(o agents.Section) bool { return o.Heading == s.Heading }); at >= 0 {
				s.Kind = draft.Sections[at].Kind
				draft.Sections[at] = s
			}
		}
	}
	return draft
}
