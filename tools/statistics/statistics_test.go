package statistics_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

func compute(t testing.TB, table *tools.Table, in statistics.Input) statistics.Output {
	t.Helper()
	if table != nil {
		in.Table = table.ID
	}
	out, err := statistics.Compute(table, in)
	if err != nil {
		t.Fatalf("computing %+v: %v", in, err)
	}
	return out
}

func small() *tools.Table {
	return toolstest.NewTable("t", []string{"site", "arm", "score", "dose", "seen"}, [][]string{
		{"a", "x", "1.5", "1", "2020-01-05"},
		{"a", "y", "2.5", "2", "2020-06-01"},
		{"b", "x", "", "3", "2021-02-03"},
		{"b", "y", "4.5", "4", "2021-07-01"},
		{"b", "x", "3.5", "5", ""},
		{"c", "y", "6.0", "6", "2022-01-01"},
	})
}

func TestFrequency(t *testing.T) {
	t.Parallel()
	path := toolstest.Data(t, "digital-health", "fda_ai_devices_may2024.csv")
	out := compute(t, toolstest.CSVTable(t, path), statistics.Input{Operation: "frequency", Column: "Panel (Lead)", Top: 3})
	byHand := map[string]int{}
	rows := toolstest.ReadCSV(t, path)[1:]
	for _, row := range rows {
		byHand[row[4]]++
	}
	f := out.Frequency
	if f.Distinct != len(byHand) || len(f.Rows) != 3 || out.N != len(rows) {
		t.Fatalf("%+v of %d", f, out.N)
	}
	listed := 0
	for i, row := range f.Rows {
		if row.Count != byHand[row.Value] || row.Share != float64(row.Count)/float64(len(rows)) {
			t.Errorf("row %+v, counted %d", row, byHand[row.Value])
		}
		if i > 0 && row.Count > f.Rows[i-1].Count {
			t.Errorf("row %d is out of order", i)
		}
		listed += row.Count
	}
	if f.Others != len(rows)-listed {
		t.Errorf("others %d", f.Others)
	}
	years := compute(t, toolstest.CSVTable(t, path), statistics.Input{Operation: "frequency", Column: "Date of Final Decision", Top: 1})
	if years.Frequency.Rows[0].Value != "2023" || years.Frequency.Rows[0].Count != 221 || len(years.Notes) != 1 {
		t.Errorf("by year: %+v %q", years.Frequency, years.Notes)
	}
}

func TestCountsOfASmallTable(t *testing.T) {
	t.Parallel()
	table := small()
	cross := compute(t, table, statistics.Input{Operation: "crosstab", X: "site", Y: "arm", Top: 1})
	want := statistics.Crosstab{
		Rows: []string{"b", statistics.OtherValues}, Columns: []string{"x", statistics.OtherValues},
		Counts: [][]int{{2, 1}, {1, 2}}, RowTotals: []int{3, 3}, ColumnTotals: []int{3, 3},
	}
	if fmt.Sprint(*cross.Crosstab) != fmt.Sprint(want) {
		t.Errorf("crosstab %+v, want %+v", *cross.Crosstab, want)
	}
	groups := compute(t, table, statistics.Input{Operation: "group", Column: "score", By: "site"})
	if groups.Missing != 1 || groups.N != 5 || len(groups.Group.Groups) != 3 {
		t.Fatalf("%+v", groups)
	}
	if a := groups.Group.Groups[0]; a.Name != "a" || a.Mean != 2 || a.N != 2 || a.Sum != 4 {
		t.Errorf("first group %+v", a)
	}
	byYear := compute(t, table, statistics.Input{Operation: "group", Column: "dose", By: "seen"})
	if names := groupNames(byYear); !slices.Equal(names, []string{"2020", "2021", "2022"}) || byYear.Missing != 1 {
		t.Errorf("years %v, missing %d", names, byYear.Missing)
	}
	dates := compute(t, table, statistics.Input{Operation: "describe", Column: "seen"})
	if *dates.Dates != (statistics.DateRange{First: "2020-01-05", Last: "2022-01-01", Median: "2021-02-03", Days: 727}) {
		t.Errorf("dates %+v", dates.Dates)
	}
}

