package sqlquery

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Cell is a value as the database writes it; Null is not the empty text.
type Cell struct {
	Text string
	Null bool
}

// Snapshot is a result as canonical CSV, the text that evidence cites: UTF-8, a
// line feed after each row, quotes only where needed, NULL as \N (and a
// text that says so in quotes), the empty text as "". Rows keep the order of the query's ORDER BY; without one
// they are sorted by their bytes, so that the same result has the same hash.
type Snapshot struct {
	Text      string
	SHA256    string
	Header    Span
	Rows      []Row
	Truncated bool // there are more rows than the limit
}

// Span is a place in the text of a snapshot, without the line feed.
type Span struct{ Start, End int }

// Row is one row and its place.
type Row struct {
	Span
	Cells []Cell
}

// Canonical makes the snapshot of a result.
func Canonical(columns []string, rows [][]Cell, ordered, truncated bool) Snapshot {
	lines := make([]string, len(rows))
	order := make([]int, len(rows))
	for i, row := range rows {
		lines[i], order[i] = line(row), i
	}
	if !ordered {
		slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(lines[a], lines[b]) })
	}
	header := make([]Cell, len(columns))
	for i, name := range columns {
		header[i] = Cell{Text: name}
	}
	var b strings.Builder
	put := func(text string) Span {
		start := b.Len()
		b.WriteString(text)
		b.WriteByte('\n')
		return Span{start, start + len(text)}
	}
	snapshot := Snapshot{Header: put(line(header)), Truncated: truncated}
	for _, at := range order {
		snapshot.Rows = append(snapshot.Rows, Row{put(lines[at]), rows[at]})
	}
	snapshot.Text = b.String()
	sum := sha256.Sum256([]byte(snapshot.Text))
	snapshot.SHA256 = hex.EncodeToString(sum[:])
	return snapshot
}

func line(cells []Cell) string {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		text := strings.ToValidUTF8(c.Text, "\uFFFD")
		switch {
		case c.Null:
			b.WriteString(`\N`)
		case text == "" || text == `\N` || strings.ContainsAny(text, ",\"\r\n") || text[0] == ' ' || text[len(text)-1] == ' ':
			b.WriteString(`"` + strings.ReplaceAll(text, `"`, `""`) + `"`)
		default:
			b.WriteString(text)
		}
	}
	return b.String()
}
