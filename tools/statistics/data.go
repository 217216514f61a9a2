package statistics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// data reads columns of the rows that meet the conditions, or raw values.
type data struct {
	table *tools.Table // nil for raw values
	rows  []int
	in    Input
}

// numbers reads a numeric column; NaN where the cell is empty.
func (d data) numbers(field, name string) ([]float64, error) {
	column, err := d.table.Need(field, name)
	if err != nil {
		return nil, err
	}
	if len(column.Numbers) != d.table.Rows {
		return nil, refused(field, "column %q holds %s, not numbers; count its values with frequency", column.Name, column.Type)
	}
	out := make([]float64, len(d.rows))
	for i, row := range d.rows {
		if out[i] = column.Numbers[row]; math.Abs(out[i]) > largest {
			return nil, refused(field, "column %q holds a figure beyond ±%g, too large to compute with", column.Name, largest)
		}
	}
	return out, nil
}

// labels reads a column as categories, "" where the cell is empty; dates become
// years.
func (d data) labels(field, name string) (labels []string, dates bool, err error) {
	column, err := d.table.Need(field, name)
	if err != nil {
		return nil, false, err
	}
	out := make([]string, len(d.rows))
	for i, row := range d.rows {
		switch {
		case column.Type != tools.TypeDate:
			out[i] = strings.TrimSpace(column.Text[row])
		case !column.Dates[row].IsZero():
			out[i] = fmt.Sprintf("%04d", column.Dates[row].Year())
		}
	}
	return out, column.Type == tools.TypeDate, nil
}

// samples reads the complete samples of the operation and how many rows were
// left out.
func (d data) samples(least, most int) (samples [][]float64, missing int, err error) {
	if n := len(d.in.Values); n < least || n > most {
		return nil, 0, refused("values", "%s takes %s, got %d", d.in.Operation, countOf(least, most), n)
	}
	for _, numbers := range d.in.Values {
		sample := tools.Floats(numbers)
		for _, v := range sample {
			if math.Abs(v) > largest {
				return nil, 0, refused("values", "a figure lies beyond ±%g, too large to compute with", largest)
			}
		}
		samples = append(samples, sample)
	}
	return samples, 0, nil
}

// complete drops the missing values of one sample.
func complete(sample []float64) (kept []float64, missing int) {
	for _, v := range sample {
		if math.IsNaN(v) {
			missing++
			continue
		}
		kept = append(kept, v)
	}
	return kept, missing
}

// completeRows keeps the rows in which no column is missing.
func completeRows(columns ...[]float64) (kept [][]float64, missing int, err error) {
	kept = make([][]float64, len(columns))
	for _, c := range columns {
		if len(c) != len(columns[0]) {
			return nil, 0, refused("values", "the samples have %d and %d values; pairs need as many in each", len(columns[0]), len(c))
		}
	}
	for i := range columns[0] {
		if slices.ContainsFunc(columns, func(c []float64) bool { return math.IsNaN(c[i]) }) {
			missing++
			continue
		}
		for k, c := range columns {
			kept[k] = append(kept[k], c[i])
		}
	}
	return kept, missing, nil
}

// named is a sample with the name of its group.
type named struct {
	name   string
	values []float64
}

// groups reads the numeric column in groups of the other, sorted by name, or
// the raw samples.
func (d data) groups() (groups []named, missing int, dates bool, err error) {
	if d.table == nil {
		samples, _, err := d.samples(2, maxCategories)
		for i, s := range samples {
			kept, lost := complete(s)
			missing += lost
			groups = append(groups, named{fmt.Sprintf("sample %d", i+1), kept})
		}
		return groups, missing, false, err
	}
	if d.in.Column == "" && d.in.By == "" && d.in.X != "" && d.in.Y != "" {
		groups, missing, err = d.columnsAsGroups()
		return groups, missing, false, err
	}
	values, err := d.numbers("column", d.in.Column)
	if err != nil {
		return nil, 0, false, err
	}
	labels, dates, err := d.labels("by", d.in.By)
	if err != nil {
		return nil, 0, false, err
	}
	index := map[string]int{}
	for i, label := range labels {
		if label == "" || math.IsNaN(values[i]) {
			missing++
			continue
		}
		at, ok := index[label]
		if !ok {
			at = len(groups)
			index[label] = at
			groups = append(groups, named{name: label})
		}
		groups[at].values = append(groups[at].values, values[i])
	}
	slices.SortFunc(groups, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	return groups, missing, dates, nil
}

// columnsAsGroups takes two columns as two independent samples.
func (d data) columnsAsGroups() (groups []named, missing int, err error) {
	for _, c := range []struct{ field, name string }{{"x", d.in.X}, {"y", d.in.Y}} {
		values, err := d.numbers(c.field, c.name)
		if err != nil {
			return nil, 0, err
		}
		kept, lost := complete(values)
		missing += lost
		groups = append(groups, named{c.name, kept})
	}
	return groups, missing, nil
}

func countOf(least, most int) string {
	switch {
	case least == most && least == 1:
		return "one sample"
	case least == most:
		return fmt.Sprintf("%d samples", least)
	default:
		return fmt.Sprintf("%d to %d samples", least, most)
	}
}

func summariseDates(column *tools.Column, rows []int) (*DateRange, int) {
	var dates []time.Time
	for _, row := range rows {
		if d := column.Dates[row]; !d.IsZero() {
			dates = append(dates, d)
		}
	}
	if len(dates) == 0 {
		return nil, len(rows)
	}
	slices.SortFunc(dates, time.Time.Compare)
	first, last := dates[0], dates[len(dates)-1]
	return &DateRange{
		First: first.Format(time.DateOnly), Last: last.Format(time.DateOnly),
		Median: dates[(len(dates)-1)/2].Format(time.DateOnly), Days: int(last.Sub(first).Hours() / 24),
	}, len(rows) - len(dates)
}
