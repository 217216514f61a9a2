// Package factcheck holds a sentence against the evidence it cites, by fixed
// rules and without a model: quotations, figures with their units, dates, names,
// polarity, direction, and how much of what is said the evidence speaks of. It
// also is the tool "factcheck", which does so for an agent.
//
// It reads words, not meaning. It calls a claim contradicted only where claim
// and evidence say the same but for one word or figure; words that are merely
// missing make a claim not shown, never refuted.
package factcheck

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// Status is how a claim stands to what it cites.
type Status string

// The states of a claim, from best to worst.
const (
	Supported    Status = "supported"    // the evidence says it
	Partly       Status = "partly"       // the evidence says part of it, or says it with less certainty
	NotShown     Status = "not_shown"    // the evidence does not say it; it may be true
	Contradicted Status = "contradicted" // the evidence says otherwise
)

// Shown says that a claim may be published as it stands.
func (s Status) Shown() bool { return s == Supported || s == Partly }

func (s Status) rank() int {
	return slices.Index([]Status{Supported, Partly, NotShown, Contradicted}, s)
}

// The kinds of a problem.
const (
	KindCitation  = "citation"  // an id that is no evidence
	KindQuote     = "quote"     // words in quotation marks that do not stand in the evidence
	KindNumber    = "number"    // a figure
	KindUnit      = "unit"      // the unit, scale or currency of a figure
	KindDate      = "date"      // a year
	KindName      = "name"      // a name, or what the sentence is about
	KindNegation  = "negation"  // not, no, without, failed to
	KindHedge     = "hedge"     // may, might, suggests
	KindDirection = "direction" // rose or fell, higher or lower
	KindCoverage  = "coverage"  // words that the evidence does not speak of
)

