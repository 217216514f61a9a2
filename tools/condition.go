package tools

import (
	"fmt"
	"strconv"
	"strings"
)

// Condition keeps the rows whose cell in Column equals Equals: the same text
// (case and surrounding space aside) or, in a numeric column, the same number.
type Condition struct {
	Column string `json:"column" jsonschema_description:"name of a column"`
	Equals string `json:"equals" jsonschema_description:"the value its cell must have, as text"`
}

// Select lists the indices of the rows that meet every condition, in order;
// with none it lists all. An unknown column, or no row left, is an *InputError.
func (t *Table) Select(where []Condition) ([]int, error) {
	rows := make([]int, t.Rows)
	for i := range rows {
		rows[i] = i
	}
	for _, c := range where {
		column, err := t.Need("where", c.Column)
		if err != nil {
			return nil, err
		}
		kept := rows[:0]
		for _, i := range rows {
			if column.equals(i, c.Equals) {
				kept = append(kept, i)
			}
		}
		if rows = kept; len(rows) == 0 {
			return nil, &InputError{Field: "where", Reason: fmt.Sprintf("no row has %q in column %q (with the conditions before it)", c.Equals, column.Name)}
		}
	}
	return rows, nil
}

func (c *Column) equals(row int, want string) bool {
	if sameName(c.Text[row], want) {
		return true
	}
	if c.Numbers == nil {
		return false
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(want), 64)
	return err == nil && c.Numbers[row] == number
}

// Need finds the column that the argument named field asks for; when it is
// missing the *InputError lists the columns there are.
func (t *Table) Need(field, name string) (*Column, error) {
	if strings.TrimSpace(name) == "" {
		return nil, &InputError{Field: field, Reason: "name a column: " + t.columnNames()}
	}
	if column, ok := t.Column(name); ok {
		return column, nil
	}
	return nil, &InputError{Field: field, Reason: fmt.Sprintf("table %q has no column %q; it has %s", t.ID, name, t.columnNames())}
}

func (t *Table) columnNames() string {
	const most = 40
	names := make([]string, 0, min(len(t.Columns), most)+1)
	for i, c := range t.Columns {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, fmt.Sprintf("%q (%s)", c.Name, c.Type))
	}
	return strings.Join(names, ", ")
}
