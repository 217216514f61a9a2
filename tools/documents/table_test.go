package documents

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
)

func readTable(t *testing.T, text string) *tools.Table {
	t.Helper()
	table, err := ReadTable(TableSource{ID: "d_1", Title: "T", URI: "t.csv", Text: text}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestColumnTypes(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for name, test := range map[string]struct {
		cells string // parted by |
		want  tools.ColumnType
		first []float64
		date  string
	}{
		"integers":        {"1|-2|NA|007", tools.TypeInteger, []float64{1, -2, nan, 7}, ""},
		"numbers":         {"1.5|2|1e3|", tools.TypeNumber, []float64{1.5, 2, 1000, nan}, ""},
		"thousands":       {"1,234|12|1,234,567", tools.TypeInteger, []float64{1234, 12, 1234567}, ""},
		"spaces":          {"1 234,5|12|1\u00a0234\u202f567", tools.TypeNumber, []float64{1234.5, 12, 1234567}, ""},
		"apostrophes":     {"1'234.50|12|1’234’567", tools.TypeNumber, []float64{1234.5, 12, 1234567}, ""},
		"to be called":    {"030 123 456|040 777 888", tools.TypeText, nil, ""},
		"parted anyhow":   {"12 34|1 2345", tools.TypeText, nil, ""},
		"decimal commas":  {"1,5|1.234,25|2", tools.TypeNumber, []float64{1.5, 1234.25, 2}, ""},
		"per cent":        {"5%|12.5 %|-1%", tools.TypeNumber, []float64{5, 12.5, -1}, ""},
		"money":           {"$1,200.50|($3)|-$4", tools.TypeNumber, []float64{1200.5, -3, -4}, ""},
		"two moneys":      {"$1|€2", tools.TypeText, nil, ""},
		"share or count":  {"5%|5", tools.TypeText, nil, ""},
		"flags":           {"Yes|no|N/A", tools.TypeBoolean, []float64{1, 0, nan}, ""},
		"one letter":      {"F|F", tools.TypeText, nil, ""},
		"bad groups":      {"1,23|4", tools.TypeNumber, []float64{1.23, 4}, ""},
		"addresses":       {"1.2.3.4|5.6.7.8", tools.TypeText, nil, ""},
		"years":           {"2001|2002", tools.TypeInteger, []float64{2001, 2002}, ""},
		"month first":     {"03/04/2019|12/31/2019", tools.TypeDate, nil, "2019-03-04"},
		"day first":       {"03/04/2019|31/12/2019", tools.TypeDate, nil, "2019-04-03"},
		"points":          {"03.04.2019|05.06.2019", tools.TypeDate, nil, "2019-04-03"},
		"iso":             {"2019-04-03||null", tools.TypeDate, nil, "2019-04-03"},
		"rfc 3339":        {"2019-04-03T23:30:00-08:00", tools.TypeDate, nil, "2019-04-03"},
		"months":          {"Jan 2020|Feb 2020", tools.TypeDate, nil, "2020-01-01"},
		"quarters":        {"2020 Q1|2020 Q3", tools.TypeDate, nil, "2020-01-01"},
		"quarter first":   {"Q4 2020|q1 2021", tools.TypeDate, nil, "2020-10-01"},
		"quarters, close": {"2020Q2|2020Q4", tools.TypeDate, nil, "2020-04-01"},
		"no quarters":     {"2020 Q5|2020 Q1", tools.TypeText, nil, ""},
		"no months":       {"2020 07|2020 08", tools.TypeText, nil, ""},
		"names of months": {"3 April 2019|4 May 2019", tools.TypeDate, nil, "2019-04-03"},
		"mixed":           {"2019-04-03|soon", tools.TypeText, nil, ""},
		"empty":           {"|NA|-", tools.TypeEmpty, nil, ""},
		"none is a word":  {"none|mild|severe", tools.TypeText, nil, ""},
	} {
		var text strings.Builder
		text.WriteString("key|value\n")
		for cell := range strings.SplitSeq(test.cells, "|") {
			text.WriteString("k|" + cell + "\n")
		}
		column := readTable(t, text.String()).Columns[1]
		if column.Type != test.want {
			t.Errorf("%s: %s, want %s", name, column.Type, test.want)
			continue
		}
		if test.first != nil && !slices.EqualFunc(column.Numbers, test.first, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
			t.Errorf("%s: %v, want %v", name, column.Numbers, test.first)
		}
		if test.date != "" && column.Dates[0].Format("2006-01-02") != test.date {
			t.Errorf("%s: %v, want %s", name, column.Dates[0], test.date)
		}
	}
}

func TestTableShape(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text    string
		columns []string
		rows    int
		dropped int
		ragged  []int
		header  string
	}{
		"plain":           {"a,b\n1,2\n3,4\n", []string{"a", "b"}, 2, 0, nil, "a,b"},
		"periods on top":  {"place,2020Q1,Feb 2021\na,3,4\n", []string{"place", "2020Q1", "Feb 2021"}, 1, 0, nil, "place,2020Q1,Feb 2021"},
		"byte order mark": {"\ufeffa;b\r\n1;2\r\n", []string{"a", "b"}, 1, 0, nil, "a;b"},
		"tabs":            {"a b\tc,d\n1,5\t2\n", []string{"a b", "c,d"}, 1, 0, nil, "a b\tc,d"},
		"decimal commas":  {"a;b\n1,5;2,5\n3,5;4,5\n5,5;6,5\n", []string{"a", "b"}, 3, 0, nil, "a;b"},
		"ragged":          {"a,b\n1,2\n1\n1,2,3\n3,4\n1,2,,\n", []string{"a", "b"}, 3, 2, []int{3, 4}, "a,b"},
		"quoted lines":    {"a,b\n\"one\ntwo\",2\n3\n\"say \"\"x\"\"\",4\n", []string{"a", "b"}, 2, 1, []int{4}, "a,b"},
		"stray quote":     {"a,b\n\"5 inch,2\n3,4\n5,6\n", []string{"a", "b"}, 3, 0, nil, "a,b"},
		"preamble":        {"A table of things\n\na,b,c\n1,2,3\n4,5,6\n", []string{"a", "b", "c"}, 2, 1, []int{1}, "a,b,c"},
		"no header":       {"x,1\ny,2\nz,3\n", []string{"column 1", "column 2"}, 3, 0, nil, "x,1"},
		"years as header": {"item,2019,2020\nx,1,2\n", []string{"item", "2019", "2020"}, 1, 0, nil, "item,2019,2020"},
		"unnamed column":  {",b\n1,2\n", []string{"column 1", "b"}, 1, 0, nil, ",b"},
		"quoted header":   {"\"a, b\",c\n1,2\n", []string{"a, b", "c"}, 1, 0, nil, "\"a, b\",c"},
	} {
		table := readTable(t, test.text)
		var names []string
		for _, column := range table.Columns {
			names = append(names, column.Name)
			if len(column.Text) != table.Rows {
				t.Errorf("%s: column %q has %d cells of %d", name, column.Name, len(column.Text), table.Rows)
			}
		}
		if !slices.Equal(names, test.columns) || table.Rows != test.rows || table.Dropped != test.dropped || !slices.Equal(table.Ragged, test.ragged) {
			t.Errorf("%s: columns %q, %d rows, %d dropped %v", name, names, table.Rows, table.Dropped, table.Ragged)
		}
		if header := table.Header; header.Quote != test.header || test.text[header.Start:header.End] != header.Quote {
			t.Errorf("%s: header %+v", name, header)
		}
	}
}

func TestTableLimits(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"rows":    "a,b\n" + strings.Repeat("1,2\n", 11),
		"columns": strings.Repeat("a,", 3000) + "b\n",
	} {
		_, err := ReadTable(TableSource{URI: "big.csv", Text: text}, Limits{Rows: 10})
		var unreadable *ReadError
		if !errors.As(err, &unreadable) || unreadable.Problem != ProblemTooLarge {
			t.Errorf("%s: %v, want it refused as too large", name, err)
		}
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	profile := Profile(readTable(t, "when,who,n\n2020-01-02,x,5\n2021-03-04,y,7\n2019-05-06,x,\n"), "")
	when, who, n := profile.Columns[0], profile.Columns[1], profile.Columns[2]
	if when.Min != "2019-05-06" || when.Max != "2021-03-04" || n.Min != "5" || n.Max != "7" || n.Empty != 1 {
		t.Errorf("%+v %+v", when, n)
	}
	if want := []tools.ValueCount{{Value: "x", Count: 2}, {Value: "y", Count: 1}}; !slices.Equal(who.Top, want) {
		t.Errorf("top %+v", who.Top)
	}
}

func TestProfileTellsWhatATopicNeeds(t *testing.T) {
	t.Parallel()
	wide := Profile(readTable(t, "\"Source\",\"Indicators\",,,,\n\n\"Updated\",\"2025-07-01\",,,,\n\n\"Country\",\"Indicator\",\"2019\",\"2020\",\"2021\",\"2022\"\n"+
		"\"Egypt, Arab Rep.\",\"Life expectancy at birth, total (years)\",70,71,..,72\n\"World\",\"Life expectancy at birth, total (years)\",70,71,72,73\n\"Korea, Rep.\",\"Life expectancy at birth, total (years)\",80,81,82,\n"),
		"How has life expectancy in Egypt and Iran changed?")
	if p := wide.Periods; p == nil || *p != (tools.Periods{Columns: 4, First: "2019", Last: "2022", Unit: tools.Year, Whole: true}) {
		t.Errorf("periods %+v", wide.Periods)
	}
	if wide.Dropped != 0 || wide.Rows != 3 || len(wide.Columns) != 2 {
		t.Fatalf("%+v", wide)
	}
	country, indicator := wide.Columns[0], wide.Columns[1]
	if !slices.Equal(country.Named, []string{"Egypt, Arab Rep."}) || country.Total != "World" || !slices.Equal(indicator.Named, []string{"Life expectancy at birth, total (years)"}) {
		t.Errorf("%+v, %+v", country, indicator)
	}
	for topic, named := range map[string][]string{
		"How do Peru and Chile trade?": {"Peru", "Chile"}, "Trade of the republic": nil, "Chilean trade": nil, "": nil, "Trade with the Republic of Korea": {"Republic of Korea"},
	} {
		long := Profile(readTable(t, "land,code,year,sold\nChile,CL,2019,1\nChile,CL,2020,2\nPeru,PE,2019,3\nPeru,PE,2020,4\nRepublic of Korea,KR,2020,5\n"), topic)
		if land := long.Columns[0]; !slices.Equal(land.Named, named) || long.Periods != nil || long.Panel == nil || !slices.Equal(long.Panel.Times, []string{"year"}) || !slices.Equal(long.Panel.By, []string{"land"}) {
			t.Errorf("%s: %+v, %+v", topic, land, long.Panel)
		}
	}
	orders := Profile(readTable(t, "day,land\n2019-01-01,Chile\n2019-01-01,Chile\n2019-01-02,Peru\n2019-01-03,Chile\n"), "")
	timed := Profile(readTable(t, "year,land,sex,until,n\n2019,Chile,f,2019-12-31,1\n2019,Chile,m,2019-12-31,1\n2019,Peru,f,2019-12-31,1\n2019,Peru,m,2019-12-31,1\n"+
		"2020,Chile,f,2020-06-30,1\n2020,Chile,m,2020-06-30,1\n2020,Peru,f,2020-06-30,1\n2020,Peru,m,2020-06-30,1\n"), "")
	if p := timed.Panel; p == nil || !slices.Equal(p.Times, []string{"year", "until"}) || !slices.Equal(p.By, []string{"land", "sex"}) {
		t.Errorf("two times and two groups: %+v", timed.Panel)
	}
	if orders.Panel != nil {
		t.Errorf("two rows of one day and land: %+v", orders.Panel)
	}
}

// A sheet keeps the months over its columns as days: they are names where figures
// stand below them, and values where none do.
func TestDaysOverFigures(t *testing.T) {
	t.Parallel()
	months := readTable(t, "site,2019-01-01,2019-02-01,2019-03-01,2019-04-01\nA,,5,6,7\nB,4,5,6,\n")
	if columns, unit := months.PeriodColumns(); len(columns) != 4 || unit != tools.Month || months.Rows != 2 {
		t.Errorf("%s: %+v", unit, months)
	}
	tasks := readTable(t, "paint,2019-01-01,2019-02-01\nmow,2019-03-01,2019-04-01\n")
	if tasks.Rows != 2 || tasks.Columns[1].Type != tools.TypeDate {
		t.Errorf("%+v", tasks)
	}
}