// Problem is one thing in a claim that is at odds with its evidence. Start and
// End are byte offsets into the claim.
type Problem struct {
	Kind     string `json:"kind"`
	Status   Status `json:"status"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Text     string `json:"text"`               // the words of the claim
	Evidence string `json:"evidence,omitempty"` // the words of the evidence in their place
	Reason   string `json:"reason"`             // for a person
}

// Claim is a sentence and the ids it cites.
type Claim struct {
	Text     string   `json:"text" jsonschema_description:"one sentence, without citation marks"`
	Evidence []string `json:"evidence" jsonschema_description:"the ids of the evidence it cites"`
	// Synthesis marks a sentence that weighs several sources in the report's own
	// words. What is merely missing from its evidence makes it partly supported.
	Synthesis bool `json:"synthesis,omitempty" jsonschema_description:"true for a sentence of the analysis, the recommendations or the conclusion that weighs several sources in the report's own words"`
}

// Evidence is a citation with its id.
type Evidence struct {
	ID string `json:"id"`
	tools.Citation
}

// Verdict is what was found of a claim.
type Verdict struct {
	Status   Status    `json:"status"`
	Coverage float64   `json:"coverage"` // share of the claim's content words that the evidence has
	Problems []Problem `json:"problems,omitempty"`
}

// Reasons are the problems as a person reads them, the gravest first.
func (v Verdict) Reasons() []string {
	var reasons []string
	for _, p := range v.Problems {
		if !slices.Contains(reasons, p.Reason) {
			reasons = append(reasons, p.Reason)
		}
	}
	return reasons
}

// Open says that the rules can neither show a claim nor find fault with it: its
// evidence has no other figure, unit, date, name, quotation, direction or
// negation, and too few of its words. Such a claim is for somebody who reads
// meaning.
func (v Verdict) Open() bool {
	return v.Status == NotShown && !slices.ContainsFunc(v.Problems, func(p Problem) bool { return p.Kind != KindCoverage })
}

// Check holds a claim against all evidence it may cite. Ids that are not among
// it, and a claim that cites nothing, are not shown.
func Check(claim Claim, evidence []Evidence) Verdict {
	return NewReader(Among(evidence)).Check(claim)
}

// Reader checks claims against the same evidence, which it reads once, and the
// same claim once. It is not safe for concurrent use.
type Reader struct {
	find     func(id string) (Evidence, bool)
	read     map[string]*exhibit
	verdicts map[string]Verdict // by claim
}

// NewReader makes a reader of the evidence that find knows.
func NewReader(find func(id string) (Evidence, bool)) *Reader {
	return &Reader{find, map[string]*exhibit{}, map[string]Verdict{}}
}

// Check holds a claim against the evidence it cites.
func (r *Reader) Check(claim Claim) Verdict {
	name := strings.Join(append([]string{claim.Text, strconv.FormatBool(claim.Synthesis)}, claim.Evidence...), "\x00")
	verdict, known := r.verdicts[name]
	if !known {
		verdict = r.check(claim)
		r.verdicts[name] = verdict
	}
	verdict.Problems = slices.Clone(verdict.Problems)
	return verdict
}

func (r *Reader) check(claim Claim) Verdict {
	c := comparison{claim: claim}
	for _, id := range claim.Evidence {
		e := r.exhibit(id)
		if e == nil {
			c.add(Problem{Kind: KindCitation, Status: NotShown, Text: id, Reason: "it cites “" + id + "”, which is no evidence of this run"})
			continue
		}
		c.held = append(c.held, e)
	}
	if len(c.held) == 0 {
		if len(claim.Evidence) == 0 {
			c.add(Problem{Kind: KindCitation, Status: NotShown, Reason: "it cites no evidence"})
		}
		return c.verdict()
	}
	c.compare()
	return c.verdict()
}

// comparison is one claim beside its evidence.
type comparison struct {
	claim    Claim
	held     []*exhibit
	words    []token // of the claim, without what it quotes word for word
	source   []token // of the evidence's quotes, in the order of citation
	about    []token // of its headings and titles
	pairs    pairing
	coverage float64
	foreign  bool // the evidence is in another language
	problems []Problem
}

func (c *comparison) compare() {
	c.coverage = 1
	masked := c.quotations()
	c.words = without(tokens(c.claim.Text), masked)
	if c.ownCounts() || len(c.words) == 0 {
		return
	}
	for _, e := range c.held {
		c.source = append(c.source, e.words...)
		c.about = append(c.about, e.about...)
	}
	if len(c.source) > maxSource {
		c.source = c.source[:maxSource]
	}
	c.ranges()
	if slices.ContainsFunc(c.held, func(e *exhibit) bool { return e.Computation != nil }) {
		c.computedFigures()
		c.computedDirection()
		return
	}
	c.pairs = align(c.words, c.source)
	if english(c.words) != english(c.source) && !c.pairs.close(c.words) {
		c.translated()
		return
	}
	c.figures()
	c.names()
	if c.pairs.close(c.words) {
		c.slots()
		c.negations()
		c.directions()
		c.hedges()
	}
	c.covered()
}

// maxSource bounds what one claim is aligned with, in words.
const maxSource = 6000

func (c *comparison) add(p Problem) {
	if c.claim.Synthesis && p.Status == NotShown && p.Kind != KindCitation && p.Kind != KindQuote {
		p.Status = Partly
	}
	for _, before := range c.problems {
		if p.End > p.Start && before.End > before.Start && p.Start < before.End && before.Start < p.End && before.Status.rank() >= p.Status.rank() {
			return // this place was named already
		}
	}
	c.problems = append(c.problems, p)
}

func (c *comparison) verdict() Verdict {
	v := Verdict{Status: Supported, Coverage: c.coverage, Problems: c.problems}
	slices.SortStableFunc(v.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(b.Status.rank(), a.Status.rank()), cmp.Compare(a.Start, b.Start))
	})
	if len(v.Problems) > 0 {
		v.Status = v.Problems[0].Status
	}
	return v
}

// at makes a problem of the words from..to of the claim.
func (c *comparison) at(kind string, status Status, from, to int, reason string) Problem {
	start, end := c.words[from].start, c.words[to].end
	return Problem{Kind: kind, Status: status, Start: start, End: end, Text: c.claim.Text[start:end], Reason: reason}
}
