package trend

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// record is one row (or raw value) at its time.
type record struct {
	day       int // of the date, or the first day of the year
	value     float64
	covariate float64
	site      string
}

// records is what a series is made of.
type records struct {
	unit    unit
	kept    []record // rows that meet the conditions and have a time
	days    []int    // of every row with a time, sorted
	dates   []int    // distinct dates that tell how far the data reach, sorted
	untimed int      // rows that meet the conditions but have no time
	notes   []string
}

// tableRecords reads the rows of a table.
func tableRecords(table *tools.Table, in *Input) (records, error) {
	rows, err := table.Select(in.Where)
	if err != nil {
		return records{}, err
	}
	clock, err := newClock(table, in.Time, unit(in.Period))
	if err != nil {
		return records{}, err
	}
	out := records{unit: unit(in.Period), notes: clock.notes, dates: clock.dates()}
	value, err := numeric(table, "value", in.Value)
	if err != nil {
		return records{}, err
	}
	covariate, err := numeric(table, "covariate", in.Covariate)
	if err != nil {
		return records{}, err
	}
	site, err := sites(table, in.By)
	if err != nil {
		return records{}, err
	}
	for row := range table.Rows {
		if d, ok := clock.day(row); ok {
			out.days = append(out.days, d)
		}
	}
	slices.Sort(out.days)
	for _, row := range rows {
		d, ok := clock.day(row)
		if !ok {
			out.untimed++
			continue
		}
		out.kept = append(out.kept, record{day: d, value: value(row), covariate: covariate(row), site: site(row)})
	}
	if in.Aggregate == "count" && in.Value == "" {
		for i := range out.kept {
			out.kept[i].value = 1
		}
	}
	return out, nil
}

// sites tells the site of a row: none without a name.
func sites(table *tools.Table, name string) (func(int) string, error) {
	if name == "" {
		return func(int) string { return "" }, nil
	}
	column, err := table.Need("by", name)
	if err != nil {
		return nil, err
	}
	return func(row int) string { return strings.TrimSpace(column.Text[row]) }, nil
}

// numeric reads a numeric column; without a name every value is missing, and
// no row counts as having one.
func numeric(table *tools.Table, field, name string) (func(int) float64, error) {
	if name == "" {
		return func(int) float64 { return math.NaN() }, nil
	}
	column, err := table.Need(field, name)
	if err != nil {
		return nil, err
	}
	if len(column.Numbers) != table.Rows {
		return nil, inputErrorf(field, "column %q holds %s, not numbers", column.Name, column.Type)
	}
	return func(row int) float64 { return column.Numbers[row] }, nil
}

// clock tells the day of a row.
type clock struct {
	rows  int
	day   func(row int) (day int, ok bool)
	date  func(row int) (day int, ok bool) // the same in dates; nil when there are none
	notes []string
}

func newClock(table *tools.Table, name string, period unit) (clock, error) {
	column, err := table.Need("time", name)
	if err != nil {
		return clock{}, err
	}
	c := clock{rows: table.Rows}
	switch {
	case column.Type == tools.TypeDate:
		c.day = dateDays(column)
		c.date = c.day
		return c, nil
	case len(column.Numbers) == table.Rows && holdsYears(column.Numbers):
		if period != year {
			return clock{}, inputErrorf("period", "column %q holds years, so the period must be year, not %s", column.Name, period)
		}
		c.day = func(row int) (int, bool) {
			if y := column.Numbers[row]; !math.IsNaN(y) {
				return dayNumber(year.start(int(y))), true
			}
			return 0, false
		}
		c.companion(table, column)
		return c, nil
	case column.Type == tools.TypeText:
		return c.fromText(column, period)
	}
	return clock{}, inputErrorf("time", "column %q holds %s, neither dates nor years; the table has %s", column.Name, column.Type, timeColumns(table))
}

// companion finds the date column whose year is that of the year column, to
// tell how far the data reach.
func (c *clock) companion(table *tools.Table, years *tools.Column) {
	var best *tools.Column
	most := 0.95
	for i := range table.Columns {
		column := &table.Columns[i]
		if column.Type != tools.TypeDate {
			continue
		}
		both, same := 0, 0
		for row := range table.Rows {
			if d := column.Dates[row]; !d.IsZero() && !math.IsNaN(years.Numbers[row]) {
				both++
				if d.Year() == int(years.Numbers[row]) {
					same++
				}
			}
		}
		share := float64(same) / float64(max(both, 1))
		if 2*both >= table.Rows && (share > most || (best == nil && share == most)) {
			best, most = column, share
		}
	}
	if best == nil {
		c.notes = append(c.notes, fmt.Sprintf("Column %q holds years only and no date column goes with it, so it cannot be told whether the first and the last year are complete.", years.Name))
		return
	}
	day := dateDays(best)
	c.date = func(row int) (int, bool) {
		if best.Dates[row].Year() != int(years.Numbers[row]) {
			return 0, false
		}
		return day(row)
	}
	c.notes = append(c.notes, fmt.Sprintf("Whether a year is complete was judged by the dates of column %q.", best.Name))
}

// fromText reads a column of texts such as 2024-Q1 or 2024-05.
func (c clock) fromText(column *tools.Column, period unit) (clock, error) {
	days := make([]int, c.rows)
	filled, bad := 0, 0
	finest := day
	for row, text := range column.Text {
		days[row] = math.MinInt
		if strings.TrimSpace(text) == "" {
			continue
		}
		filled++
		t, u, err := parseTime(text)
		if err != nil {
			bad++
			continue
		}
		days[row] = dayNumber(t)
		finest = coarser(finest, u)
	}
	if filled == 0 || bad*20 > filled {
		return clock{}, inputErrorf("time", "%d of %d cells of column %q are no dates", bad, filled, column.Name)
	}
	if coarser(finest, period) != period {
		return clock{}, inputErrorf("period", "column %q tells only the %s, so the period cannot be %s", column.Name, finest, period)
	}
	c.day = func(row int) (int, bool) { return days[row], days[row] != math.MinInt }
	c.date = c.day
	return c, nil
}

// dates are the distinct dates of the record.
func (c clock) dates() []int {
	if c.date == nil {
		return nil
	}
	var out []int
	for row := range c.rows {
		if d, ok := c.date(row); ok {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func dateDays(column *tools.Column) func(int) (int, bool) {
	return func(row int) (int, bool) {
		d := column.Dates[row]
		return dayNumber(d), !d.IsZero()
	}
}

func holdsYears(numbers []float64) bool {
	found := false
	for _, v := range numbers {
		if math.IsNaN(v) {
			continue
		}
		if v != math.Trunc(v) || !tools.PlausibleYear(int(v)) {
			return false
		}
		found = true
	}
	return found
}

func timeColumns(table *tools.Table) string {
	var names []string
	for _, c := range table.Columns {
		if c.Type == tools.TypeDate || (len(c.Numbers) == table.Rows && holdsYears(c.Numbers)) {
			names = append(names, fmt.Sprintf("%q", c.Name))
		}
	}
	if len(names) == 0 {
		return "no column of dates or years"
	}
	return strings.Join(names, ", ")
}

func coarser(a, b unit) unit {
	order := []unit{day, month, quarter, year}
	if cmp.Compare(slices.Index(order, a), slices.Index(order, b)) >= 0 {
		return a
	}
	return b
}

func inputErrorf(field, format string, args ...any) error {
	return &tools.InputError{Field: field, Reason: fmt.Sprintf(format, args...)}
}
