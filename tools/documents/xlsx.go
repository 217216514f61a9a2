package documents

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The bounds of a workbook: its sheets, the cells of all of them together,
// empty ones between others included, and how many lines of a sheet of figures
// stand in the text of the workbook. The sheet itself is a table of its own.
const (
	maxSheets     = 100
	maxSheetCells = 4_000_000
	figureLines   = 5
)

// sheetXML is how much XML of a sheet is kept in memory; larger ones go to a
// temporary file.
const sheetXML = 16 << 20

// xlsx reads the sheets of a workbook. Each that is a table of data is a part.
func (a *archive) xlsx(data []byte, limits Limits) (Extracted, error) {
	facts, err := a.readProperties()
	if err != nil {
		return Extracted{}, err
	}
	if err := a.verify(); err != nil {
		return Extracted{}, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: limits.Unpacked, UnzipXMLSizeLimit: sheetXML,
		ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd",
	})
	if err != nil {
		return Extracted{}, err
	}
	defer func() { _ = book.Close() }() // what stays of temporary files is the system's to tidy
	s := &snapshot{limits: limits}
	cells := min(limits.Cells, maxSheetCells)
	for i, sheet := range book.GetSheetList() {
		if i == maxSheets {
			s.gap("the rest", fmt.Sprintf("only the first %d sheets were read; split the workbook", maxSheets))
			break
		}
		if visible, err := book.GetSheetVisible(sheet); err == nil && !visible {
			s.gap(sheet, "the sheet is hidden; show it to have it read")
			continue
		}
		reader := sheetReader{archive: a, book: book, left: cells, rows: limits.Rows}
		rows, err := reader.read(sheet)
		cells = reader.left
		if err != nil {
			return Extracted{}, err
		}
		if reader.full {
			s.gap(sheet, fmt.Sprintf("the sheet has more than %d rows, or the workbook more than %d cells; split it", limits.Rows, min(limits.Cells, maxSheetCells)))
			continue
		}
		if len(rows) > 0 {
			s.heading(sheet, 2)
			s.table(sheet, rows, figureLines)
		}
	}
	return s.extracted(facts), nil
}

// sheetReader reads the rows of one sheet twice at the same time: as the cells
// show, and as they are.
type sheetReader struct {
	archive *archive
	book    *excelize.File
	left    int // cells
	rows    int
	full    bool
}

func (r *sheetReader) read(sheet string) ([][]string, error) {
	shown, err := r.book.Rows(sheet)
	if err != nil {
		return nil, fmt.Errorf("sheet %q: %w", sheet, err)
	}
	defer func() { _ = shown.Close() }() // it was only read
	exact, err := r.book.Rows(sheet)
	if err != nil {
		return nil, fmt.Errorf("sheet %q: %w", sheet, err)
	}
	defer func() { _ = exact.Close() }()
	var rows [][]string
	for shown.Next() && exact.Next() {
		if err := r.archive.ctx.Err(); err != nil {
			return nil, err
		}
		cells, err := shown.Columns()
		if err != nil {
			return nil, fmt.Errorf("sheet %q: %w", sheet, err)
		}
		values, err := exact.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, fmt.Errorf("sheet %q: %w", sheet, err)
		}
		if r.left -= len(cells) + 1; r.left < 0 || len(rows) >= r.rows {
			r.full = true
			return nil, nil
		}
		row := make([]string, len(cells))
		for i, cell := range cells {
			row[i] = foldSpace(cell)
			if i < len(values) {
				row[i] = foldSpace(exactCell(cell, values[i]))
			}
		}
		if row = trimCells(row); len(row) > 0 {
			rows = append(rows, row)
		}
	}
	return dropMargin(rows), nil
}

// exactCell gives a cell as it shows, with all the digits it has: a number
// that shows rounded stays whole, with its currency or per cent sign. Dates,
// and what has no number behind it, stay as they show.
func exactCell(shown, value string) string {
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || shown == value {
		return shown
	}
	digits, unit := splitUnit(strings.TrimSpace(shown))
	rounded, ok := parseNumber(digits, pointDecimal)
	if !ok {
		return shown
	}
	if unit == "%" {
		number *= 100
	}
	decimals := 0
	if _, fraction, found := strings.Cut(digits, "."); found {
		decimals = len(fraction)
	}
	// Only when what shows is this number, rounded: anything else is a format
	// that means something of its own, such as thousands or a time.
	half := 0.5000001
	for range min(decimals, 20) {
		half /= 10
	}
	if diff := number - rounded; diff > half || diff < -half {
		return shown
	}
	whole := strconv.FormatFloat(number, 'f', -1, 64)
	if short := strconv.FormatFloat(number, 'g', 15, 64); len(short) < len(whole) && !strings.ContainsAny(short, "eE") {
		whole = short // the digits that binary fractions make
	}
	if unit == "%" {
		return whole + unit
	}
	return unit + whole
}

// dropMargin takes off columns at the left that are empty in every row.
func dropMargin(rows [][]string) [][]string {
	margin := -1
	for _, row := range rows {
		at := 0
		for at < len(row) && row[at] == "" {
			at++
		}
		if margin < 0 || at < margin {
			margin = at
		}
	}
	for i := range rows {
		rows[i] = rows[i][max(0, margin):]
	}
	return rows
}
