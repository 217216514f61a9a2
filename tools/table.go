package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ColumnType is the type that fits every non-empty cell of a column.
type ColumnType string

// The column types, from the narrowest to the widest.
const (
	TypeEmpty   ColumnType = "empty"
	TypeBoolean ColumnType = "boolean"
	TypeInteger ColumnType = "integer"
	TypeNumber  ColumnType = "number"
	TypeDate    ColumnType = "date"
	TypeText    ColumnType = "text"
)

// Table is a typed table read from a source, in memory. Rows that do not have
// as many cells as the header are left out and counted in Ragged.
type Table struct {
	ID      string // the document id of the source
	Title   string
	URI     string
	SHA256  string // of the snapshot
	Header  Citation
	Columns []Column
	Rows    int
	Ragged  []int // line numbers of the rows left out, at most 20
	Dropped int   // how many rows were left out in all
}

// Column is one typed column; Text holds every cell as it stands in the
// source, and the slice for the type holds the parsed values (NaN or the zero
// time where the cell is empty).
type Column struct {
	Name     string
	Type     ColumnType
	Text     []string
	Numbers  []float64   // for integer, number and boolean (0 or 1)
	Dates    []time.Time // for date, UTC midnight
	Empty    int
	Distinct int
}

// Tables gives the tables that a scope may read. An unknown id is an *InputError.
type Tables interface {
	Table(ctx context.Context, scope Scope, id string) (*Table, error)
}

// Cite is what a tool computed from the table, cited at its header.
func (t *Table) Cite(tool string, input, result any) (Citation, error) {
	asked, err := json.Marshal(input)
	if err != nil {
		return Citation{}, fmt.Errorf("encoding the input of %s: %w", tool, err)
	}
	got, err := json.Marshal(result)
	if err != nil {
		return Citation{}, fmt.Errorf("encoding the result of %s: %w", tool, err)
	}
	citation := t.Header
	citation.Computation = &Computation{Tool: tool, Input: asked, Result: got}
	return citation, nil
}

// Column finds a column by name, exactly first and then ignoring case and
// surrounding space.
func (t *Table) Column(name string) (*Column, bool) {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i], true
		}
	}
	for i := range t.Columns {
		if sameName(t.Columns[i].Name, name) {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

// TableProfile is what an agent is told of a table. Columns are those but for the
// ones of Periods.
type TableProfile struct {
	ID      string          `json:"id"`
	Title   string          `json:"title"`
	URI     string          `json:"uri"`
	Rows    int             `json:"rows"`
	Dropped int             `json:"dropped_rows,omitempty"`
	Columns []ColumnProfile `json:"columns"`
	Periods *Periods        `json:"periods,omitempty"`
	Panel   *Panel          `json:"panel,omitempty"`
}

// Panel says how a table is laid out: it has no two rows for one time and one
// value of each of the columns By, and a row for most. Times are columns of dates or
// years, each of which tells the time; none where it runs across the columns.
type Panel struct {
	Times []string `json:"times,omitempty"`
	By    []string `json:"by"`
}

// Periods are columns that are named by years, quarters or months, or by those of
// the year that another column tells.
type Periods struct {
	Columns int    `json:"columns"`
	First   string `json:"first"` // name of the column
	Last    string `json:"last"`
	Unit    Unit   `json:"unit"`
	Years   string `json:"years,omitempty"` // the column that tells the year of each row
	Whole   bool   `json:"whole,omitempty"` // their figures are whole numbers
}

// ColumnProfile summarises one column. Min and Max are set for numbers and
// dates (as text); Top holds the most frequent values of text columns.
type ColumnProfile struct {
	Name     string       `json:"name"`
	Type     ColumnType   `json:"type"`
	Empty    int          `json:"empty"`
	Distinct int          `json:"distinct"`
	Min      string       `json:"min,omitempty"`
	Max      string       `json:"max,omitempty"`
	Top      []ValueCount `json:"top,omitempty"`
	Named    []string     `json:"named,omitempty"` // values that the topic names
	Total    string       `json:"total,omitempty"` // the value whose rows sum up the others: "Total", "World"
}

// ValueCount is a value and how often it occurs.
type ValueCount struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Labels is the column that names each row: of text, no cell empty and no two
// alike.
func (t TableProfile) Labels() (ColumnProfile, bool) {
	for _, c := range t.Columns {
		if c.Type == TypeText && c.Empty == 0 && c.Distinct == t.Rows {
			return c, true
		}
	}
	return ColumnProfile{}, false
}

// IsWhole says that the label of a row makes it the sum of the others, or of all
// that there is of their kind.
func IsWhole(label string) bool {
	return SumsUp(label) || strings.EqualFold(strings.TrimSpace(label), "world")
}

// SumsUp says that the label of a row makes it the sum of the others.
func SumsUp(label string) bool {
	switch strings.ToLower(strings.Trim(label, " :*")) {
	case "total", "totals", "all", "sum", "overall", "grand total", "in total", "insgesamt", "gesamt", "summe":
		return true
	}
	return false
}
