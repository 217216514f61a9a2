package tools

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Unit is a length of period.
type Unit string

// The units, from the longest to the shortest.
const (
	Year    Unit = "year"
	Quarter Unit = "quarter"
	Month   Unit = "month"
	Day     Unit = "day"
)

// timeLayout is a way to write a time and the unit that it speaks of.
type timeLayout struct {
	layout string
	unit   Unit
}

func timeLayouts() []timeLayout {
	return []timeLayout{
		{time.DateOnly, Day},
		{"2006/01/02", Day},
		{"01/02/2006", Day},
		{"1/2/2006", Day},
		{time.RFC3339, Day},
		{"2006-01-02T15:04:05", Day},
		{time.DateTime, Day},
		{"2006-1", Month},
		{"2006/1", Month},
		{"Jan 2006", Month},
		{"January 2006", Month},
		{"Jan-2006", Month},
		{"Jan-06", Month},
	}
}

// ParseTime reads a year (2024), quarter (2024-Q1, Q1 2024), month (2024-01,
// Jan 2024) or day (2024-01-31, 01/31/2024) and gives its first day in UTC and
// the unit that the text speaks of.
func ParseTime(text string) (time.Time, Unit, error) {
	text = strings.TrimSpace(text)
	for _, form := range timeLayouts() {
		if t, err := time.Parse(form.layout, text); err == nil && PlausibleYear(t.Year()) {
			return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), form.unit, nil
		}
	}
	if number, ok := yearOf(text); ok {
		return startOfYear(number), Year, nil
	}
	if t, ok := parseQuarter(text); ok {
		return t, Quarter, nil
	}
	return time.Time{}, "", fmt.Errorf("%.40q is not a year, quarter, month or date; write 2024, 2024-Q1, 2024-01 or 2024-01-31", text)
}

// PlausibleYear says that a number may be a year.
func PlausibleYear(y int) bool { return y >= 1000 && y <= 2999 }

func yearOf(text string) (int, bool) {
	number, err := strconv.Atoi(text)
	return number, err == nil && len(text) == 4 && PlausibleYear(number)
}

func startOfYear(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }

func parseQuarter(text string) (time.Time, bool) {
	before, after, found := strings.Cut(strings.ToUpper(text), "Q")
	if found && strings.Trim(before, " -/") == "" && len(after) > 1 { // Q1 2024
		before, after = strings.Trim(after[1:], " -/"), after[:1]
	}
	before = strings.TrimRight(before, " -/")
	number, ok := yearOf(before)
	if !found || !ok || len(after) != 1 || after[0] < '1' || after[0] > '4' {
		return time.Time{}, false
	}
	return time.Date(number, time.Month(3*(after[0]-'1')+1), 1, 0, 0, 0, 0, time.UTC), true
}

// PeriodColumn is a column of figures of one period, or of one month or quarter of
// the year that stands in each row.
type PeriodColumn struct {
	*Column
	Start time.Time // first day of the period; in the year 1 where its row tells the year
}

// leastPeriods is how many columns are named by periods in a table over which
// time runs from left to right.
const leastPeriods = 4

// PeriodColumns are the columns of figures that are named by a year, a quarter or
// a month, in the order of time, and the unit they are named by; none where they
// are fewer than four, of several units, or two of one period.
func (t *Table) PeriodColumns() ([]PeriodColumn, Unit) {
	var found []PeriodColumn
	var unit Unit
	fiscal := t.fiscal()
	for i := range t.Columns {
		c := &t.Columns[i]
		start, u, ok := periodName(c.Name, fiscal)
		if !ok || c.Type != TypeInteger && c.Type != TypeNumber {
			continue
		}
		if unit != "" && u != unit {
			return nil, ""
		}
		unit = u
		found = append(found, PeriodColumn{c, start})
	}
	slices.SortFunc(found, func(a, b PeriodColumn) int { return a.Start.Compare(b.Start) })
	twice := len(slices.CompactFunc(slices.Clone(found), func(a, b PeriodColumn) bool { return a.Start.Equal(b.Start) })) < len(found)
	if len(found) < leastPeriods || twice {
		return nil, ""
	}
	return found, unit
}

