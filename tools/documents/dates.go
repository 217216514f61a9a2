package documents

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// dateLayouts lists the layouts of dates in the order of preference: a column
// in which every cell fits month/day and day/month is read as the first. With
// points and dashes the day comes first, as is the custom where they are used.
func dateLayouts() []string {
	days := []string{
		"2006-1-2", "2006/1/2", "2006.1.2",
		"1/2/2006", "2/1/2006", "2.1.2006", "2-1-2006", "1-2-2006", "1/2/06", "2/1/06", "2.1.06",
		"2 Jan 2006", "2-Jan-2006", "2-Jan-06", "Jan 2, 2006", "Jan 2 2006", "2 January 2006", "January 2, 2006",
		"Mon, 2 Jan 2006", "Monday, January 2, 2006",
	}
	layouts := slices.Clone(days)
	layouts = append(layouts, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00")
	layouts = append(layouts, periodLayouts()...)
	for _, day := range days[:11] {
		layouts = append(layouts, day+" 15:04:05", day+" 15:04", day+" 3:04:05 PM", day+" 3:04 PM")
	}
	return layouts
}

// periodLayouts are those of months and quarters.
func periodLayouts() []string {
	return []string{
		"2006-1", "2006/1", "Jan 2006", "January 2006", "Jan-2006", "Jan-06",
		"2006 Q1", "2006-Q1", "2006Q1", "Q1 2006", "Q1-2006", "Q1/2006",
	}
}

// parseDate reads a date as midnight UTC of the day it names where it was
// written; a month or a quarter is its first day.
func parseDate(text, layout string) (time.Time, bool) {
	if len(text) < 4 || len(text) > 40 {
		return time.Time{}, false
	}
	if strings.Contains(layout, "Q1") {
		layout, text = strings.Replace(layout, "Q1", "01", 1), monthForQuarter(text)
	}
	t, err := time.Parse(layout, text)
	if err != nil || t.Year() < 1000 {
		return time.Time{}, false
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), true
}

// monthForQuarter writes the first month of a quarter in its place: "2015 07" for
// "2015 Q3"; what holds no quarter is nothing.
func monthForQuarter(text string) string {
	at := strings.IndexAny(text, "Qq")
	if at < 0 || at+1 == len(text) || text[at+1] < '1' || text[at+1] > '4' {
		return ""
	}
	return fmt.Sprintf("%s%02d%s", text[:at], 3*int(text[at+1]-'1')+1, text[at+2:])
}

// isDay says that a text is the date of a day, isPeriod that it is a month or a
// quarter, which stand over columns as years do.
func isDay(text string) bool {
	return len(text) >= 6 && !isPeriod(text) && slices.ContainsFunc(dateLayouts(), func(layout string) bool {
		_, ok := parseDate(text, layout)
		return ok
	})
}

func isPeriod(text string) bool {
	_, unit, err := tools.ParseTime(text)
	return err == nil && (unit == tools.Month || unit == tools.Quarter)
}
