package trend_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/trend"
)

// exports has a column for each year, in no order, and gaps.
func exports() *tools.Table {
	return toolstest.NewTable("exports", []string{"land", "kind", "2020", "2016", "2017", "2018", "2019"}, [][]string{
		{"Chile", "a", "9", "1", "3", "5", "7"},
		{"Peru", "b", "18", "10", "", "14", "16"},
		{"World", "a", "40", "30", "", "35", "38"},
	})
}

func TestTimeRunsAcrossColumns(t *testing.T) {
	t.Parallel()
	out := compute(t, exports(), trend.Input{Across: true, Where: []tools.Condition{{Column: "land", Equals: "Chile"}}})
	if out.Period != "year" || out.N != 5 || out.First.Period != "2016" || out.Last.Value != 9 || out.Slope.Value != 2 || out.S != 10 || out.Evidence == "" || !out.Across {
		t.Errorf("%+v", out)
	}
}

// A sum of some rows is none of all: 2017 has a figure of one row of three.
func TestSumsAcrossRowsHaveNoGaps(t *testing.T) {
	t.Parallel()
	sum := compute(t, exports(), trend.Input{Across: true, Aggregate: "sum"})
	if sum.N != 4 || sum.Series[0].Value != 41 || sum.Series[1].Period != "2018" || !strings.Contains(strings.Join(sum.Notes, " "), "Periods with fewer than 3 figures count as missing, since a sum of some is no sum of all (1)") {
		t.Errorf("%+v %q", sum.Series, sum.Notes)
	}
	mean := compute(t, exports(), trend.Input{Across: true, Aggregate: "mean"})
	if mean.N != 5 || mean.Series[1].Value != 3 {
		t.Errorf("%+v", mean.Series)
	}
}

// A year without any figure is missing, and none of the record where it is at its end.
func TestYearsWithoutFiguresAreMissing(t *testing.T) {
	t.Parallel()
	table := toolstest.NewTable("t", []string{"land", "2015", "2016", "2017", "2018", "2019", "2020", "2021"}, [][]string{
		{"Chile", "", "1", "2", "", "3", "4", ""}, {"Peru", "7", "7", "7", "7", "7", "7", "7"},
	})
	out := compute(t, table, trend.Input{Across: true, Aggregate: "sum", Where: []tools.Condition{{Column: "land", Equals: "Chile"}}})
	if out.N != 4 || out.First.Period != "2016" || out.Last.Period != "2020" {
		t.Errorf("%+v", out.Series)
	}
}

func TestColumnsOfQuartersMakeYears(t *testing.T) {
	t.Parallel()
	header, row := []string{"region"}, []string{"North"}
	for _, year := range []string{"2016", "2017", "2018", "2019", "2020"} {
		for _, quarter := range []string{"Q1", "Q2", "Q3", "Q4"} {
			if year+quarter != "2020Q4" {
				header, row = append(header, year+quarter), append(row, "5")
			}
		}
	}
	table := toolstest.NewTable("t", header, [][]string{row})
	if out := compute(t, table, trend.Input{Across: true}); out.Period != "quarter" || out.N != 19 {
		t.Errorf("%s, %d", out.Period, out.N)
	}
	years := compute(t, table, trend.Input{Across: true, Period: "year", Aggregate: "sum"})
	if years.N != 4 || years.Last.Period != "2019" || years.Last.Value != 20 {
		t.Errorf("%+v", years.Series) // 2020 lacks a quarter
	}
}

func TestBadArgumentsAcross(t *testing.T) {
	t.Parallel()
	long := toolstest.NewTable("long", []string{"year", "figure"}, [][]string{{"2019", "1"}, {"2020", "2"}})
	for _, c := range []struct {
		table *tools.Table
		in    trend.Input
		says  string
	}{
		{exports(), trend.Input{Across: true}, "several rows have a figure for one year; say sum, mean or median, or choose one row by where"},
		{exports(), trend.Input{Across: true, Time: "land"}, "leave time, value and covariate out"},
		{exports(), trend.Input{Across: true, Aggregate: "count"}, "not counted"},
		{exports(), trend.Input{Across: true, Aggregate: "sum", Period: "month"}, "named by years, so the period cannot be month"},
		{exports(), trend.Input{Across: true, Where: []tools.Condition{{Column: "land", Equals: "Mars"}}}, `no row has "Mars"`},
		{long, trend.Input{Across: true}, "name a time column instead"},
		{nil, trend.Input{Across: true, Values: []tools.Number{1, 2, 3, 4}}, "columns were named without a table"},
	} {
		if got := refused(t, c.table, c.in); !strings.Contains(got, c.says) {
			t.Errorf("%+v: %q, want %q", c.in, got, c.says)
		}
	}
}

// A row for each year and a column for each month of it.
func TestMonthsOfTheYearInEachRow(t *testing.T) {
	t.Parallel()
	header := strings.Split("Region,Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sept,Oct,Nov,Dec,Annual", ",")
	var rows [][]string
	for i, year := range []string{"2021", "2019", "2020"} {
		for _, region := range []string{"North", "South"} {
			row := []string{region, year}
			for month := range 12 {
				row = append(row, strconv.Itoa(100*[]int{3, 1, 2}[i]+month))
			}
			rows = append(rows, append(row, "9999"))
		}
	}
	rows[0][13] = "" // December 2021 is not over in the north
	table := toolstest.NewTable("cpi", header, rows)
	for i := range table.Columns {
		if table.Columns[i].Name == "Year" {
			table.Columns[i].Type = tools.TypeInteger // as documents are read
		}
	}
	north := []tools.Condition{{Column: "Region", Equals: "North"}}
	out := compute(t, table, trend.Input{Across: true, Where: north})
	if out.Period != "month" || out.N != 35 || out.First != (trend.Point{Period: "2019-01", Value: 100}) || out.Last != (trend.Point{Period: "2021-11", Value: 310}) {
		t.Errorf("%s %d %+v to %+v", out.Period, out.N, out.First, out.Last)
	}
	if got := refused(t, table, trend.Input{Across: true}); !strings.Contains(got, "several rows have a figure for one month") {
		t.Error(got)
	}
	quarters := compute(t, table, trend.Input{Across: true, Aggregate: "sum", Period: "quarter", Where: north})
	if quarters.N != 11 || quarters.First.Value != 303 || quarters.Last.Period != "2021-Q3" {
		t.Errorf("%+v", quarters.Series)
	}
}

// A year whose months are not all there is named, and no part of the test.
func TestTheLastYearAcrossIsIncomplete(t *testing.T) {
	t.Parallel()
	header := strings.Split("Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec", ",")
	var rows [][]string
	for year := 2015; year <= 2020; year++ {
		row := []string{strconv.Itoa(year)}
		for month := 1; month <= 12; month++ {
			cell := strconv.Itoa(year - 2000)
			if year == 2020 && month > 5 {
				cell = ""
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	table := toolstest.NewTable("cpi", header, rows)
	table.Columns[0].Type = tools.TypeInteger // as documents are read
	out := compute(t, table, trend.Input{Across: true, Aggregate: "mean", Period: "year"})
	if out.N != 5 || len(out.Excluded) != 1 || out.Excluded[0].Period != "2020" || !strings.Contains(out.Excluded[0].Reason, "incomplete: data end on 2020-05-01") {
		t.Errorf("%d years, excluded %+v", out.N, out.Excluded)
	}
}
