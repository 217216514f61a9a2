package trend_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/trend"
)

// dated makes a table of one date for each row.
func dated(days []time.Time) *tools.Table {
	rows := make([][]string, len(days))
	for i, d := range days {
		rows[i] = []string{d.Format(time.DateOnly)}
	}
	return toolstest.NewTable("t", []string{"day"}, rows)
}

func on(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// TestIncompletePeriods lays records of many spacings up to a last day and
// looks whether the last year is taken for whole.
func TestIncompletePeriods(t *testing.T) {
	t.Parallel()
	random := func(perYear float64) func(time.Time) time.Time {
		source := rand.New(rand.NewPCG(3, uint64(perYear)))
		return func(d time.Time) time.Time {
			return d.AddDate(0, 0, int(source.ExpFloat64()*365/perYear+0.5))
		}
	}
	days := func(n int) func(time.Time) time.Time {
		return func(d time.Time) time.Time { return d.AddDate(0, 0, n) }
	}
	months := func(n int) func(time.Time) time.Time {
		return func(d time.Time) time.Time { return d.AddDate(0, n, 0) }
	}
	working := func(d time.Time) time.Time {
		for d = d.AddDate(0, 0, 1); d.Weekday() == time.Saturday || d.Weekday() == time.Sunday; {
			d = d.AddDate(0, 0, 1)
		}
		return d
	}
	cases := map[string]struct {
		next       func(time.Time) time.Time
		until      time.Time
		incomplete bool
	}{
		"every day to the end":                {days(1), on(2020, 12, 31), false},
		"every day, one day missing":          {days(1), on(2020, 12, 30), false},
		"every day to September":              {days(1), on(2020, 9, 30), true},
		"every day to November":               {days(1), on(2020, 11, 30), true},
		"working days to the last Thursday":   {working, on(2020, 12, 31), false},
		"working days to May":                 {working, on(2020, 5, 29), true},
		"every week to the end":               {days(7), on(2020, 12, 31), false},
		"every week to March":                 {days(7), on(2020, 3, 10), true},
		"first of the month, whole":           {months(1), on(2020, 12, 31), false},
		"first of the month to November":      {months(1), on(2020, 11, 30), true},
		"first of the quarter, whole":         {months(3), on(2020, 12, 31), false},
		"first of the quarter to July":        {months(3), on(2020, 9, 30), true},
		"every half year":                     {months(6), on(2020, 12, 31), false},
		"New Year's Day only":                 {months(12), on(2020, 12, 31), false},
		"200 a year at random, whole":         {random(200), on(2020, 12, 31), false},
		"200 a year at random, to March":      {random(200), on(2020, 3, 29), true},
		"20 a year at random, whole":          {random(20), on(2020, 12, 31), false},
		"20 a year at random, to March":       {random(20), on(2020, 3, 29), true},
		"two a year at random cannot be told": {random(2), on(2020, 8, 1), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var record []time.Time
			for d := on(2012, 1, 1); !d.After(c.until); d = c.next(d) {
				record = append(record, d)
			}
			out := compute(t, dated(record), trend.Input{Time: "day", From: "2012"})
			excluded := len(out.Excluded) > 0 && out.Excluded[len(out.Excluded)-1].Period == "2020"
			if excluded != c.incomplete {
				t.Errorf("excluded %+v, last date %s", out.Excluded, record[len(record)-1].Format(time.DateOnly))
			}
		})
	}
}

func TestMonthsOfWorkingDaysAreWhole(t *testing.T) {
	t.Parallel()
	var record []time.Time
	for d := on(2023, 7, 3); !d.After(on(2024, 3, 29)); d = d.AddDate(0, 0, 1) {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			record = append(record, d)
		}
	}
	out := compute(t, dated(record), trend.Input{Time: "day", Period: "month"})
	if out.N != 9 || len(out.Excluded) != 0 {
		t.Errorf("n %d, excluded %+v", out.N, out.Excluded)
	}
}

// TestOneDateForEachYear judges a table with the date of the last event of each
// year by how late in the year those dates usually are.
func TestOneDateForEachYear(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"2019", "80", "2019-12-27"},
		{"2020", "111", "2020-12-23"},
		{"2021", "129", "2021-12-28"},
		{"2022", "155", "2022-12-22"},
		{"2023", "221", "2023-12-26"},
		{"2024", "45", "2024-03-29"},
	}
	table := toolstest.NewTable("t", []string{"year", "decisions", "last_decision"}, rows)
	out := compute(t, table, trend.Input{Time: "year", Value: "decisions", Aggregate: "sum"})
	if out.N != 5 || len(out.Excluded) != 1 || out.Excluded[0].Value != 45 {
		t.Errorf("n %d, excluded %+v", out.N, out.Excluded)
	}
}

func TestSparseBeginning(t *testing.T) {
	t.Parallel()
	var busy []time.Time
	for i := range 600 {
		busy = append(busy, on(2014, 1, 1).AddDate(0, 0, 6*i))
	}
	lone := append([]time.Time{on(1987, 5, 5), on(1995, 6, 7)}, busy...)
	out := compute(t, dated(lone), trend.Input{Time: "day"})
	if out.First.Period != "2014" || out.Excluded[0].Period != "1987–2013" || out.Excluded[0].Value != 2 {
		t.Errorf("first %+v, excluded %+v", out.First, out.Excluded)
	}
	asked := compute(t, dated(lone), trend.Input{Time: "day", From: "1995"})
	if asked.First != (trend.Point{Period: "1995", Value: 1}) {
		t.Errorf("first %+v although asked from 1995", asked.First)
	}
	// A pause in the middle is part of the record.
	paused := append([]time.Time{}, busy[:200]...)
	for _, d := range busy[200:] {
		paused = append(paused, d.AddDate(5, 0, 0))
	}
	if out := compute(t, dated(paused), trend.Input{Time: "day"}); out.First.Period != "2014" {
		t.Errorf("first %+v after a pause", out.First)
	}
}
