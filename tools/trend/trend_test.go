package trend_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/trend"
)

func compute(t *testing.T, table *tools.Table, in trend.Input) trend.Output {
	t.Helper()
	if table != nil {
		in.Table = table.ID
	}
	out, err := trend.Compute(table, in)
	if err != nil {
		t.Fatalf("computing %+v: %v", in, err)
	}
	return out
}

func refused(t *testing.T, table *tools.Table, in trend.Input) string {
	t.Helper()
	if table != nil {
		in.Table = table.ID
	}
	out, err := trend.Compute(table, in)
	var input *tools.InputError
	if !errors.As(err, &input) {
		t.Fatalf("computing %+v: got %+v and error %v, want an input error", in, out, err)
	}
	return input.Error()
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// byHand counts the rows of each year and computes S and Sen's slope in the
// plainest way.
func byHand(rows [][]string, yearOf func([]string) int, from, to int) (counts []int, s int, slope float64) {
	counts = make([]int, to-from+1)
	for _, row := range rows {
		if y := yearOf(row); y >= from && y <= to {
			counts[y-from]++
		}
	}
	var slopes []float64
	for i := range counts {
		for j := range i {
			switch {
			case counts[i] > counts[j]:
				s++
			case counts[i] < counts[j]:
				s--
			}
			slopes = append(slopes, float64(counts[i]-counts[j])/float64(i-j))
		}
	}
	slices.Sort(slopes)
	half := len(slopes) / 2
	if len(slopes)%2 == 1 {
		return counts, s, slopes[half]
	}
	return counts, s, (slopes[half-1] + slopes[half]) / 2
}

func number(text string) int {
	n := 0
	for _, c := range text {
		n = n*10 + int(c-'0')
	}
	return n
}

func TestApprovalsPerYear(t *testing.T) {
	t.Parallel()
	path := toolstest.Data(t, "digital-health", "fda_ai_devices_may2024.csv")
	out := compute(t, toolstest.CSVTable(t, path), trend.Input{Time: "Date of Final Decision"})

	counts, s, slope := byHand(toolstest.ReadCSV(t, path)[1:], func(r []string) int { return number(r[0][6:]) }, 2008, 2023)
	if len(out.Series) != len(counts) || out.N != len(counts) {
		t.Fatalf("series of %d periods, want %d: %+v", len(out.Series), len(counts), out.Series)
	}
	for i, p := range out.Series {
		if p.Value != float64(counts[i]) || number(p.Period) != 2008+i {
			t.Errorf("period %d is %+v, want %d", 2008+i, p, counts[i])
		}
	}
	near(t, "S", out.S, float64(s), 0)
	near(t, "slope", out.Slope.Value, slope, 1e-12)
	if out.Direction != "increasing" || !out.Significant || out.Method != "hamed_rao" {
		t.Errorf("direction %q by %q, p = %v", out.Direction, out.Method, out.P)
	}
	if len(out.Excluded) != 2 {
		t.Fatalf("excluded %+v", out.Excluded)
	}
	lead, last := out.Excluded[0], out.Excluded[1]
	if lead.Period != "1995–2007" || lead.Value != 6 || !strings.Contains(lead.Reason, "sparse") {
		t.Errorf("sparse beginning: %+v", lead)
	}
	if last.Period != "2024" || last.Value != 45 || !strings.Contains(last.Reason, "data end on 2024-03-29") {
		t.Errorf("last year: %+v", last)
	}

	kept := compute(t, toolstest.CSVTable(t, path), trend.Input{Time: "Date of Final Decision", KeepIncomplete: true, From: "1995"})
	if kept.N != 30 || len(kept.Excluded) != 0 {
		t.Errorf("kept %d periods, excluded %+v", kept.N, kept.Excluded)
	}
}

func TestYearColumnIsJudgedByItsDates(t *testing.T) {
	t.Parallel()
	table := toolstest.CSVTable(t, toolstest.Data(t, "digital-health", "ai_devices_823.csv"))
	out := compute(t, table, trend.Input{Time: "yrdec"})
	if out.Last.Period != "2023" || out.Last.Value != 220 || len(out.Excluded) != 0 {
		t.Errorf("last %+v, excluded %+v", out.Last, out.Excluded)
	}
	if !strings.Contains(strings.Join(out.Notes, " "), `"dtdec"`) {
		t.Errorf("notes do not name the date column: %q", out.Notes)
	}
	if reason := refused(t, table, trend.Input{Time: "yrdec", Period: "month"}); !strings.Contains(reason, "period must be year") {
		t.Errorf("months of years: %s", reason)
	}
}

func TestConditionsCountZeroWhereTheRecordReaches(t *testing.T) {
	t.Parallel()
	table := toolstest.CSVTable(t, toolstest.Data(t, "digital-health", "fda_ai_devices_may2024.csv"))
	out := compute(t, table, trend.Input{
		Time: "Date of Final Decision", Where: []tools.Condition{{Column: "panel (lead)", Equals: "neurology"}},
	})
	if out.First != (trend.Point{Period: "2008", Value: 0}) || out.Last != (trend.Point{Period: "2023", Value: 9}) {
		t.Errorf("first %+v, last %+v", out.First, out.Last)
	}
}

func TestSeason(t *testing.T) {
	t.Parallel()
	table := toolstest.CSVTable(t, toolstest.Data(t, "series", "co2-concentration.csv"))
	out := compute(t, table, trend.Input{Time: "Date", Value: "CO2", Period: "month"})
	if out.Method != "correlated_seasonal" || out.Direction != "increasing" || out.Slope.Per != "year" {
		t.Errorf("%s %s per %s", out.Method, out.Direction, out.Slope.Per)
	}
	// The rise of CO2 at Mauna Loa over these decades, in ppm a year.
	near(t, "slope", out.Slope.Value, 1.56, 0.1)
	if out.Season == nil || out.Season.Peak != "May" || !out.Season.Significant {
		t.Fatalf("season %+v", out.Season)
	}
	total := 0.0
	for _, i := range out.Season.Indices {
		total += i.Index
	}
	near(t, "sum of the indices", total, 0, 1e-9)
	adjusted := compute(t, table, trend.Input{Time: "Date", Value: "adjusted CO2", Period: "month"})
	if adjusted.Season.Amplitude > out.Season.Amplitude/10 {
		t.Errorf("amplitude after adjustment %v, before %v", adjusted.Season.Amplitude, out.Season.Amplitude)
	}
	yearly := compute(t, table, trend.Input{Time: "Date", Value: "CO2", Aggregate: "mean"})
	if last := yearly.Excluded[len(yearly.Excluded)-1]; last.Period != "2020" || yearly.Last.Period != "2019" {
		t.Errorf("excluded %+v, last %+v", yearly.Excluded, yearly.Last)
	}
	if first := yearly.Excluded[0]; first.Period != "1958" || !strings.Contains(first.Reason, "data begin on 1958-03-01") {
		t.Errorf("the year that begins in March: %+v", yearly.Excluded)
	}
}

func TestRealSeries(t *testing.T) {
	t.Parallel()
	weather := toolstest.CSVTable(t, toolstest.Data(t, "series", "seattle-weather.csv"))
	out := compute(t, weather, trend.Input{Time: "date", Value: "temp_max", Aggregate: "mean", Period: "month"})
	if out.Season == nil || out.Season.Peak != "August" || out.N != 48 || len(out.Excluded) != 0 {
		t.Errorf("season %+v of %d months, excluded %+v", out.Season, out.N, out.Excluded)
	}
	daily := compute(t, weather, trend.Input{Time: "date", Value: "temp_max", Period: "day", From: "2014-07"})
	if daily.N != 549 {
		t.Errorf("%d days", daily.N)
	}
	power := toolstest.CSVTable(t, toolstest.Data(t, "series", "iowa-electricity.csv"))
	renewables := compute(t, power, trend.Input{
		Time: "year", Value: "net_generation", Where: []tools.Condition{{Column: "source", Equals: "Renewables"}},
	})
	if renewables.N != 17 || renewables.Direction != "increasing" || len(renewables.Excluded) != 0 {
		t.Errorf("renewables: n %d, %s, excluded %+v", renewables.N, renewables.Direction, renewables.Excluded)
	}
	sites := compute(t, power, trend.Input{Time: "year", Value: "net_generation", Aggregate: "sum", By: "source"})
	if sites.Method != "regional" || len(sites.Sites) != 3 {
		t.Errorf("%s over %+v", sites.Method, sites.Sites)
	}
	if reason := refused(t, power, trend.Input{Time: "year", Value: "net_generation"}); !strings.Contains(reason, "aggregate") {
		t.Errorf("three values a year: %s", reason)
	}
}

func TestChangePoint(t *testing.T) {
	t.Parallel()
	values := []tools.Number{5, 6, 5.5, 6.1, 5.2, 5.7, 6.2, 5.1, 15, 16.1, 15.5, 16, 15.2, 15.7, 16.2, 15.1}
	out := compute(t, nil, trend.Input{Values: values})
	c := out.ChangePoint
	if c == nil || c.Period != "9" || !c.Significant {
		t.Fatalf("change point %+v", c)
	}
	// U = 2·Σ ranks 1..8 − 8·17 = −64; p = 2·exp(−6·64²/(16³+16²)).
	near(t, "p", c.P, 2*math.Exp(-6*4096.0/4352), 1e-15)
	near(t, "mean before", c.BeforeMean, 5.6, 1e-12)
	near(t, "mean after", c.AfterMean, 15.6, 1e-12)
}

func TestRawValues(t *testing.T) {
	t.Parallel()
	out := compute(t, nil, trend.Input{
		Values: []tools.Number{1, 2, tools.Number(math.NaN()), 4, 5.5},
		Times:  []string{"2019", "2020", "2021", "2022", "2023"},
	})
	if out.N != 4 || out.S != 6 || out.Period != "year" || out.Evidence != "" || out.Citations() != nil {
		t.Errorf("%+v", out)
	}
	quarters := compute(t, nil, trend.Input{
		Values: []tools.Number{4, 3, 2, 1, 0}, Times: []string{"2020-Q2", "2020-Q1", "2020 Q3", "2020Q4", "2021-q1"},
	})
	if quarters.First != (trend.Point{Period: "2020-Q1", Value: 3}) || quarters.Period != "quarter" {
		t.Errorf("%+v", quarters)
	}
	flat := compute(t, nil, trend.Input{Values: []tools.Number{3, 3, 3, 3, 3}})
	if flat.Direction != "no trend" || flat.P != 1 || flat.Slope.Value != 0 || flat.ChangePoint != nil {
		t.Errorf("constant series: %+v", flat)
	}
}

func TestEveryMethod(t *testing.T) {
	t.Parallel()
	values := make([]tools.Number, 40)
	other := make([]tools.Number, 40)
	for i := range values {
		values[i] = tools.Number(float64(i)/4 + 3*math.Sin(float64(i*i)))
		other[i] = tools.Number(math.Cos(float64(3 * i * i)))
	}
	for _, method := range []string{"original", "hamed_rao", "yue_wang", "pre_whitening", "trend_free_pre_whitening", "seasonal", "correlated_seasonal"} {
		out := compute(t, nil, trend.Input{Values: values, Method: method, SeasonLength: 4})
		if out.Method != method || out.Direction != "increasing" || out.Test == "" {
			t.Errorf("%s: %s, p = %v", method, out.Direction, out.P)
		}
		if low, high := out.Slope.Low, out.Slope.High; low > out.Slope.Value || out.Slope.Value > high || low == high {
			t.Errorf("%s: slope %v outside %v to %v", method, out.Slope.Value, low, high)
		}
	}
	for _, method := range []string{"regional", "correlated_multivariate", "partial"} {
		out := compute(t, nil, trend.Input{Series: [][]tools.Number{values, other}, Method: method})
		if out.Method != method || math.IsNaN(out.P) {
			t.Errorf("%s: %+v", method, out)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	table := toolstest.NewTable("t", []string{"day", "what", "amount"}, [][]string{
		{"2020-01-01", "a", "1"}, {"2021-01-01", "b", "2"}, {"2022-01-01", "a", "3"},
	})
	cases := map[string]struct {
		in   trend.Input
		want string
	}{
		"nothing given":     {trend.Input{}, "give table and time, or values"},
		"short values":      {trend.Input{Values: []tools.Number{1, 2, 3}}, "at least 4 complete periods"},
		"both":              {trend.Input{Table: "t", Values: []tools.Number{1}}, "either a table or raw values"},
		"times do not fit":  {trend.Input{Values: []tools.Number{1, 2, 3, 4}, Times: []string{"2020"}}, "1 times for 4 values"},
		"bad time":          {trend.Input{Values: []tools.Number{1}, Times: []string{"soon"}}, `"soon" is not a year`},
		"two a year":        {trend.Input{Values: []tools.Number{1, 2}, Times: []string{"2020", "2020"}}, "several values fall in one year"},
		"short table":       {trend.Input{Table: "t", Time: "day"}, "at least 4 complete periods"},
		"unknown column":    {trend.Input{Table: "t", Time: "date"}, `no column "date"; it has "day" (date)`},
		"text as time":      {trend.Input{Table: "t", Time: "what"}, "no dates"},
		"text as value":     {trend.Input{Table: "t", Time: "day", Value: "what", Aggregate: "sum"}, "not numbers"},
		"sum of nothing":    {trend.Input{Table: "t", Time: "day", Aggregate: "sum"}, "name the numeric column"},
		"unknown condition": {trend.Input{Table: "t", Time: "day", Where: []tools.Condition{{Column: "what", Equals: "z"}}}, `no row has "z"`},
		"bad from":          {trend.Input{Table: "t", Time: "day", From: "early"}, "from:"},
		"empty range":       {trend.Input{Table: "t", Time: "day", From: "2030"}, "no period of the data"},
		"too many days":     {trend.Input{Values: []tools.Number{1, 2}, Times: []string{"1900-01-01", "2020-01-01"}}, "choose a longer period"},
		"level":             {trend.Input{Values: []tools.Number{1, 2, 3, 4}, Alpha: 0.9}, "alpha"},
		"season":            {trend.Input{Values: []tools.Number{1, 2, 3, 4}, Method: "seasonal"}, "season_length"},
		"sites":             {trend.Input{Values: []tools.Number{1, 2, 3, 4}, Method: "regional"}, "several sites"},
		"infinite":          {trend.Input{Values: []tools.Number{1, 2, 3, tools.Number(math.Inf(1))}}, "too large"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := table
			if c.in.Table == "" {
				from = nil
			}
			if reason := refused(t, from, c.in); !strings.Contains(reason, c.want) {
				t.Errorf("refused with %q, want %q", reason, c.want)
			}
		})
	}
}

// TestEvidenceCanBeComputedAgain calls the tool with the input that its own
// evidence records.
func TestEvidenceCanBeComputedAgain(t *testing.T) {
	t.Parallel()
	table := toolstest.CSVTable(t, toolstest.Data(t, "digital-health", "fda_ai_devices_may2024.csv"))
	tool, err := trend.New(toolstest.Tables{"fda": table})
	if err != nil {
		t.Fatal(err)
	}
	table.ID = "fda"
	args := json.RawMessage(`{"table": "fda", "time": "date of final decision"}`)
	first, err := tool.Call(t.Context(), tools.Scope{}, args)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Citations) != 1 {
		t.Fatalf("%d citations", len(first.Citations))
	}
	citation := first.Citations[0]
	if citation.Quote != table.Header.Quote || citation.Computation.Tool != "trend" {
		t.Errorf("citation %+v", citation)
	}
	var shown struct {
		Evidence string `json:"evidence"`
	}
	if err := json.Unmarshal(first.Value, &shown); err != nil || shown.Evidence != citation.ID() {
		t.Errorf("evidence %q, want %q (%v)", shown.Evidence, citation.ID(), err)
	}
	if strings.Contains(string(citation.Computation.Result), shown.Evidence) {
		t.Error("the recorded result holds its own evidence id")
	}
	again, err := tool.Call(t.Context(), tools.Scope{}, citation.Computation.Input)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Value) != string(first.Value) || again.Citations[0].ID() != shown.Evidence {
		t.Error("the recorded input gives another result")
	}
	if _, err := tool.Call(t.Context(), tools.Scope{}, json.RawMessage(`{"table": "nope", "time": "x"}`)); err == nil {
		t.Error("an unknown table was accepted")
	}
}