// SeasonColumns are the columns of figures that are named by the months or quarters
// of a year ("Jan", "Q1"), in order, and the column that tells the year of each row;
// none where they are fewer than four, or two of one name.
func (t *Table) SeasonColumns() (seasons []PeriodColumn, unit Unit, years *Column) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if years == nil && c.Years() {
			years = c
			continue
		}
		start, u, ok := seasonName(c.Name)
		if !ok || c.Type != TypeInteger && c.Type != TypeNumber {
			continue
		}
		if unit != "" && u != unit || slices.ContainsFunc(seasons, func(s PeriodColumn) bool { return s.Start.Equal(start) }) {
			return nil, "", nil
		}
		unit = u
		seasons = append(seasons, PeriodColumn{c, start})
	}
	if years == nil || len(seasons) < leastPeriods {
		return nil, "", nil
	}
	slices.SortFunc(seasons, func(a, b PeriodColumn) int { return a.Start.Compare(b.Start) })
	return seasons, unit, years
}

// Years says that a column holds whole numbers that may be years, and nothing else.
func (c *Column) Years() bool {
	return c.Type == TypeInteger && c.Empty < len(c.Numbers) &&
		!slices.ContainsFunc(c.Numbers, func(v float64) bool { return !math.IsNaN(v) && !PlausibleYear(int(v)) })
}

func seasonName(name string) (time.Time, Unit, bool) {
	name = strings.Trim(name, " .")
	if len(name) == 2 && (name[0] == 'Q' || name[0] == 'q') && name[1] >= '1' && name[1] <= '4' {
		return time.Date(1, time.Month(3*(name[1]-'1')+1), 1, 0, 0, 0, 0, time.UTC), Quarter, true
	}
	if strings.EqualFold(name, "sept") {
		name = name[:3]
	}
	for _, layout := range []string{"Jan", "January"} {
		if t, err := time.Parse(layout, name); err == nil {
			return t.AddDate(1-t.Year(), 0, 0), Month, true
		}
	}
	return time.Time{}, "", false
}

// fiscal says that the names of columns like 2010-11 are years that begin in one
// and end in the next, and not months.
func (t *Table) fiscal() bool {
	for _, c := range t.Columns {
		if m := twoYears.FindStringSubmatch(c.Name); len(m) > 2 && !follows(m[1], m[2]) {
			return false
		}
	}
	return true
}

var (
	twoYears = regexp.MustCompile(`^\s*(\d{4})\s?[-/–]\s?(\d{2}|\d{4})\s*$`)
	// What stands around a year over a column: "FY 2019", "Y2019", "2019 [YR2019]",
	// "2019 (est.)", "2019*".
	dressedYear = regexp.MustCompile(`^\s*(?:FY ?|[YX])?(\d{4})(?: ?\[.*\]| ?\(.*\)| ?\*+)?\s*$`)
)

// follows says that a year, written in two or four digits, is the one after.
func follows(year, next string) bool {
	first, _ := strconv.Atoi(year)
	second, _ := strconv.Atoi(next)
	if len(next) == 2 {
		return second == (first+1)%100
	}
	return second == first+1
}

func periodName(name string, fiscal bool) (time.Time, Unit, bool) {
	if m := twoYears.FindStringSubmatch(name); m != nil && fiscal {
		year, ok := yearOf(m[1])
		return startOfYear(year), Year, ok
	}
	if m := dressedYear.FindStringSubmatch(name); m != nil {
		year, ok := yearOf(m[1])
		return startOfYear(year), Year, ok
	}
	start, unit, err := ParseTime(name)
	if unit == Day && start.Day() == 1 && strings.HasPrefix(name, start.Format(time.DateOnly)) {
		unit = Month // as a sheet keeps one
	}
	return start, unit, err == nil && unit != Day
}
