package activity

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

// maxTableRows is how many rows of a result a table of a report shows.
const maxTableRows = 50

// fillTables puts the rows of a query's result into each table of a draft that
// cites the result and has no rows: what a database said is copied by code.
func (a *Activities) fillTables(ctx context.Context, draft agents.Draft, known map[string]agents.Evidence) error {
	for i := range draft.Sections {
		for k := range draft.Sections[i].Tables {
			table := &draft.Sections[i].Tables[k]
			result, ok := QueryOf(*table, known)
			if !ok || len(table.Rows) > 0 {
				continue
			}
			text, err := a.Store.Blob(ctx, "sha256:"+result.SHA256)
			if err != nil {
				return fmt.Errorf("reading the result of a query for table %q: %w", table.Caption, err)
			}
			if err := fill(table, string(text)); err != nil {
				return fmt.Errorf("reading the result of a query for table %q: %w", table.Caption, err)
			}
		}
	}
	return nil
}

// QueryOf is the result of a query that a table cites.
func QueryOf(table agents.DataTable, known map[string]agents.Evidence) (agents.Evidence, bool) {
	for _, id := range table.Evidence {
		if e, ok := known[id]; ok && e.Computation != nil && e.Computation.Tool == sqlquery.Name {
			return e, true
		}
	}
	return agents.Evidence{}, false
}

// fill copies a result into a table.
func fill(table *agents.DataTable, text string) error {
	columns, rows, count, err := QueryRows(text, maxTableRows)
	if err != nil {
		return err
	}
	table.Columns, table.Rows = columns, rows
	if count > maxTableRows {
		table.Caption += fmt.Sprintf(" (the first %d of %d rows)", maxTableRows, count)
	}
	return nil
}

// QueryRows reads the result of a query, cell by cell, as tables of reports show
// it: a NULL is a dash. It gives the first rows, limit at most, and how many there
// are.
func QueryRows(text string, limit int) (columns []string, rows [][]string, count int, err error) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.FieldsPerRecord, reader.LazyQuotes = -1, true
	if columns, err = reader.Read(); err != nil {
		return nil, nil, 0, err
	}
	rows = [][]string{}
	for ; ; count++ {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return columns, rows, count, nil
		}
		if err != nil {
			return nil, nil, 0, err
		}
		if count >= limit {
			continue
		}
		for i, cell := range row {
			if cell == `\N` {
				row[i] = "–"
			}
		}
		rows = append(rows, row)
	}
}
