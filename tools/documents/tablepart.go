package documents

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// maxTableParts is how many tables of one document become parts.
const maxTableParts = 50

// tablePart makes a part of the table of a document, by its number among them;
// false for what is no table of data, and stays a table in the text.
func tablePart(number int, title string, rows [][]string, limits Limits) (Part, *tools.Table, bool) {
	text, ok := tableText(rows)
	if !ok {
		return Part{}, nil, false
	}
	name := tableName(number)
	table, err := ReadTable(TableSource{URI: name, MediaType: TSV, Text: text}, limits)
	if err != nil {
		return Part{}, nil, false
	}
	return Part{Name: name, Title: title, MediaType: TSV, Data: []byte(text)}, table, true
}

// takeTables adds the tables of a text that the document holds, a chapter or the
// body of a message, to those that it has.
func (e *Extracted) takeTables(text Extracted) {
	has := 0
	for _, part := range e.Parts {
		if part.MediaType == TSV {
			has++
		}
	}
	for _, part := range text.Parts {
		if part.MediaType != TSV || has == maxTableParts {
			continue
		}
		has++
		part.Name = tableName(has)
		e.Parts = append(e.Parts, part)
	}
}

func tableName(number int) string { return fmt.Sprintf("table %d", number) }

// computable says that there is something to compute with a table: figures, or
// groups of rows to count.
func computable(table *tools.Table) bool { return hasFigures(table) || hasGroups(table) }

// named says that every column that holds anything has a name.
func named(table *tools.Table) bool {
	for i, column := range table.Columns {
		if column.Name == unnamed(i) && column.Type != tools.TypeEmpty {
			return false
		}
	}
	return true
}

// hasFigures says that some column holds numbers or dates.
func hasFigures(table *tools.Table) bool {
	return slices.ContainsFunc(table.Columns, func(column tools.Column) bool {
		return column.Type == tools.TypeInteger || column.Type == tools.TypeNumber || column.Type == tools.TypeDate
	})
}

// hasGroups says that some column puts the rows into groups, which can be
// counted.
func hasGroups(table *tools.Table) bool {
	return slices.ContainsFunc(table.Columns, func(column tools.Column) bool {
		return column.Distinct > 1 && column.Distinct*2 <= table.Rows-column.Empty
	})
}

// tableText writes rows as text parted by tabs, without a last one that sums up
// the others; false for what has no two columns and no two rows below a header. Rows before the header stay as short
// as they are, and those below it are filled up to its width.
func tableText(rows [][]string) (string, bool) {
	if last := len(rows) - 1; last > 0 && len(rows[last]) > 1 && tools.SumsUp(rows[last][0]) {
		rows = rows[:last]
	}
	header, width := tableHeader(rows)
	if width < 2 || len(rows)-header < 3 {
		return "", false
	}
	var text strings.Builder
	for i, row := range rows {
		row = trimCells(row)
		for len(row) < width && i >= header && len(row) > 0 {
			row = append(row, "")
		}
		for j, cell := range row {
			if j > 0 {
				text.WriteByte('\t')
			}
			text.WriteString(quoteCell(cell))
		}
		text.WriteByte('\n')
	}
	return text.String(), true
}

// tableHeader finds the first row that is as wide as most are, or wider.
func tableHeader(rows [][]string) (at, width int) {
	counts := map[int]int{}
	for _, row := range rows[:min(len(rows), 1000)] {
		if n := len(trimCells(row)); n > 1 {
			counts[n]++
		}
	}
	usual, most := 0, 0
	for n, count := range counts {
		if count > most || count == most && n > usual {
			usual, most = n, count
		}
	}
	for i, row := range rows[:min(len(rows), maxPreamble)] {
		if n := len(trimCells(row)); usual > 0 && n >= usual {
			return i, n
		}
	}
	return 0, 0
}

func trimCells(row []string) []string {
	for len(row) > 0 && strings.TrimSpace(row[len(row)-1]) == "" {
		row = row[:len(row)-1]
	}
	return row[:len(row):len(row)]
}

func quoteCell(cell string) string {
	if strings.HasPrefix(cell, `"`) {
		return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
	}
	return cell
}
