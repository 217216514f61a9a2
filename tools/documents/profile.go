package documents

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// The bounds of a profile.
const (
	profileColumns = 60
	profileTop     = 5
	profileValue   = 120 // bytes
)

// Profile summarises a table for an agent who has a topic: at most 60 columns,
// and the five most frequent values of text and boolean columns that repeat any.
// Columns that are named by periods are summed up.
func Profile(table *tools.Table, topic string) tools.TableProfile {
	profile := tools.TableProfile{
		ID: table.ID, Title: table.Title, URI: table.URI, Rows: table.Rows, Dropped: table.Dropped,
		Columns: make([]tools.ColumnProfile, 0, min(len(table.Columns), profileColumns)),
	}
	across, unit := table.PeriodColumns()
	years := &tools.Column{}
	if len(across) == 0 {
		if seasons, u, of := table.SeasonColumns(); of != nil {
			across, unit, years = seasons, u, of
		}
	}
	if len(across) > 0 {
		profile.Periods = &tools.Periods{
			Columns: len(across), First: across[0].Name, Last: across[len(across)-1].Name, Unit: unit, Years: years.Name,
			Whole: !slices.ContainsFunc(across, func(c tools.PeriodColumn) bool { return c.Type != tools.TypeInteger }),
		}
	}
	wanted := alike.Replace(phraseOf(topic))
	for i := range table.Columns {
		column := &table.Columns[i]
		if len(profile.Columns) == profileColumns || slices.ContainsFunc(across, func(c tools.PeriodColumn) bool { return c.Column == column }) {
			continue
		}
		told := profileColumn(column)
		if column.Type == tools.TypeText {
			told.Named, told.Total = tellingValues(column, wanted)
		}
		profile.Columns = append(profile.Columns, told)
	}
	profile.Panel = panelOf(table, profile)
	return profile
}

func profileColumn(column *tools.Column) tools.ColumnProfile {
	profile := tools.ColumnProfile{Name: column.Name, Type: column.Type, Empty: column.Empty, Distinct: column.Distinct}
	switch column.Type {
	case tools.TypeInteger, tools.TypeNumber:
		low, high := math.Inf(1), math.Inf(-1)
		for _, value := range column.Numbers {
			if !math.IsNaN(value) {
				low, high = min(low, value), max(high, value)
			}
		}
		profile.Min, profile.Max = figure(low), figure(high)
	case tools.TypeDate:
		for _, date := range column.Dates {
			if date.IsZero() {
				continue
			}
			day := date.Format("2006-01-02")
			if profile.Min == "" || day < profile.Min {
				profile.Min = day
			}
			profile.Max = max(profile.Max, day)
		}
	case tools.TypeText, tools.TypeBoolean:
		profile.Top = topValues(column)
	}
	return profile
}

func figure(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// topValues gives the most frequent values; none when no value repeats.
func topValues(column *tools.Column) []tools.ValueCount {
	counts := map[string]int{}
	for _, cell := range column.Text {
		if !blankCell(cell) {
			counts[strings.TrimSpace(cell)]++
		}
	}
	if len(counts) == len(column.Text)-column.Empty && len(counts) > profileTop {
		return nil
	}
	top := make([]tools.ValueCount, 0, len(counts))
	for value, count := range counts {
		top = append(top, tools.ValueCount{Value: value, Count: count})
	}
	slices.SortFunc(top, func(a, b tools.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	top = top[:min(len(top), profileTop)]
	for i := range top {
		if len(top[i].Value) > profileValue {
			top[i].Value = strings.ToValidUTF8(top[i].Value[:profileValue], "") + "…"
		}
	}
	return top
}
