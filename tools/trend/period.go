package trend

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// unit is a length of period. A period is named by an integer key, one more
// for each period.
type unit string

const (
	year    unit = "year"
	quarter unit = "quarter"
	month   unit = "month"
	day     unit = "day"
)

const secondsPerDay = 24 * 60 * 60

func (u unit) key(t time.Time) int {
	switch u {
	case quarter:
		return t.Year()*4 + (int(t.Month())-1)/3
	case month:
		return t.Year()*12 + int(t.Month()) - 1
	case day:
		return dayNumber(t)
	default:
		return t.Year()
	}
}

// start is the first day of a period.
func (u unit) start(key int) time.Time {
	switch u {
	case quarter:
		return time.Date(floorDiv(key, 4), time.Month(3*(key-4*floorDiv(key, 4))+1), 1, 0, 0, 0, 0, time.UTC)
	case month:
		return time.Date(floorDiv(key, 12), time.Month(key-12*floorDiv(key, 12)+1), 1, 0, 0, 0, 0, time.UTC)
	case day:
		return time.Unix(int64(key)*secondsPerDay, 0).UTC()
	default:
		return time.Date(key, 1, 1, 0, 0, 0, 0, time.UTC)
	}
}

func (u unit) label(key int) string {
	t := u.start(key)
	switch u {
	case quarter:
		return fmt.Sprintf("%04d-Q%d", t.Year(), (int(t.Month())+2)/3)
	case month:
		return t.Format("2006-01")
	case day:
		return t.Format(time.DateOnly)
	default:
		return fmt.Sprintf("%04d", t.Year())
	}
}

// seasonLength is how many periods make a year, 0 when that is no season.
func (u unit) seasonLength() int {
	switch u {
	case quarter:
		return 4
	case month:
		return 12
	default:
		return 0
	}
}

// seasonName names the season of a period in a cycle of so many.
func (u unit) seasonName(key, length int) string {
	t := u.start(key)
	switch {
	case u == month && length == 12:
		return t.Month().String()
	case u == quarter && length == 4:
		return fmt.Sprintf("Q%d", (int(t.Month())+2)/3)
	case u == day && length == 7:
		return t.Weekday().String()
	default:
		return ""
	}
}

func dayNumber(t time.Time) int { return floorDiv(int(t.Unix()), secondsPerDay) }

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

var dateLayouts = []struct {
	layout string
	unit   unit
}{
	{time.DateOnly, day},
	{"2006/01/02", day},
	{"01/02/2006", day},
	{"1/2/2006", day},
	{time.RFC3339, day},
	{"2006-01-02T15:04:05", day},
	{time.DateTime, day},
	{"2006-01", month},
	{"2006/01", month},
	{"Jan 2006", month},
	{"January 2006", month},
}

// parseTime reads a year (2024), quarter (2024-Q1), month (2024-01) or day
// (2024-01-31, 01/31/2024) and gives its first day in UTC and the unit that the
// text speaks of.
func parseTime(text string) (time.Time, unit, error) {
	text = strings.TrimSpace(text)
	for _, form := range dateLayouts {
		if t, err := time.Parse(form.layout, text); err == nil && plausibleYear(t.Year()) {
			return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), form.unit, nil
		}
	}
	if number, err := strconv.Atoi(text); err == nil && len(text) == 4 && plausibleYear(number) {
		return year.start(number), year, nil
	}
	if t, ok := parseQuarter(text); ok {
		return t, quarter, nil
	}
	return time.Time{}, "", fmt.Errorf("%.40q is not a year, quarter, month or date; write 2024, 2024-Q1, 2024-01 or 2024-01-31", text)
}

func parseQuarter(text string) (time.Time, bool) {
	before, after, found := strings.Cut(strings.ToUpper(text), "Q")
	before = strings.TrimRight(before, " -")
	if !found || len(before) != 4 || len(after) != 1 || after[0] < '1' || after[0] > '4' {
		return time.Time{}, false
	}
	number, err := strconv.Atoi(before)
	if err != nil || !plausibleYear(number) {
		return time.Time{}, false
	}
	return quarter.start(number*4 + int(after[0]-'1')), true
}

func plausibleYear(y int) bool { return y >= 1000 && y <= 2999 }
