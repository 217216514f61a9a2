package agents

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
}

// Issue is one thing to mend. Section and Sentence name the place: the heading,
// and the sentence as it stands (empty for the whole section or report).
type Issue struct {
	Kind       string `json:"kind" jsonschema:"enum=accuracy,enum=flow,enum=grammar,enum=missing"`
	Severity   string `json:"severity" jsonschema:"enum=major,enum=minor"`
	Section    string `json:"section,omitempty"`
	Sentence   string `json:"sentence,omitempty"`
	Problem    string `json:"problem"`
	Suggestion string `json:"suggestion,omitempty"`
}

// Change records one difference between two drafts.
type Change struct {
	Kind    string `json:"kind"` // added, removed, replaced
	Section string `json:"section"`
	Before  string `json:"before,omitempty"`
	After   string `json:"after,omitempty"`
}

// ClaimStatus says how a claim stands to its evidence.
type ClaimStatus string

// The states of a claim.
const (
	ClaimSupported   ClaimStatus = "supported"   // every id resolves and every quote is in its snapshot
	ClaimUnsupported ClaimStatus = "unsupported" // cites nothing that holds; marked in the report
)

// Claim is a sentence of the report and the evidence it cites.
type Claim struct {
	ID       string      `json:"id"` // "c_" and 12 hexadecimal digits over section and text
	Section  string      `json:"section"`
	Text     string      `json:"text"`
	Evidence []string    `json:"evidence"`
	Status   ClaimStatus `json:"status"`
}
