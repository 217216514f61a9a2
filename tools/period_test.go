package tools_test

import (
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2024": "2024-01-01 year", "2024-Q3": "2024-07-01 quarter", "2024 q1": "2024-01-01 quarter", "Q4 2019": "2019-10-01 quarter", "Q2/2019": "2019-04-01 quarter",
		"2024-05": "2024-05-01 month", "May 2024": "2024-05-01 month", "May-24": "2024-05-01 month", "2024-05-31": "2024-05-31 day", "05/31/2024": "2024-05-31 day",
		"": "", "Q": "", "Q5 2019": "", "24": "", "9999": "", "2024-13": "", "in 2024": "",
	} {
		got := ""
		if start, unit, err := tools.ParseTime(text); err == nil {
			got = start.Format("2006-01-02") + " " + string(unit)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPeriodColumns(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"land,2019,2020,2021,2022":                          "year 2019 2020 2021 2022",
		"land,2022,2021,2020,2019":                          "year 2019 2020 2021 2022",
		"land,2001 [YR2001],2002 [YR2002],2003 [YR],2004":   "year 2001 [YR2001] 2002 [YR2002] 2003 [YR] 2004",
		"land,FY2001,FY 2002,Y2003,X2004,2005*,2006 (est.)": "year FY2001 FY 2002 Y2003 X2004 2005* 2006 (est.)",
		"land,2009-10,2010-11,2011-12,2012-13":              "year 2009-10 2010-11 2011-12 2012-13",
		"land,1999/2000,2000/2001,2001/2002,2002/2003":      "year 1999/2000 2000/2001 2001/2002 2002/2003",
		"land,2010-09,2010-10,2010-11,2010-12":              "month 2010-09 2010-10 2010-11 2010-12",
		"land,Oct-19,Nov-19,Dec-19,Jan-20":                  "month Oct-19 Nov-19 Dec-19 Jan-20",
		"land,2019Q1,2019Q2,2019Q3,2019Q4":                  "quarter 2019Q1 2019Q2 2019Q3 2019Q4",
		"land,2019-01-01,2019-02-01,2019-03-01,2019-04-01":  "month 2019-01-01 2019-02-01 2019-03-01 2019-04-01",
		"land,2019,2020,2021":                               "", // too few
		"land,2019,2020,2021,2022,2022 (rev.)":              "", // one year twice
		"land,2019,2020,2021,2022,2022 Q1":                  "", // two units
		"land,first,second,third,fourth":                    "",
		"land,2019-01-03,2019-01-04,2019-01-05,2019-01-06":  "", // days
	} {
		names := strings.Split(header, ",")
		row := make([]string, len(names))
		for i := range row {
			row[i] = "7"
		}
		row[0] = "Chile"
		columns, unit := toolstest.NewTable("t", names, [][]string{row}).PeriodColumns()
		got := string(unit)
		for _, c := range columns {
			got += " " + c.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

// Text among the figures makes a column no figures of its year.
func TestPeriodColumnsHoldFigures(t *testing.T) {
	t.Parallel()
	table := toolstest.NewTable("t", []string{"land", "2019", "2020", "2021", "2022", "2023"}, [][]string{{"Chile", "1", "2", "3", "4", "none yet"}})
	if columns, _ := table.PeriodColumns(); len(columns) != 4 || columns[3].Name != "2022" {
		t.Errorf("%d columns", len(columns))
	}
}

// The columns of periods are in order, and no two of one.
func FuzzPeriodColumns(f *testing.F) {
	for _, seed := range []string{"land,2019,2020,2021,2022", "2010-11,2011-12,2012-13,2013-14,x", "Q1 2019,q2 2019,Q3/2019,2019 Q4", "FY2001,2002 [,2003 (,2004*", "\xff,9999,1000,2999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		names := strings.Split(header, ",")
		row := make([]string, len(names))
		for i := range row {
			row[i] = "1"
		}
		columns, unit := toolstest.NewTable("t", names, [][]string{row}).PeriodColumns()
		if len(columns) > 0 && (len(columns) < 4 || unit == "" || unit == tools.Day) {
			t.Errorf("%d columns of a %q", len(columns), unit)
		}
		for i := range columns[min(1, len(columns)):] {
			if !columns[i].Start.Before(columns[i+1].Start) {
				t.Errorf("%q before %q", columns[i].Name, columns[i+1].Name)
			}
		}
	})
}

func TestSeasonColumns(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Year,Dec,Jan,Feb,Mar":         "month Jan Feb Mar Dec",
		"land,Year,Q1,q2,Q3,Q4,Annual": "quarter Q1 q2 Q3 Q4",
		"Year,January,feb.,Sept,OCT":   "month January feb. Sept OCT",
		"land,Jan,Feb,Mar,Apr":         "", // of which year?
		"Year,Jan,Feb,Mar":             "",
		"Year,Jan,January,Feb,Mar,Apr": "",
		"Year,Jan,Feb,Mar,Apr,Q1":      "",
		"Year,1,2,3,4":                 "",
	} {
		names := strings.Split(header, ",")
		row := make([]string, len(names))
		for i, name := range names {
			row[i] = map[bool]string{true: "2019", false: "7"}[name == "Year"]
		}
		table := toolstest.NewTable("t", names, [][]string{row})
		for i := range table.Columns {
			table.Columns[i].Type = tools.TypeInteger
		}
		columns, unit, _ := table.SeasonColumns()
		got := string(unit)
		for _, c := range columns {
			got += " " + c.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}
