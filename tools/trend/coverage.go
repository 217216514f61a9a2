package trend

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// substantial is the share of a period that must lie uncovered before the
// period can count as incomplete.
const substantial = 0.05

// silenceLevel is the chance below which a silence at an end of the record is
// taken for the end of the data rather than for a quiet stretch.
const silenceLevel = 0.01

// coverage judges whether the first and the last period of a record are covered
// whole. days are the distinct dates of the record, as day numbers, ascending.
//
// The last period counts as incomplete when more than 5 % of it lies behind the
// last date, and that silence is longer than the spacing of the dates in this
// period and the one before makes plausible ([plausibleSilence]). When the
// record has but one date for each period, dates are compared by their place in
// the period instead. The first period is judged the same way, backwards.
type coverage struct {
	unit unit
	days []int
}

// lastIncomplete gives the reason why the last period is incomplete, or "".
func (c coverage) lastIncomplete() string {
	if len(c.days) < 2 {
		return ""
	}
	lastDay := c.days[len(c.days)-1]
	key := c.unit.key(date(lastDay))
	start, end := dayNumber(c.unit.start(key)), dayNumber(c.unit.start(key+1))
	tail := func(d int) int { return dayNumber(c.unit.start(c.unit.key(date(d))+1)) - d }
	recent := dayNumber(c.unit.start(key - 1))
	from, _ := slices.BinarySearch(c.days, recent)
	if !c.silent(end-lastDay, end-start, c.days[from:], tail, lastDay) {
		return ""
	}
	return fmt.Sprintf("data end on %s", date(lastDay).Format(time.DateOnly))
}

// firstIncomplete gives the reason why the first period is incomplete, or "".
func (c coverage) firstIncomplete() string {
	if len(c.days) < 2 {
		return ""
	}
	firstDay := c.days[0]
	key := c.unit.key(date(firstDay))
	start, end := dayNumber(c.unit.start(key)), dayNumber(c.unit.start(key+1))
	head := func(d int) int { return d - dayNumber(c.unit.start(c.unit.key(date(d)))) + 1 }
	early := dayNumber(c.unit.start(key + 2))
	to, _ := slices.BinarySearch(c.days, early)
	if !c.silent(firstDay-start+1, end-start, c.days[:to], head, firstDay) {
		return ""
	}
	return fmt.Sprintf("data begin on %s", date(firstDay).Format(time.DateOnly))
}

// silent tells whether the step of so many days from the outermost date to the
// first day beyond a period of so many days marks missing data. near are the
// dates in this period and its neighbour, place the same step for any date.
func (c coverage) silent(stretch, length int, near []int, place func(int) int, edge int) bool {
	margin := substantial * float64(length)
	if float64(stretch-1) < margin {
		return false
	}
	if c.oneEach() {
		usual := 0
		for _, d := range c.days {
			if d != edge {
				usual = max(usual, place(d))
			}
		}
		return float64(stretch-usual) > margin
	}
	return float64(stretch) > plausibleSilence(near)
}

// oneEach tells whether no period has two dates.
func (c coverage) oneEach() bool {
	for i := 1; i < len(c.days); i++ {
		if c.unit.key(date(c.days[i])) == c.unit.key(date(c.days[i-1])) {
			return false
		}
	}
	return true
}

// plausibleSilence is the longest stretch of days without a date that the
// spacing of the given dates makes plausible; infinite with fewer than two.
//
// Regular dates (six gaps of seven within half of the median gap; the weekends of
// working days are more) allow one and a half median gaps. Otherwise dates are taken to fall at random at a steady
// rate: after n gaps over T days a silence longer than T(p^(−1/n) − 1) has
// probability p (the predictive distribution of the next gap of a Poisson
// process), here p = 0.01; and never less than the longest gap that was seen.
func plausibleSilence(days []int) float64 {
	if len(days) < 2 {
		return math.Inf(1)
	}
	gaps := make([]float64, len(days)-1)
	for i := range gaps {
		gaps[i] = float64(days[i+1] - days[i])
	}
	slices.Sort(gaps)
	n, middle := float64(len(gaps)), sortedMedian(gaps)
	even := 0.0
	for _, g := range gaps {
		if g >= middle/2 && g <= middle*1.5 {
			even++
		}
	}
	if n >= 3 && 7*even >= 6*n {
		return 1.5 * middle
	}
	span := float64(days[len(days)-1] - days[0])
	return max(gaps[len(gaps)-1], span*(math.Pow(silenceLevel, -1/n)-1))
}

func date(day int) time.Time { return time.Unix(int64(day)*secondsPerDay, 0).UTC() }
