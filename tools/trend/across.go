package trend

import (
	"fmt"
	"math"
	"slices"

	"github.com/quaestor-run/quaestor/tools"
)

// acrossRecords reads the figures of a table in which time runs over the
// columns, or over those of the year in each row. Without a period asked for it is that of the columns' names. Periods
// at either end in which no row has a figure are no part of the record.
func acrossRecords(table *tools.Table, in *Input) (records, error) {
	columns, named := table.PeriodColumns()
	dayOf := func(c tools.PeriodColumn, _ int) (int, bool) { return dayNumber(c.Start), true }
	if len(columns) == 0 {
		seasons, u, years := table.SeasonColumns()
		if years == nil {
			return records{}, inputErrorf("across", "table %q has no four columns of figures that are named by years, quarters or months; name a time column instead", table.ID)
		}
		columns, named = seasons, u
		dayOf = func(c tools.PeriodColumn, row int) (int, bool) {
			year := years.Numbers[row]
			return dayNumber(c.Start.AddDate(int(year)-1, 0, 0)), !math.IsNaN(year)
		}
	}
	if in.Period == "" {
		in.Period = string(named)
	}
	out := records{unit: unit(in.Period)}
	if coarser(unit(named), out.unit) != out.unit {
		return records{}, inputErrorf("period", "the columns are named by %ss, so the period cannot be %s", named, in.Period)
	}
	rows, err := table.Select(in.Where)
	if err != nil {
		return records{}, err
	}
	site, err := sites(table, in.By)
	if err != nil {
		return records{}, err
	}
	several, of := false, map[int]bool{}
	for _, c := range columns {
		clear(of)
		for _, row := range rows {
			day, known := dayOf(c, row)
			if value := c.Numbers[row]; known && !math.IsNaN(value) {
				out.kept = append(out.kept, record{day: day, value: value, covariate: math.NaN(), site: site(row)})
				out.days = append(out.days, day)
				several = several || of[day]
				of[day] = true
			}
		}
	}
	slices.Sort(out.days)
	if several && in.Aggregate == "" {
		return records{}, inputErrorf("aggregate", "several rows have a figure for one %s; say sum, mean or median, or choose one row by where", named)
	}
	if several {
		out.notes = append(out.notes, fmt.Sprintf("Each figure is the %s of the rows that have one.", in.Aggregate))
	}
	if out.unit != unit(named) {
		out.dates = slices.Compact(slices.Clone(out.days)) // tell which years are complete
		return out, nil
	}
	out.notes = append(out.notes, fmt.Sprintf("The columns name %ss only, so it cannot be told whether the first and the last are complete.", named))
	return out, nil
}

// leaveGaps makes missing what is not known: a period without a figure, and a sum
// of fewer figures than those of other periods are of.
func (f *frame) leaveGaps(figures [][]float64, sums bool) {
	most := 0
	for _, of := range figures {
		most = max(most, len(of))
	}
	partial := 0
	for i, of := range figures {
		switch {
		case len(of) == 0:
			f.values[i] = math.NaN()
		case sums && len(of) < most:
			f.values[i] = math.NaN()
			partial++
		}
	}
	f.noteEmpty("", figures)
	if partial > 0 {
		f.notes = append(f.notes, fmt.Sprintf("Periods with fewer than %d figures count as missing, since a sum of some is no sum of all (%d).", most, partial))
	}
}
