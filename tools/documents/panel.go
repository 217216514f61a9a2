package documents

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// The bounds of what is tried to tell the rows of a table apart.
const (
	mostKeys      = 3 // columns together
	keyCandidates = 6
)

// panelOf finds the fewest columns of text that, with a time where it runs down
// the table, tell all rows apart, and of whose combinations most have a row.
// Columns of which the topic names a value are tried first. It is nil where a time
// alone does, or nothing.
func panelOf(table *tools.Table, profile tools.TableProfile) *tools.Panel {
	apart := profile.Periods != nil && profile.Periods.Years == "" // rows have no time
	var texts []tools.ColumnProfile
	var clocks []*tools.Column
	for _, c := range profile.Columns {
		column, _ := table.Column(c.Name)
		switch {
		case c.Type == tools.TypeText && c.Distinct >= 2 && c.Empty == 0:
			texts = append(texts, c)
		case !apart && c.Distinct >= 2 && 3*c.Distinct <= 2*(table.Rows-c.Empty) && (c.Type == tools.TypeDate || column.Years()):
			clocks = append(clocks, column)
		}
	}
	slices.SortStableFunc(texts, func(a, b tools.ColumnProfile) int { return cmp.Compare(len(b.Named), len(a.Named)) })
	texts = texts[:min(len(texts), keyCandidates)]
	if apart {
		clocks = append(clocks, nil)
	}
	for size := 1; size <= mostKeys; size++ {
		for _, clock := range clocks {
			by := keyOf(table, clock, texts, size)
			if by == nil {
				continue
			}
			panel := &tools.Panel{By: by}
			for _, other := range clocks {
				if other != nil && tellsApart(table, other, by) {
					panel.Times = append(panel.Times, other.Name)
				}
			}
			return panel
		}
	}
	return nil
}

// keyOf gives the first of the combinations of so many columns that tells apart
// the rows with a time.
func keyOf(table *tools.Table, clock *tools.Column, texts []tools.ColumnProfile, size int) []string {
	if len(texts) < size {
		return nil
	}
	filled, times := table.Rows, 1
	if clock != nil {
		filled, times = table.Rows-clock.Empty, clock.Distinct
	}
	var try func(chosen, rest []tools.ColumnProfile, pairs int) []string
	try = func(chosen, rest []tools.ColumnProfile, pairs int) []string {
		if pairs > 2*filled {
			return nil
		}
		if len(chosen) == size {
			names := make([]string, size)
			for i, c := range chosen {
				names[i] = c.Name
			}
			if pairs >= filled && tellsApart(table, clock, names) {
				return names
			}
			return nil
		}
		for i, c := range rest {
			if names := try(append(slices.Clone(chosen), c), rest[i+1:], pairs*c.Distinct); names != nil {
				return names
			}
		}
		return nil
	}
	return try(nil, texts, times)
}

// tellsApart says that no two rows have the same cells in all columns, where the
// time is known.
func tellsApart(table *tools.Table, clock *tools.Column, by []string) bool {
	columns := make([]*tools.Column, 0, len(by)+1)
	if clock != nil {
		columns = append(columns, clock)
	}
	for _, name := range by {
		column, _ := table.Column(name)
		columns = append(columns, column)
	}
	seed := maphash.MakeSeed()
	seen := make(map[uint64]struct{})
	var h maphash.Hash
	h.SetSeed(seed)
	for row := range table.Rows {
		if clock != nil && emptyCell(clock.Text[row]) {
			continue
		}
		h.Reset()
		for _, column := range columns {
			h.WriteString(strings.TrimSpace(column.Text[row]))
			h.WriteByte(0)
		}
		key := h.Sum64()
		if _, twice := seen[key]; twice {
			return false
		}
		seen[key] = struct{}{}
	}
	return true
}
