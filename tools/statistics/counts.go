package statistics

import (
	"cmp"
	"slices"
)

func (d data) describe() (Output, error) {
	if d.table != nil {
		column, err := d.table.Need("column", d.in.Column)
		if err != nil {
			return Output{}, err
		}
		if column.Dates != nil {
			dates, missing := summariseDates(column, d.rows)
			if dates == nil {
				return Output{}, refused("column", "column %q has no dates here", column.Name)
			}
			return Output{N: len(d.rows) - missing, Missing: missing, Dates: dates}, nil
		}
	}
	samples, err := d.columns(1, 1, field{"column", d.in.Column})
	if err != nil {
		return Output{}, err
	}
	values, missing := complete(samples[0])
	summary, err := Describe(values, d.in.Alpha)
	if err != nil {
		return Output{}, err
	}
	out := Output{N: summary.N, Missing: missing, Describe: &summary}
	if summary.N < 2 {
		out.Notes = append(out.Notes, "One value has no spread: sd, variance and limits are not known.")
	} else {
		out.Notes = append(out.Notes, "The limits of the mean take the values for a random sample.")
	}
	return out, nil
}

func (d data) frequency() (Output, error) {
	labels, dates, err := d.labels("column", cmp.Or(d.in.Column, d.in.X, d.in.By))
	if err != nil {
		return Output{}, err
	}
	counts, n := count(labels)
	if n == 0 {
		return Output{}, refused("column", "column %q is empty here", d.in.Column)
	}
	f := &Frequency{Distinct: len(counts), Others: n}
	for _, c := range counts[:min(len(counts), d.in.Top)] {
		f.Rows = append(f.Rows, ValueShare{c.value, c.count, float64(c.count) / float64(n)})
		f.Others -= c.count
	}
	return Output{N: n, Missing: len(labels) - n, Frequency: f, Notes: byYear(dates)}, nil
}

func (d data) crosstab() (Output, error) {
	x, y, missing, dates, err := d.pairs()
	if err != nil {
		return Output{}, err
	}
	if len(x) == 0 {
		return Output{}, refused("x", "no row has both values")
	}
	table := cross(x, y, d.in.Top)
	return Output{N: len(x), Missing: missing, Crosstab: &table, Notes: byYear(dates)}, nil
}

func (d data) group() (Output, error) {
	groups, missing, dates, err := d.groups()
	if err != nil {
		return Output{}, err
	}
	slices.SortStableFunc(groups, func(a, b named) int { return len(b.values) - len(a.values) })
	g := &Groups{Distinct: len(groups)}
	n := 0
	for i, group := range groups {
		n += len(group.values)
		if i >= d.in.Top {
			g.Others += len(group.values)
		}
	}
	if n == 0 {
		return Output{}, refused("column", "no row has both a value and a group")
	}
	if g.Groups, err = summarise(groups[:min(len(groups), d.in.Top)]); err != nil {
		return Output{}, err
	}
	return Output{N: n, Missing: missing, Group: g, Notes: byYear(dates)}, nil
}

// pairs reads two columns as categories, rows with both only.
func (d data) pairs() (x, y []string, missing int, dates bool, err error) {
	all, xDates, err := d.labels("x", cmp.Or(d.in.X, d.in.Column))
	if err != nil {
		return nil, nil, 0, false, err
	}
	other, yDates, err := d.labels("y", cmp.Or(d.in.Y, d.in.By))
	if err != nil {
		return nil, nil, 0, false, err
	}
	for i := range all {
		if all[i] == "" || other[i] == "" {
			missing++
			continue
		}
		x, y = append(x, all[i]), append(y, other[i])
	}
	return x, y, missing, xDates || yDates, nil
}

func byYear(dates bool) []string {
	if !dates {
		return nil
	}
	return []string{"Dates are grouped by year; the first and the last year may be incomplete."}
}

func summarise(groups []named) ([]Group, error) {
	out := make([]Group, 0, len(groups))
	for _, g := range groups {
		s, err := Describe(g.values, 0.05)
		if err != nil {
			return nil, err
		}
		out = append(out, Group{g.name, s.N, s.Mean, s.SD, s.Median, s.Min, s.Max, s.Sum})
	}
	return out, nil
}

type counted struct {
	value string
	count int
}

// count counts the values that are not empty, the most frequent first and
// equally frequent ones by name.
func count(labels []string) (counts []counted, n int) {
	index := map[string]int{}
	for _, label := range labels {
		if label == "" {
			continue
		}
		n++
		at, ok := index[label]
		if !ok {
			at = len(counts)
			index[label] = at
			counts = append(counts, counted{value: label})
		}
		counts[at].count++
	}
	slices.SortFunc(counts, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.value, b.value))
	})
	return counts, n
}

// cross counts pairs over the most frequent values of both sides; the rest is
// put together.
func cross(x, y []string, top int) Crosstab {
	rows, rowOf := axis(x, top)
	columns, columnOf := axis(y, top)
	table := Crosstab{Rows: rows, Columns: columns, RowTotals: make([]int, len(rows)), ColumnTotals: make([]int, len(columns))}
	table.Counts = make([][]int, len(rows))
	for i := range rows {
		table.Counts[i] = make([]int, len(columns))
	}
	for i := range x {
		r, c := rowOf(x[i]), columnOf(y[i])
		table.Counts[r][c]++
		table.RowTotals[r]++
		table.ColumnTotals[c]++
	}
	return table
}

func axis(labels []string, top int) (names []string, of func(string) int) {
	counts, _ := count(labels)
	index := map[string]int{}
	for i, c := range counts[:min(len(counts), top)] {
		names = append(names, c.value)
		index[c.value] = i
	}
	if len(counts) > top {
		names = append(names, OtherValues)
	}
	return names, func(label string) int {
		if at, ok := index[label]; ok {
			return at
		}
		return len(names) - 1
	}
}
