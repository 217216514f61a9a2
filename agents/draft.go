package agents

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
)

// SectionKind says what a section is for; code treats findings more strictly
// than an introduction.
type SectionKind string

// The sections of a research report, in the order in which they are printed.
// References are rendered by code and are no section of a draft.
const (
	SectionSummary         SectionKind = "summary"
	SectionIntroduction    SectionKind = "introduction"
	SectionFindings        SectionKind = "findings" // one for each theme
	SectionAnalysis        SectionKind = "analysis"
	SectionRecommendations SectionKind = "recommendations"
	SectionConclusion      SectionKind = "conclusion"
	SectionLimitations     SectionKind = "limitations"
)

// Synthesis says that the sentences of a section weigh sources in the report's
// own words, rather than tell what one of them says.
func (k SectionKind) Synthesis() bool { return k != SectionFindings && k != SectionSummary }

// Draft is a report before its citations are rendered.
type Draft struct {
	Title    string    `json:"title"`
	Sections []Section `json:"sections" jsonschema:"minItems=1"`
}

// Section is a heading and its paragraphs, tables and charts, in that order.
type Section struct {
	Kind       SectionKind `json:"kind" jsonschema:"enum=summary,enum=introduction,enum=findings,enum=analysis,enum=recommendations,enum=conclusion,enum=limitations"`
	Heading    string      `json:"heading"`
	Paragraphs []Paragraph `json:"paragraphs"`
	Tables     []DataTable `json:"tables,omitempty"`
	Charts     []Chart     `json:"charts,omitempty"`
}

// Paragraph is a run of sentences, or a bulleted list of them.
type Paragraph struct {
	List      bool        `json:"list,omitempty"`
	Sentences []Statement `json:"sentences"`
}

// Statements gives the sentences of a draft in order, with their sections. What
// is written through the pointer is written into the draft.
func (d Draft) Statements() iter.Seq2[Section, *Statement] {
	return func(yield func(Section, *Statement) bool) {
		for _, section := range d.Sections {
			for _, paragraph := range section.Paragraphs {
				for i := range paragraph.Sentences {
					if !yield(section, &paragraph.Sentences[i]) {
						return
					}
				}
			}
		}
	}
}

// CitedEvidence implements [Citer].
func (d Draft) CitedEvidence() []string {
	var ids []string
	for _, section := range d.Sections {
		for _, paragraph := range section.Paragraphs {
			for _, sentence := range paragraph.Sentences {
				ids = append(ids, sentence.Evidence...)
			}
		}
		for _, table := range section.Tables {
			ids = append(ids, table.Evidence...)
		}
		for _, chart := range section.Charts {
			ids = append(ids, chart.Evidence...)
		}
	}
	return ids
}

// Review is what the reviewer says of a draft.
type Review struct {
	Accept bool    `json:"accept" jsonschema_description:"true when nothing of severity major remains"`
	Issues []Issue `json:"issues"`
	// Missing are perspectives that the plan has and the draft has not, or that the
	// topic calls for. The report names them in its limitations.
	Missing []string `json:"missing,omitempty" jsonschema_description:"what the draft leaves out, each in a few words: a planned question without findings (in its own words), a perspective the topic calls for"`
	// Judgements answer the claims that were given to be judged, and no others.
	Judgements []Judgement `json:"judgements,omitempty" jsonschema_description:"one for each claim you were given to judge; left out where you were given none"`
}

// Judgement is a model's word on whether the evidence of a claim entails it. It
// is asked only where fixed rules found nothing wrong and too few shared words.
type Judgement struct {
	Claim   string      `json:"claim" jsonschema_description:"id of the claim, as given"`
	Verdict ClaimStatus `json:"verdict" jsonschema:"enum=supported,enum=partly,enum=not_shown"`
	Reason  string      `json:"reason" jsonschema_description:"which words of the evidence show it, or what is missing, in one sentence"`

	Model string `json:"model,omitempty" jsonschema:"-"` // who judged, filled in by the runtime
	Call  string `json:"call,omitempty" jsonschema:"-"`  // key of the model call
}

