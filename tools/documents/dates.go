package documents

import (
	"slices"
	"time"
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
	layouts = append(layouts, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00",
		"2006-1", "2006/1", "Jan 2006", "January 2006", "Jan-2006", "Jan-06")
	for _, day := range days[:11] {
		layouts = append(layouts, day+" 15:04:05", day+" 15:04", day+" 3:04:05 PM", day+" 3:04 PM")
	}
	return layouts
}

// parseDate reads a date as midnight UTC of the day it names where it was
// written.
func parseDate(text, layout string) (time.Time, bool) {
	if len(text) < 4 || len(text) > 40 {
		return time.Time{}, false
	}
	t, err := time.Parse(layout, text)
	if err != nil || t.Year() < 1000 {
		return time.Time{}, false
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), true
}

func isDate(text string) bool {
	if len(text) < 6 {
		return false
	}
	return slices.ContainsFunc(dateLayouts(), func(layout string) bool {
		_, ok := parseDate(text, layout)
		return ok
	})
}
