package documents

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// maxRagged is how many lines a table names of those it left out, and
// maxPreamble how many lines may stand before the header.
const (
	maxRagged   = 20
	maxPreamble = 10
	maxColumns  = 2000
)

// TableSource is a CSV to read as a table.
type TableSource struct {
	ID        string
	Title     string
	URI       string
	MediaType string // TSV, or anything else for CSV
	Text      string // the snapshot
}

// ReadTable reads a CSV with its delimiter, header and types found out. Rows
// without as many cells as the header are left out and counted. The first row
// is the header if it is all text and names no column twice; without a header
// the columns are "column 1" and so on. An error is a [*ReadError].
func ReadTable(source TableSource, limits Limits) (*tools.Table, error) {
	limits = limits.withDefaults()
	if line := longLine(source.Text); line > 0 {
		return nil, &ReadError{source.URI, ProblemTooLarge, fmt.Sprintf("line %d of the table is longer than %d MB", line, maxRecordBytes>>20), "check what parts its lines"}
	}
	delimiter := byte('\t')
	if source.MediaType != TSV {
		delimiter = detectDelimiter(source.Text)
	}
	records := sample(source.Text, delimiter)
	if len(records) == 0 {
		return nil, empty(source.URI)
	}
	width, _ := usualCells(records)
	if width > maxColumns {
		return nil, &ReadError{source.URI, ProblemTooLarge, fmt.Sprintf("the table has %d columns, more than %d", width, maxColumns), "leave out what is not needed"}
	}
	hash := sha256.Sum256([]byte(source.Text))
	table := &tools.Table{ID: source.ID, Title: source.Title, URI: source.URI, SHA256: hex.EncodeToString(hash[:])}
	reader := newCSVReader(source.Text, delimiter)
	first, ok := readPreamble(reader, table, width, titled(records, width))
	if !ok {
		return nil, malformed(source.URI, fmt.Errorf("no row of the first %d has %d cells like most others", maxPreamble, width))
	}
	table.Header = tools.Citation{
		SHA256: table.SHA256, URI: source.URI, Title: source.Title,
		Start: first.start, End: first.end, Quote: source.Text[first.start:first.end],
	}
	columns := make([][]string, width)
	if names, ok := headerNames(first, records); ok {
		table.Columns = nameColumns(names)
	} else {
		table.Columns = nameColumns(make([]string, width))
		appendRow(columns, first.cells)
	}
	if err := readRows(reader, table, columns, source.URI, limits); err != nil {
		return nil, err
	}
	for i := range table.Columns {
		typeColumn(&table.Columns[i], columns[i], delimiter)
	}
	table.Rows = len(columns[0])
	return table, nil
}

// longLine is the number of the first line that is longer than a row may be, or
// 0.
func longLine(text string) int {
	for line := 1; len(text) > maxRecordBytes; line++ {
		end := strings.IndexAny(text[:maxRecordBytes+1], "\r\n")
		if end < 0 {
			return line
		}
		text = text[end+1:]
	}
	return 0
}

// readPreamble reads up to the first record as wide as the table. What stands
// before it counts as left out, but for titles, which may be filled up to the
// width of the table.
func readPreamble(reader *csvReader, table *tools.Table, width int, titles bool) (record, bool) {
	for range maxPreamble {
		rec, ok := reader.next()
		switch {
		case !ok:
			return record{}, false
		case titles && filled(rec.cells) < leastFilled:
		case len(rec.cells) == width:
			return rec, true
		default:
			drop(table, rec)
		}
	}
	return record{}, false
}

// leastFilled is how many cells from the left a line has that is no title above a
// table of more columns.
const leastFilled = 3

// titled says that a line with fewer cells is a title: most of the table's have
// more.
func titled(records []record, width int) bool {
	full := 0
	for _, rec := range records {
		if filled(rec.cells) >= leastFilled {
			full++
		}
	}
	return width > leastFilled && 2*full > len(records)
}

// filled is how many cells there are up to the last that is not empty.
func filled(cells []string) int {
	for n := len(cells); n > 0; n-- {
		if strings.TrimSpace(cells[n-1]) != "" {
			return n
		}
	}
	return 0
}

func drop(table *tools.Table, rec record) {
	if table.Dropped++; len(table.Ragged) < maxRagged {
		table.Ragged = append(table.Ragged, rec.line)
	}
}

func readRows(reader *csvReader, table *tools.Table, columns [][]string, name string, limits Limits) error {
	for rows := 1; ; rows++ {
		rec, ok := reader.next()
		if !ok {
			return nil
		}
		if rows > limits.Rows || rows*len(columns) > limits.Cells {
			return &ReadError{
				name, ProblemTooLarge,
				fmt.Sprintf("the table has more than %d rows or %d cells", limits.Rows, limits.Cells), "split it into parts",
			}
		}
		cells := rec.cells
		for len(cells) > len(columns) && strings.TrimSpace(cells[len(cells)-1]) == "" {
			cells = cells[:len(cells)-1]
		}
		if len(cells) != len(columns) {
			drop(table, rec)
			continue
		}
		appendRow(columns, cells)
	}
}

func appendRow(columns [][]string, cells []string) {
	for i, cell := range cells {
		columns[i] = append(columns[i], cell)
	}
}

// headerNames says whether the first record names the columns: no cell twice,
// none a figure, or a day above anything but a figure, and at least one that is no
// time. Where all of the sample is text, the first record is still taken for a
// header.
func headerNames(first record, records []record) ([]string, bool) {
	seen := map[string]bool{}
	named := false
	for i, cell := range first.cells {
		name := strings.TrimSpace(cell)
		if name == "" {
			continue
		}
		day := isDay(name)
		if isFigure(name) && !yearLike(name) || day && !isFigure(below(first, records, i)) || seen[name] {
			return nil, false
		}
		seen[name] = true
		named = named || !yearLike(name) && !day && !isPeriod(name)
	}
	return first.cells, named
}

func isFigure(cell string) bool {
	_, number := parseNumber(strings.TrimSpace(cell), pointDecimal)
	return number
}

// below is the first filled cell of a column in the sample after a record.
func below(first record, records []record, column int) string {
	for _, rec := range records {
		if rec.start > first.start && len(rec.cells) == len(first.cells) && !emptyCell(rec.cells[column]) {
			return rec.cells[column]
		}
	}
	return ""
}

// yearLike says that a cell is a year, which heads a column in tables with a
// column for each year.
func yearLike(cell string) bool {
	return len(cell) == 4 && strings.Trim(cell, "0123456789") == "" && (cell[:2] == "19" || cell[:2] == "20")
}

// maxNameBytes bounds the name of a column.
const maxNameBytes = 120

func nameColumns(names []string) []tools.Column {
	columns := make([]tools.Column, len(names))
	seen := map[string]int{}
	for i, name := range names {
		name = strings.Join(strings.Fields(name), " ")
		if len(name) > maxNameBytes {
			name = strings.ToValidUTF8(name[:maxNameBytes], "")
		}
		if name == "" {
			name = unnamed(i)
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, seen[name])
		}
		columns[i].Name = name
	}
	return columns
}

// unnamed is the name of a column that has none.
func unnamed(i int) string { return fmt.Sprintf("column %d", i+1) }
