package documents

import (
	"strings"
)

// maxQuotedBytes bounds a quoted cell. A quote that is not closed within it is
// taken for a character like any other, so that one stray quote does not
// swallow the rest of a file.
const maxQuotedBytes = 1 << 20

// maxLost bounds, in bytes, what is looked through in vain for the ends of
// quotes; after that quotes are characters like any other.
const maxLost = 32 << 20

// maxRecordBytes bounds one row. No header or row of a table is as long, and it
// would be cited whole.
const maxRecordBytes = 1 << 20

// record is one row of a CSV as it stands.
type record struct {
	cells      []string
	start, end int // bytes, without the line end
	line       int // of the file, from 1
}

// csvReader reads records by RFC 4180, forgiving stray quotes.
type csvReader struct {
	text      string
	delimiter byte
	at, line  int
	lost      int // bytes looked through for quotes that do not end
}

func newCSVReader(text string, delimiter byte) *csvReader {
	return &csvReader{text: text, delimiter: delimiter, line: 1, at: len(text) - len(strings.TrimPrefix(text, "\ufeff"))}
}

// next reads the next record that is not an empty line. Its cells are parts of
// the text, save those with doubled quotes.
func (r *csvReader) next() (record, bool) {
	for r.at < len(r.text) {
		rec := record{start: r.at, line: r.line}
		for more := true; more; {
			var cell string
			cell, more = r.cell()
			rec.cells = append(rec.cells, cell)
		}
		rec.end = r.at
		r.lineEnd()
		if rec.end > rec.start && strings.TrimSpace(r.text[rec.start:rec.end]) != "" {
			return rec, true
		}
	}
	return record{}, false
}

// cell reads one cell and says whether another follows in the same record.
func (r *csvReader) cell() (string, bool) {
	if r.at < len(r.text) && r.text[r.at] == '"' && r.lost < maxLost {
		if cell, end, ok := r.quoted(); ok {
			r.line += strings.Count(r.text[r.at:end], "\n")
			r.at = end
			return cell, r.delimited()
		}
		r.lost += min(len(r.text)-r.at, maxQuotedBytes)
	}
	rest := r.text[r.at:]
	end := strings.IndexAny(rest, string(rune(r.delimiter))+"\r\n")
	if end < 0 {
		end = len(rest)
	}
	r.at += end
	return rest[:end], r.delimited()
}

// quoted reads a quoted cell. It fails where the quote is not closed before a
// delimiter, a line end or the end of the text.
func (r *csvReader) quoted() (cell string, end int, ok bool) {
	text := r.text[r.at:min(len(r.text), r.at+maxQuotedBytes)]
	doubled := false
	for i := 1; i < len(text); i++ {
		quote := strings.IndexByte(text[i:], '"')
		if quote < 0 {
			return "", 0, false
		}
		i += quote
		if i+1 < len(text) && text[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		if i+1 < len(text) && text[i+1] != r.delimiter && text[i+1] != '\n' && text[i+1] != '\r' {
			continue // a stray quote inside
		}
		if cell = text[1:i]; doubled {
			cell = strings.ReplaceAll(cell, `""`, `"`)
		}
		return cell, r.at + i + 1, true
	}
	return "", 0, false
}

func (r *csvReader) delimited() bool {
	if r.at < len(r.text) && r.text[r.at] == r.delimiter {
		r.at++
		return true
	}
	return false
}

func (r *csvReader) lineEnd() {
	if r.at < len(r.text) && r.text[r.at] == '\r' {
		r.at++
	}
	if r.at < len(r.text) && r.text[r.at] == '\n' {
		r.at++
	}
	r.line++
}

// sampleRecords is how many records decide on the delimiter and the header.
const sampleRecords = 50

// detectDelimiter gives the delimiter that cuts most of the first records, the
// very first above all, into the same number of cells, more than one; the comma
// when none does. Of two that fit alike it gives the one rarer in words.
func detectDelimiter(text string) byte {
	best, most := byte(','), 0
	for _, delimiter := range []byte{'\t', ';', '|', ','} {
		records := sample(text, delimiter)
		cells, fitting := usualCells(records)
		score := fitting * (min(cells, 50) + 10)
		if len(records) > 0 && len(records[0].cells) == cells {
			score *= 2
		}
		if cells > 1 && score > most {
			best, most = delimiter, score
		}
	}
	return best
}

func sample(text string, delimiter byte) []record {
	reader := newCSVReader(text, delimiter)
	var records []record
	for len(records) < sampleRecords {
		rec, ok := reader.next()
		if !ok || rec.end-rec.start > maxRecordBytes {
			break
		}
		records = append(records, rec)
	}
	return records
}

// usualCells gives the commonest number of cells, the larger of two equally
// common, and how many records have it.
func usualCells(records []record) (cells, count int) {
	counts := map[int]int{}
	for _, rec := range records {
		counts[len(rec.cells)]++
	}
	for n, c := range counts {
		if c > count || c == count && n > cells {
			cells, count = n, c
		}
	}
	return cells, count
}
