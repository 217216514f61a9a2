package agents

import "github.com/quaestor-run/quaestor/tools"

// Survey is what there is to research: an overview of the run's sources, made
// by code before anybody plans.
type Survey struct {
	Documents []DocumentProfile    `json:"documents"`       // most relevant to the topic first, at most 60
	Tables    []tools.TableProfile `json:"tables"`          // at most 20
	Total     int                  `json:"total"`           // documents in all; a table in one is counted with it
	Unread    []UnreadDocument     `json:"unread"`          // what could not be read, and why
	Notes     []string             `json:"notes,omitempty"` // whole sentences: what else bounds what can be found
}

// Titles are those of the documents and tables.
func (s Survey) Titles() []string {
	titles := make([]string, 0, len(s.Documents)+len(s.Tables))
	for _, d := range s.Documents {
		titles = append(titles, d.Title)
	}
	for _, t := range s.Tables {
		titles = append(titles, t.Title)
	}
	return titles
}

// DocumentProfile is one document in a survey.
type DocumentProfile struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	URI       string `json:"uri"`
	MediaType string `json:"media_type"`
	Year      int    `json:"year,omitempty"`
	Published string `json:"published,omitempty"` // YYYY-MM-DD, or as much of it as is known
	Tier      string `json:"tier,omitempty"`      // the kind of place it was published in
	Copies    int    `json:"copies,omitempty"`    // other documents that say nearly the same, which are not listed
	Words     int    `json:"words"`
}

// UnreadDocument is a named gap: a source that could not be used.
type UnreadDocument struct {
	URI    string `json:"uri"`
	Reason string `json:"reason"`
}

// Instruction is a text in a source that tries to instruct whoever reads it. Nothing
// is done about it but to name it: text from outside is data.
type Instruction struct {
	Title  string   `json:"title"`
	URI    string   `json:"uri"`
	SHA256 string   `json:"sha256,omitempty"` // of the snapshot
	Start  int      `json:"start"`            // bytes into the snapshot
	End    int      `json:"end"`              // 0 where it stands outside of the text: in a title, or what a tool said
	Text   string   `json:"text"`             // shortened
	Signs  []string `json:"signs"`            // what made it look so
}

// Plan is what the coordinator decides.
type Plan struct {
	Title     string     `json:"title" jsonschema_description:"title of the report"`
	Questions []Question `json:"questions" jsonschema:"minItems=1,maxItems=7"`
	Structure []string   `json:"structure" jsonschema_description:"themes the findings will be arranged by, in order"`
}

// Question is one research question.
type Question struct {
	ID      string   `json:"id" jsonschema_description:"q1, q2, …"`
	Text    string   `json:"text"`
	Theme   string   `json:"theme" jsonschema_description:"one of the plan's structure"`
	Queries []string `json:"queries" jsonschema:"minItems=1" jsonschema_description:"search queries that should find what answers it"`
	Tables  []string `json:"tables,omitempty" jsonschema_description:"ids of tables that can answer it"`
}

// Evidence is a citation with its id, and where it was found.
type Evidence struct {
	ID string `json:"id"`
	tools.Citation
	Heading string `json:"heading,omitempty"`
}

// Gathered is what a gatherer found for one question.
type Gathered struct {
	Evidence []Selection `json:"evidence"`
	Gaps     []string    `json:"gaps,omitempty" jsonschema_description:"what was looked for and not found"`
}

// Selection is one piece of evidence that was chosen, and why.
type Selection struct {
	ID        string `json:"id" jsonschema_description:"evidence id as shown by a tool"`
	Relevance string `json:"relevance,omitempty" jsonschema_description:"what it says about the question"`
}

// CitedEvidence implements [Citer].
func (g Gathered) CitedEvidence() []string {
	ids := make([]string, 0, len(g.Evidence))
	for _, s := range g.Evidence {
		ids = append(ids, s.ID)
	}
	return ids
}

// Analysis answers one question.
type Analysis struct {
	Question string    `json:"question" jsonschema_description:"id of the question"`
	Findings []Finding `json:"findings"`
	Gaps     []string  `json:"gaps,omitempty"`
}

// CitedEvidence implements [Citer].
func (a Analysis) CitedEvidence() []string {
	var ids []string
	for _, f := range a.Findings {
		ids = append(ids, f.Cited()...)
	}
	return ids
}

// Finding is one thing that is known, with what speaks for and against it.
type Finding struct {
	Statement    string      `json:"statement" jsonschema_description:"one sentence"`
	Theme        string      `json:"theme"`
	Confidence   string      `json:"confidence" jsonschema:"enum=high,enum=medium,enum=low"`
	Evidence     []string    `json:"evidence" jsonschema:"minItems=1" jsonschema_description:"evidence ids"`
	DataPoints   []DataPoint `json:"data_points,omitempty"`
	Counter      []Statement `json:"counter_arguments,omitempty"`
	Implications []string    `json:"implications,omitempty"`
	Table        *DataTable  `json:"table,omitempty"`
	Chart        *Chart      `json:"chart,omitempty"`
}

// Cited lists every evidence id of the finding.
func (f Finding) Cited() []string {
	ids := append([]string(nil), f.Evidence...)
	for _, d := range f.DataPoints {
		ids = append(ids, d.Evidence)
	}
	for _, c := range f.Counter {
		ids = append(ids, c.Evidence...)
	}
	if f.Table != nil {
		ids = append(ids, f.Table.Evidence...)
	}
	if f.Chart != nil {
		ids = append(ids, f.Chart.Evidence...)
	}
	return ids
}

// DataPoint is a figure and the evidence (quote or computation) it comes from.
type DataPoint struct {
	Label    string  `json:"label"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit,omitempty"`
	Evidence string  `json:"evidence"`
}

// Statement is a sentence and the evidence it stands on.
type Statement struct {
	Text     string   `json:"text" jsonschema_description:"one sentence, without citation marks"`
	Evidence []string `json:"evidence" jsonschema_description:"evidence ids; empty only where nothing is claimed"`
}

// DataTable is a table of the report.
type DataTable struct {
	Caption  string     `json:"caption"`
	Columns  []string   `json:"columns"`
	Rows     [][]string `json:"rows"`
	Evidence []string   `json:"evidence"`
}

// Chart is a figure of the report, drawn from the same numbers as the text.
type Chart struct {
	Kind     string    `json:"kind" jsonschema:"enum=line,enum=bar"`
	Title    string    `json:"title"`
	XLabel   string    `json:"x_label"`
	YLabel   string    `json:"y_label"`
	X        []string  `json:"x"`
	Y        []float64 `json:"y"`
	Evidence []string  `json:"evidence"`
	Note     string    `json:"note,omitempty"` // such as a period that was left out
}
