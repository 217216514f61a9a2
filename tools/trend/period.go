package trend

import (
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// unit is a length of period. A period is named by an integer key, one more
// for each period.
type unit string

const (
	year    = unit(tools.Year)
	quarter = unit(tools.Quarter)
	month   = unit(tools.Month)
	day     = unit(tools.Day)
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

// parseTime is [tools.ParseTime] in units of this package.
func parseTime(text string) (time.Time, unit, error) {
	t, said, err := tools.ParseTime(text)
	return t, unit(said), err
}
