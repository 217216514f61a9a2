package statistics

import "github.com/quaestor-run/quaestor/tools"

// Output is the result of one call; of the pointers and Groups those of the
// operation are set. Missing counts rows left out for an empty cell.
type Output struct {
	Evidence    string            `json:"evidence,omitempty"` // citation id; empty for raw values
	Table       string            `json:"table,omitempty"`
	Title       string            `json:"title,omitempty"`
	Operation   string            `json:"operation"`
	Column      string            `json:"column,omitempty"`
	By          string            `json:"by,omitempty"`
	X           string            `json:"x,omitempty"`
	Y           string            `json:"y,omitempty"`
	Where       []tools.Condition `json:"where,omitempty"`
	N           int               `json:"n"`
	Missing     int               `json:"missing"`
	Alpha       float64           `json:"alpha"`
	Describe    *Summary          `json:"describe,omitempty"`
	Dates       *DateRange        `json:"dates,omitempty"`
	Frequency   *Frequency        `json:"frequency,omitempty"`
	Crosstab    *Crosstab         `json:"crosstab,omitempty"`
	Group       *Groups           `json:"group,omitempty"`
	Correlation *Correlation      `json:"correlation,omitempty"`
	Regression  *Regression       `json:"regression,omitempty"`
	TTest       *TTest            `json:"t_test,omitempty"`
	MannWhitney *RankSum          `json:"mann_whitney,omitempty"`
	ANOVA       *ANOVA            `json:"anova,omitempty"`
	ChiSquare   *ChiSquare        `json:"chi_square,omitempty"`
	Adjusted    []Adjusted        `json:"adjusted,omitempty"`
	Notes       []string          `json:"notes,omitempty"`

	citation *tools.Citation
}

// DateRange describes a column of dates.
type DateRange struct {
	First  string `json:"first"`
	Last   string `json:"last"`
	Median string `json:"median"` // the earlier of two middle dates
	Days   int    `json:"days"`   // from first to last
}

// Frequency counts the values of a column, the most frequent first.
type Frequency struct {
	Rows     []ValueShare `json:"rows"`
	Distinct int          `json:"distinct"`
	Others   int          `json:"others"` // rows whose value is not listed
}

// ValueShare is a value with its count and its share of the rows that have one.
type ValueShare struct {
	Value string  `json:"value"`
	Count int     `json:"count"`
	Share float64 `json:"share"`
}

// Crosstab counts pairs of values: Counts[i][j] rows have Rows[i] in x and
// Columns[j] in y. Values that are not listed are together in OtherValues, the
// last row or column.
type Crosstab struct {
	Rows         []string `json:"rows"`
	Columns      []string `json:"columns"`
	Counts       [][]int  `json:"counts"`
	RowTotals    []int    `json:"row_totals"`
	ColumnTotals []int    `json:"column_totals"`
}

// OtherValues names what a crosstab puts together.
const OtherValues = "(others)"

// Groups summarises a numeric column for each value of another, the largest
// groups first.
type Groups struct {
	Groups   []Group `json:"groups"`
	Distinct int     `json:"distinct"`
	Others   int     `json:"others"` // rows of groups that are not listed
}

// Group is one group of values. SD is 0 for a single value.
type Group struct {
	Name   string  `json:"name"`
	N      int     `json:"n"`
	Mean   float64 `json:"mean"`
	SD     float64 `json:"sd"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Sum    float64 `json:"sum"`
}

// Citations implements [tools.Cited].
func (o Output) Citations() []tools.Citation {
	if o.citation == nil {
		return nil
	}
	return []tools.Citation{*o.citation}
}

// cite attaches the computation to the header of its table.
func (o *Output) cite(table *tools.Table, in Input) error {
	citation, err := table.Cite(Name, in, o)
	if err != nil {
		return err
	}
	o.citation, o.Evidence = &citation, citation.ID()
	return nil
}
