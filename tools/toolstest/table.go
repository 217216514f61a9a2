package toolstest

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// Tables is a fixed set of tables.
type Tables map[string]*tools.Table

// Table implements [tools.Tables].
func (t Tables) Table(_ context.Context, _ tools.Scope, id string) (*tools.Table, error) {
	if table, ok := t[id]; ok {
		return table, nil
	}
	return nil, &tools.InputError{Field: "table", Reason: fmt.Sprintf("no table %q", id)}
}

// CSVTable types the columns of a CSV file simply: dates, numbers, text.
func CSVTable(t testing.TB, path string) *tools.Table {
	t.Helper()
	rows := ReadCSV(t, path)
	return NewTable(strings.TrimSuffix(filepath.Base(path), ".csv"), rows[0], rows[1:])
}

// NewTable types the columns of rows in the same way.
func NewTable(id string, header []string, rows [][]string) *tools.Table {
	table := &tools.Table{ID: id, Title: id, URI: "file:///" + id, SHA256: strings.Repeat("ab", 32), Rows: len(rows)}
	quote := strings.Join(header, ",")
	table.Header = tools.Citation{SHA256: table.SHA256, URI: table.URI, Title: table.Title, End: len(quote), Quote: quote}
	for c, name := range header {
		cells := make([]string, len(rows))
		for r := range rows {
			cells[r] = rows[r][c]
		}
		table.Columns = append(table.Columns, typed(name, cells))
	}
	return table
}

func typed(name string, cells []string) tools.Column {
	column := tools.Column{Name: name, Type: tools.TypeText, Text: cells}
	dates := make([]time.Time, len(cells))
	numbers := make([]float64, len(cells))
	areDates, areNumbers := true, true
	for i, cell := range cells {
		if strings.TrimSpace(cell) == "" {
			numbers[i] = math.NaN()
			continue
		}
		var err error
		if dates[i], err = time.Parse(time.DateOnly, cell); err != nil {
			if dates[i], err = time.Parse("01/02/2006", cell); err != nil {
				areDates = false
			}
		}
		if numbers[i], err = strconv.ParseFloat(cell, 64); err != nil {
			areNumbers = false
		}
	}
	switch {
	case areNumbers:
		column.Type, column.Numbers = tools.TypeNumber, numbers
	case areDates:
		column.Type, column.Dates = tools.TypeDate, dates
	}
	return column
}