func groupNames(out statistics.Output) []string {
	var names []string
	for _, g := range out.Group.Groups {
		names = append(names, g.Name)
	}
	return names
}

func TestEveryOperation(t *testing.T) {
	t.Parallel()
	table := small()
	cases := []struct {
		in    statistics.Input
		shows string // a key of the encoded result
	}{
		{statistics.Input{Operation: "describe", Column: "score"}, `"describe":{"n":5`},
		{statistics.Input{Operation: "correlation", X: "dose", Y: "score"}, `"correlation":{"n":5`},
		{statistics.Input{Operation: "regression", X: "dose", Y: "score"}, `"name":"dose"`},
		{statistics.Input{Operation: "regression", X: "dose", Y: "score", Degree: 2}, `"name":"dose^2"`},
		{statistics.Input{Operation: "t_test", Column: "score", By: "arm"}, `"test":"Welch's t test"`},
		{statistics.Input{Operation: "t_test", X: "dose", Y: "score", Paired: true}, `"test":"paired t test"`},
		{statistics.Input{Operation: "mann_whitney", Column: "score", By: "arm"}, `"exact":true`},
		{statistics.Input{Operation: "mann_whitney", X: "score", Y: "dose"}, `"name":"score"`},
		{statistics.Input{Operation: "anova", Column: "dose", By: "arm"}, `"df_between":1`},
		{statistics.Input{Operation: "chi_square", X: "arm", Y: "site", Where: []tools.Condition{{Column: "arm", Equals: "x"}}}, ""},
	}
	for _, c := range cases {
		c.in.Table = "t"
		out, err := statistics.Compute(table, c.in)
		var input *tools.InputError
		if c.shows == "" {
			if !errors.As(err, &input) {
				t.Errorf("%+v: got %v, want a refusal", c.in, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c.in, err)
			continue
		}
		text, err := json.Marshal(out)
		if err != nil || !strings.Contains(strings.ReplaceAll(string(text), `\u0027`, "'"), c.shows) {
			t.Errorf("%+v: %s lacks %s (%v)", c.in, text, c.shows, err)
		}
	}
	raw := compute(t, nil, statistics.Input{Operation: "regression", Values: [][]tools.Number{{1, 3, 5, 7}, {0, 1, 2, 3}}})
	text, err := json.Marshal(raw)
	if err != nil || !strings.Contains(string(text), `"f":null`) || raw.Evidence != "" {
		t.Errorf("exact fit: %s (%v)", text, err)
	}
	near(t, "slope", raw.Regression.Coefficients[1].Value, 2, 1e-15)
	counts := compute(t, nil, statistics.Input{Operation: "chi_square", Values: [][]tools.Number{{20, 30}, {30, 20}}})
	near(t, "chi-square", counts.ChiSquare.Statistic, 4, 1e-15)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in   statistics.Input
		want string
	}{
		"no source":         {statistics.Input{Operation: "describe"}, "either a table or values"},
		"operation":         {statistics.Input{Table: "t", Operation: "magic"}, "none of describe"},
		"text described":    {statistics.Input{Table: "t", Operation: "describe", Column: "site"}, "count its values with frequency"},
		"no column":         {statistics.Input{Table: "t", Operation: "describe"}, "name a column"},
		"three groups":      {statistics.Input{Table: "t", Operation: "t_test", Column: "dose", By: "site"}, "there are 3: a, b, c"},
		"lone group":        {statistics.Input{Table: "t", Operation: "anova", Column: "dose", By: "site"}, `group "c" has 1 value`},
		"values counted":    {statistics.Input{Operation: "frequency", Values: [][]tools.Number{{1}}}, "needs a table"},
		"one sample":        {statistics.Input{Operation: "t_test", Values: [][]tools.Number{{1, 2}}}, "got 1"},
		"no counts":         {statistics.Input{Operation: "chi_square", Values: [][]tools.Number{{1.5, 2}, {1, 2}}}, "no count"},
		"infinite":          {statistics.Input{Operation: "describe", Values: [][]tools.Number{{tools.Number(math.Inf(1))}}}, "too large"},
		"only missing":      {statistics.Input{Operation: "describe", Values: [][]tools.Number{{tools.Number(math.NaN())}}}, "no values"},
		"uneven pairs":      {statistics.Input{Operation: "correlation", Values: [][]tools.Number{{1, 2, 3}, {1, 2}}}, "pairs need as many"},
		"paired ranks":      {statistics.Input{Table: "t", Operation: "mann_whitney", X: "dose", Y: "score", Paired: true}, "pairs go with t_test"},
		"condition unknown": {statistics.Input{Table: "t", Operation: "describe", Column: "dose", Where: []tools.Condition{{Column: "city", Equals: "z"}}}, `no column "city"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := small()
			if c.in.Table == "" {
				table = nil
			}
			_, err := statistics.Compute(table, c.in)
			var input *tools.InputError
			if !errors.As(err, &input) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an input error with %q", err, c.want)
			}
		})
	}
}

// TestEvidenceCanBeComputedAgain calls the tool with the input that its own
// evidence records.
func TestEvidenceCanBeComputedAgain(t *testing.T) {
	t.Parallel()
	tool, err := statistics.New(toolstest.Tables{"t": small()})
	if err != nil {
		t.Fatal(err)
	}
	first, err := tool.Call(t.Context(), tools.Scope{}, json.RawMessage(`{"table": "t", "operation": "group", "column": "score", "by": "site"}`))
	if err != nil {
		t.Fatal(err)
	}
	citation := first.Citations[0]
	if citation.Quote != "site,arm,score,dose,seen" || citation.Computation.Tool != "statistics" || !strings.Contains(string(first.Value), citation.ID()) {
		t.Errorf("citation %+v of %s", citation, first.Value)
	}
	again, err := tool.Call(t.Context(), tools.Scope{}, citation.Computation.Input)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Value) != string(first.Value) {
		t.Errorf("the recorded input gives another result:\n%s\n%s", again.Value, first.Value)
	}
}

// FuzzCall gives any arguments: they are refused as wrong input, or give a
// result that can be encoded.
func FuzzCall(f *testing.F) {
	for _, operation := range []string{"describe", "correlation", "regression", "t_test", "mann_whitney", "anova", "chi_square"} {
		f.Add([]byte(fmt.Sprintf(`{"operation": %q, "values": [[1, 2, null, 4.5], [3, 1e59, 5, 1e-300]]}`, operation)))
	}
	f.Add([]byte(`{"operation": "crosstab", "table": "t", "x": "site", "y": "seen", "where": [{"column": "dose", "equals": "4.0"}]}`))
	tool, err := statistics.New(toolstest.Tables{"t": small()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		_, err := tool.Call(t.Context(), tools.Scope{}, args)
		var input *tools.InputError
		if err != nil && !errors.As(err, &input) {
			t.Fatalf("not an input error: %v", err)
		}
	})
}

func BenchmarkDescribe100k(b *testing.B) {
	benchmark(b, statistics.Input{Operation: "describe", Column: "v"})
}

func BenchmarkRegression100k(b *testing.B) {
	benchmark(b, statistics.Input{Operation: "regression", Y: "v", X: "x"})
}

func BenchmarkGroup100k(b *testing.B) {
	benchmark(b, statistics.Input{Operation: "group", Column: "v", By: "g"})
}

func benchmark(b *testing.B, in statistics.Input) {
	b.Helper()
	rows := make([][]string, 100_000)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("%.2f", float64(i%977)+0.25*float64(i%31)), fmt.Sprint(i), fmt.Sprintf("g%d", i%40)}
	}
	table := toolstest.NewTable("t", []string{"v", "x", "g"}, rows)
	b.ReportAllocs()
	for b.Loop() {
		compute(b, table, in)
	}
}

func ExampleDescribe() {
	s, err := statistics.Describe([]float64{10000000.1, 10000000.3, 10000000.2}, 0.05)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Mean, s.SD)
	// Output: 1.00000002e+07 0.1
}