// Signed says which call of which model a review's judgements are of.
func (r Review) Signed(model, call string) Review {
	r.Judgements = slices.Clone(r.Judgements)
	for i := range r.Judgements {
		r.Judgements[i].Model, r.Judgements[i].Call = model, call
	}
	return r
}

// OpenClaim is a claim that fixed rules can neither show nor find fault with.
type OpenClaim struct {
	ID       string      `json:"id"`
	Text     string      `json:"text"`
	Evidence []OpenQuote `json:"evidence"`
}

// OpenQuote is a quotation that an open claim cites.
type OpenQuote struct {
	Title string `json:"title"`
	Year  int    `json:"year,omitempty"`
	Quote string `json:"quote"`
}

// Issue is one thing to mend. Section and Sentence name the place: the heading,
// and the sentence as it stands (empty for the whole section or report).
// Rewrite is that sentence as it should stand, where only its form is wrong.
type Issue struct {
	Kind       string `json:"kind" jsonschema:"enum=accuracy,enum=flow,enum=grammar,enum=missing"`
	Severity   string `json:"severity" jsonschema:"enum=major,enum=minor"`
	Section    string `json:"section,omitempty"`
	Sentence   string `json:"sentence,omitempty"`
	Problem    string `json:"problem"`
	Suggestion string `json:"suggestion,omitempty"`
	Rewrite    string `json:"rewrite,omitempty"`
}

// Change records one difference between two drafts: what was changed, why, by
// whom, and which claims it touched. One that was refused is not in the draft.
type Change struct {
	Kind    string   `json:"kind"` // added, removed, replaced, refused
	Section string   `json:"section"`
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"`
	Reason  string   `json:"reason,omitempty"`  // the issue or the comment that asked for it; of a refused one, what was wrong with it
	Author  string   `json:"author,omitempty"`  // the agent
	Version string   `json:"version,omitempty"` // of the agent
	Claims  []string `json:"claims,omitempty"`  // ids of the claims before and after it
}

// ClaimStatus says how a claim stands to its evidence.
type ClaimStatus string

// The states of a claim.
const (
	ClaimSupported    ClaimStatus = "supported"    // its evidence says it
	ClaimPartly       ClaimStatus = "partly"       // its evidence says part of it, or says it with less certainty
	ClaimNotShown     ClaimStatus = "not_shown"    // its evidence does not say it; marked in the report
	ClaimContradicted ClaimStatus = "contradicted" // its evidence says otherwise; marked in the report
	ClaimUnsupported  ClaimStatus = "unsupported"  // cites nothing that holds; marked in the report
)

// Shown says that the evidence shows the claim, or part of it.
func (s ClaimStatus) Shown() bool { return s == ClaimSupported || s == ClaimPartly }

// Claim is a sentence of the report and the evidence it cites.
type Claim struct {
	ID       string      `json:"id"` // "c_" and 12 hexadecimal digits over section and text
	Section  string      `json:"section"`
	Text     string      `json:"text"`
	Evidence []string    `json:"evidence"`
	Status   ClaimStatus `json:"status"`
	Problems []AtOdds    `json:"problems,omitempty"` // the gravest first

	// Judged is what a model said of a claim that fixed rules could not show, and
	// Rules what they made of it. Where the model finds it shown, Status is the
	// model's; a fault that the rules found is never overruled.
	Judged *Judgement  `json:"judged,omitempty"`
	Rules  ClaimStatus `json:"rules,omitempty"`
}

// AtOdds is one thing in a claim that does not follow from its evidence. Start
// and End are byte offsets into the claim's text.
type AtOdds struct {
	Kind     string `json:"kind"` // citation, quote, number, unit, date, name, negation, hedge, direction, coverage
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Text     string `json:"text,omitempty"`
	Evidence string `json:"evidence,omitempty"` // what the evidence has in its place
	Reason   string `json:"reason"`
}

// NewClaim names a claim by its section and text.
func NewClaim(section, text string, evidence []string) Claim {
	return Claim{ID: ClaimID(section, text), Section: section, Text: text, Evidence: evidence}
}

// ClaimID is the id of a claim.
func ClaimID(section, text string) string {
	digest := sha256.Sum256([]byte(section + "\x00" + text))
	return "c_" + hex.EncodeToString(digest[:])[:12]
}
