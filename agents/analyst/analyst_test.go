package analyst_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/tools"
)

func licences() tools.TableProfile {
	return tools.TableProfile{ID: "d_2", Title: "Night train licences", Rows: 90, Columns: []tools.ColumnProfile{
		{Name: "licence_id", Type: tools.TypeInteger, Distinct: 90},
		{Name: "date_received", Type: tools.TypeDate, Distinct: 80, Min: "2011-01-02", Max: "2023-12-20"},
		{Name: "decision_date", Type: tools.TypeDate, Distinct: 80, Min: "2012-01-02", Max: "2024-03-20"},
		{Name: "country", Type: tools.TypeText, Distinct: 9, Top: []tools.ValueCount{{Value: "Austria", Count: 30}, {Value: "Italy", Count: 9}}},
	}}
}

func input(question string, tables ...tools.TableProfile) analyst.Input {
	in := analyst.Input{Topic: "Night trains in Europe", Question: agents.Question{ID: "q2", Text: question, Theme: "A theme", Queries: []string{"night trains"}}}
	for _, t := range tables {
		in.Question.Tables = append(in.Question.Tables, t.ID)
		in.Survey.Value.Tables = append(in.Survey.Value.Tables, t)
	}
	return in
}

// analyse plays the run, with an answer for each tool.
func analyse(t *testing.T, in analyst.Input, answers map[string]agents.ToolResult) (agents.Analysis, []agents.ToolCall) {
	t.Helper()
	return play(t, in, func(call agents.ToolCall) agents.ToolResult { return answers[call.Name] })
}

// play plays the run, with an answer for each call.
func play(t *testing.T, in analyst.Input, answer func(call agents.ToolCall) agents.ToolResult) (agents.Analysis, []agents.ToolCall) {
	t.Helper()
	definition, err := analyst.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	message, err := definition.Offline(raw, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := message.ToolCalls
	if len(calls) > 0 {
		var results []agents.ToolResult
		for _, call := range calls {
			result := answer(call)
			result.CallID, result.Name = call.ID, call.Name
			results = append(results, result)
		}
		if message, err = definition.Offline(raw, 1, results); err != nil {
			t.Fatal(err)
		}
	}
	accepted, err := definition.Accept(raw, []byte(message.Text))
	if err != nil {
		t.Fatal(err)
	}
	var out agents.Analysis
	if err := json.Unmarshal(accepted.Output, &out); err != nil {
		t.Fatal(err)
	}
	return out, calls
}

const rising = `{"evidence":"e_t","time":"decision_date","aggregate":"count","period":"year","n":4,"test":"Mann-Kendall test","s":6,"p":0.0416,
 "direction":"increasing","significant":true,"slope":{"value":3.25,"low":2,"high":12345.5,"confidence":0.95,"per":"year"},
 "series":[{"period":"2020","value":18},{"period":"2021","value":20},{"period":"2022","value":25},{"period":"2023","value":31}],
 "first":{"period":"2020","value":18},"last":{"period":"2023","value":31},
 "excluded":[{"period":"2024","value":1,"reason":"incomplete: data end on 2024-03-29"}],
 "change_point":{"period":"2022","p":0.04,"significant":true,"before_mean":19,"after_mean":28,"method":"Pettitt"}}`

func TestTrendsAreStatedWithTheirTest(t *testing.T) {
	t.Parallel()
	out, calls := analyse(t, input("How have night trains developed over time?", licences()), map[string]agents.ToolResult{"trend": {Value: json.RawMessage(rising)}})
	if len(calls) != 1 || !strings.Contains(string(calls[0].Arguments), `"time":"decision_date"`) {
		t.Fatalf("calls %+v, want one trend by the date of decision", calls)
	}
	want := []string{
		"The number of records per year in “Night train licences”, counted by “decision date”, rose from 18 in 2020 to 31 in 2023 (Mann-Kendall test, n = 4 years, S = 6, p = 0.042; Theil-Sen slope 3.25 per year, 95 % CI 2 to 12,345.5).",
		"2024 is incomplete in “Night train licences” and was left out of the test, because its data end on 2024-03-29 (1 record so far).",
		"The most likely change of level in “Night train licences” lies at 2022 (Pettitt, p = 0.040): the mean is 19 records per year before it and 28 from then on.",
	}
	if len(out.Findings) != len(want) {
		t.Fatalf("%d findings: %+v", len(out.Findings), out.Findings)
	}
	for i, f := range out.Findings {
		if f.Statement != want[i] {
			t.Errorf("got  %s\nwant %s", f.Statement, want[i])
		}
	}
	main := out.Findings[0]
	if main.Confidence != "high" || main.Chart == nil || main.Chart.Kind != "line" || len(main.Chart.Y) != 4 || !strings.Contains(main.Chart.Note, "2024 left out") {
		t.Errorf("finding %+v with chart %+v", main, main.Chart)
	}
}

func TestNoTrendIsSaidToBeNone(t *testing.T) {
	t.Parallel()
	flat := strings.NewReplacer(`"p":0.0416`, `"p":0.31`, `"significant":true,"slope"`, `"significant":false,"slope"`, `"direction":"increasing"`, `"direction":"no trend"`).Replace(rising)
	out, _ := analyse(t, input("How have night trains developed over time?", licences()), map[string]agents.ToolResult{"trend": {Value: json.RawMessage(flat)}})
	if got := out.Findings[0]; !strings.Contains(got.Statement, "shows no statistically significant trend between 2020 and 2023") || got.Confidence == "high" {
		t.Errorf("got %+v", got)
	}
}

func TestSharesAreCountedByTellingColumns(t *testing.T) {
	t.Parallel()
	out, calls := analyse(t, input("Where are night trains concentrated?", licences()), map[string]agents.ToolResult{"statistics": {Value: json.RawMessage(
		`{"evidence":"e_f","operation":"frequency","n":80,"missing":10,"frequency":{"rows":[{"value":"Austria","count":60,"share":0.75},{"value":"Italy","count":20,"share":0.25}],"distinct":2,"others":0}}`)}})
	if len(calls) != 1 || !strings.Contains(string(calls[0].Arguments), `"column":"country"`) {
		t.Fatalf("calls %+v", calls)
	}
	f := out.Findings[0]
	if want := "Of the 80 records in “Night train licences” with a value for “country”, 60 (75.0 %) have “Austria”, followed by “Italy” with 20 (25.0 %)."; f.Statement != want {
		t.Errorf("got  %s\nwant %s", f.Statement, want)
	}
	if f.Table == nil || len(f.Table.Rows) != 2 {
		t.Errorf("table %+v", f.Table)
	}
}

func TestMeasuresOfAPanelAreAddedOrAveraged(t *testing.T) {
	t.Parallel()
	for column, aggregate := range map[string]string{"passengers": "sum", "mean_delay": "mean"} {
		panel := tools.TableProfile{ID: "d_5", Title: "Night trains", Rows: 20, Panel: &tools.Panel{Times: []string{"year"}, By: []string{"line"}}, Columns: []tools.ColumnProfile{
			{Name: "year", Type: tools.TypeInteger, Distinct: 5, Min: "2018", Max: "2022"},
			{Name: "line", Type: tools.TypeText, Distinct: 4, Top: []tools.ValueCount{{Value: "North", Count: 5}, {Value: "South", Count: 5}}},
			{Name: column, Type: tools.TypeInteger, Distinct: 20, Min: "1", Max: "900"},
		}}
		_, calls := analyse(t, input("How have night trains developed over time?", panel), nil)
		if len(calls) != 1 || !strings.Contains(string(calls[0].Arguments), `"value":"`+column+`","aggregate":"`+aggregate+`"`) {
			t.Errorf("%s: calls %s", column, calls)
		}
	}
}

func TestTheSameNumberOfRowsEachYearIsNoFinding(t *testing.T) {
	t.Parallel()
	const even = `{"evidence":"e_1","time":"decision_date","aggregate":"count","series":[{"period":"2020","value":10000},{"period":"2021","value":10000},{"period":"2022","value":10000},{"period":"2023","value":10000}],"n":4,"test":"Mann-Kendall test","p":1,"direction":"no trend"}`
	for aggregate, findings := range map[string]int{"count": 0, "sum": 1} {
		value := json.RawMessage(strings.Replace(even, "count", aggregate, 1))
		if out, _ := analyse(t, input("How have night trains developed over time?", licences()), map[string]agents.ToolResult{"trend": {Value: value}}); len(out.Findings) != findings {
			t.Errorf("%s: %+v", aggregate, out.Findings)
		}
	}
}

// yearlyTable has a row for each of eight years, and one figure.
func yearlyTable(column string) tools.TableProfile {
	return tools.TableProfile{ID: "d_year", Title: "yearly", Rows: 8, Columns: []tools.ColumnProfile{
		{Name: "Year", Type: tools.TypeInteger, Distinct: 8, Min: "2015", Max: "2022"},
		{Name: column, Type: tools.TypeInteger, Distinct: 8, Min: "2100", Max: "2352"},
	}}
}

// What a column is of makes it a measure, not a word of its unit.
func TestFiguresOfAYearAreFollowed(t *testing.T) {
	t.Parallel()
	for column, measure := range map[string]bool{
		"Demand (million litres per day)": true, "Number of deaths": true, "Consumer price index": true, "Sales per week": true, "Number": true,
		"Phone subscriptions": true, "Total number": true, "hours_worked": true, "Patients in code blue": true,
		"Order number": false, "ZIP code": false, "patid": false, "Day of week": false, "Address 2": false, "id_customer": false, "index": false, "Month": false,
	} {
		_, calls := analyse(t, input("How has water demand developed over time?", yearlyTable(column)), nil)
		followed := false
		for _, call := range calls {
			var in struct{ Value, Aggregate string }
			if err := json.Unmarshal(call.Arguments, &in); err != nil {
				t.Fatal(err)
			}
			if in.Aggregate == "count" {
				t.Errorf("%s: rows are counted where each year has one", column)
			}
			followed = followed || in.Value == column
		}
		if followed != measure {
			t.Errorf("%s: followed %v, calls %s", column, followed, calls)
		}
	}
}

// What the topic names is followed first, and sums are not made of what is no
// whole.
func TestSeriesOfInterest(t *testing.T) {
	t.Parallel()
	value := func(values ...string) (top []tools.ValueCount) {
		for _, v := range values {
			top = append(top, tools.ValueCount{Value: v, Count: 8})
		}
		return top
	}
	years := func(land tools.ColumnProfile, rows int) tools.TableProfile { // a row for each land and year
		land.Name, land.Type = "land", tools.TypeText
		return tools.TableProfile{ID: "d", Title: "Exports", Rows: rows, Panel: &tools.Panel{Times: []string{"year"}, By: []string{"land"}}, Columns: []tools.ColumnProfile{
			land, {Name: "year", Type: tools.TypeInteger, Distinct: 8, Min: "2015", Max: "2022"}, {Name: "tonnes exported", Type: tools.TypeInteger, Distinct: 60, Min: "1", Max: "90"},
		}}
	}
	wide := func(columns ...tools.ColumnProfile) tools.TableProfile { // a column for each year
		panel := &tools.Panel{}
		for _, c := range columns {
			if c.Distinct > 1 {
				panel.By = append(panel.By, c.Name)
			}
		}
		return tools.TableProfile{Panel: panel, ID: "d", Title: "Exports", Rows: 12, Columns: columns, Periods: &tools.Periods{Columns: 8, First: "2015", Last: "2022", Unit: tools.Year, Whole: true}}
	}
	lands := tools.ColumnProfile{Name: "land", Type: tools.TypeText, Distinct: 12}
	for name, c := range map[string]struct {
		table tools.TableProfile
		calls []string
	}{
		"named": {years(tools.ColumnProfile{Distinct: 6, Named: []string{"Peru", "Chile"}, Total: "World"}, 48), []string{
			`"aggregate":"mean","period":"year","where":[{"column":"land","equals":"Peru"}]`, `"aggregate":"mean","period":"year","where":[{"column":"land","equals":"Chile"}]`,
		}},
		"with a total": {years(tools.ColumnProfile{Distinct: 6, Total: "World"}, 48), []string{`"where":[{"column":"land","equals":"World"}]`}},
		"without gaps": {years(tools.ColumnProfile{Distinct: 6, Top: value("Chile", "Peru", "Iran", "Mali")}, 48), []string{`"aggregate":"sum","period":"year"}`}},
		"with gaps":    {years(tools.ColumnProfile{Distinct: 6, Top: value("Chile", "Peru", "Iran", "Mali")}, 40), []string{`"Chile"`, `"Peru"`, `"Iran"`}},
		"across":       {wide(lands), []string{`{"table":"d","across":true,"aggregate":"sum"}`}},
		"across, one": {wide(tools.ColumnProfile{Name: "land", Type: tools.TypeText, Distinct: 12, Named: []string{"Mali"}}), []string{
			`{"table":"d","across":true,"aggregate":"sum","where":[{"column":"land","equals":"Mali"}]}`,
		}},
		"across, a rate": {wide(lands, tools.ColumnProfile{Name: "indicator", Type: tools.TypeText, Distinct: 1, Top: value("Exports (% of GDP)")}), []string{
			`"across":true,"aggregate":"mean","where":[{"column":"indicator","equals":"Exports (% of GDP)"}]`,
		}},
		"across, several indicators": {wide(tools.ColumnProfile{Name: "land", Type: tools.TypeText, Distinct: 4, Total: "World"}, tools.ColumnProfile{Name: "Series Name", Type: tools.TypeText, Distinct: 3, Top: value("GDP", "Exports", "Debt")}), []string{
			`"where":[{"column":"land","equals":"World"},{"column":"Series Name","equals":"GDP"}]`, `"Exports"`, `"Debt"`,
		}},
	} {
		_, calls := analyse(t, input("How have exports developed over time?", c.table), nil)
		if len(calls) != len(c.calls) {
			t.Errorf("%s: calls %s", name, calls)
			continue
		}
		for i, call := range calls {
			if !strings.Contains(string(call.Arguments), c.calls[i]) {
				t.Errorf("%s: %s, want %s", name, call.Arguments, c.calls[i])
			}
		}
	}
}

// What is bought and sold is added up, beside the number of rows.
func TestAmountsAreAddedUp(t *testing.T) {
	t.Parallel()
	orders := licences()
	orders.Columns = append(orders.Columns, tools.ColumnProfile{Name: "unit_price", Type: tools.TypeNumber, Distinct: 70, Min: "1", Max: "9"}, tools.ColumnProfile{Name: "amount_eur", Type: tools.TypeNumber, Distinct: 80, Min: "10", Max: "900"})
	for question, wanted := range map[string][]string{
		"How have licences developed over time?": {`"aggregate":"count"`, `"value":"amount_eur","aggregate":"sum"`},
		"Where are licences concentrated?":       {`"operation":"group","column":"amount_eur","by":"country"`, `"operation":"frequency"`},
	} {
		_, calls := analyse(t, input(question, orders), nil)
		if len(calls) != len(wanted) {
			t.Fatalf("%s: %s", question, calls)
		}
		for i, call := range calls {
			if !strings.Contains(string(call.Arguments), wanted[i]) {
				t.Errorf("%s: %s, want %s", question, call.Arguments, wanted[i])
			}
		}
	}
}

// How often each country stands in a table with a row for each country and year
// is no finding.
func TestDesignsAreNotCounted(t *testing.T) {
	t.Parallel()
	var codes []tools.ValueCount
	for _, code := range []string{"GHA", "KEN", "MLI", "NGA", "UGA"} {
		codes = append(codes, tools.ValueCount{Value: code, Count: 21})
	}
	table := tools.TableProfile{ID: "d_5", Title: "Deaths", Rows: 105, Columns: []tools.ColumnProfile{
		{Name: "Code", Type: tools.TypeText, Distinct: 5, Top: codes},
		{Name: "Year", Type: tools.TypeInteger, Distinct: 21, Min: "2000", Max: "2020"},
		{Name: "Deaths", Type: tools.TypeNumber, Distinct: 100, Min: "1", Max: "90"},
	}}
	_, calls := analyse(t, input("What risks, harms or adverse events are reported for malaria control?", table), nil)
	if len(calls) == 0 {
		t.Error("the deaths are not followed")
	}
	for _, call := range calls {
		if strings.Contains(string(call.Arguments), "frequency") {
			t.Errorf("counted: %s", call.Arguments)
		}
	}
}

func TestQuotationsAreAttributedWithTheirTurn(t *testing.T) {
	t.Parallel()
	in := input("What effects do the sources report for night trains?")
	in.Evidence.Value = []agents.Evidence{
		{ID: "e_1", Heading: "Conclusion", Citation: tools.Citation{SHA256: "s", Title: "Do night trains pay?", Year: 2014, Start: 0, End: 58, Quote: "Night trains in Europe improved punctuality on most lines."}},
		{ID: "e_2", Heading: "Conclusion", Citation: tools.Citation{SHA256: "s", Title: "Do night trains pay?", Year: 2014, Start: 59, End: 100, Quote: "However, two lines were excluded from it."}},
	}
	out, _ := analyse(t, in, map[string]agents.ToolResult{"documents": {Error: "unreachable"}})
	if len(out.Findings) != 1 || out.Findings[0].Statement != "“Do night trains pay?” (2014) concludes: “Night trains in Europe improved punctuality on most lines. However, two lines were excluded from it.”" || len(out.Findings[0].Evidence) != 2 {
		t.Errorf("got %+v", out.Findings)
	}
}

func TestFailuresBecomeGaps(t *testing.T) {
	t.Parallel()
	out, _ := analyse(t, input("How have night trains developed over time?", licences()), map[string]agents.ToolResult{"trend": {Error: "period: a trend needs at least 4 complete periods, there are 2"}})
	if len(out.Findings) != 0 || !strings.Contains(strings.Join(out.Gaps, " "), "“Night train licences” could not be evaluated: period: a trend needs") {
		t.Errorf("got %+v", out)
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	definition, err := analyst.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(input("How?"))
	if err != nil {
		t.Fatal(err)
	}
	for wanted, text := range map[string]string{
		"this analysis is of \"q2\"":        `{"question":"q1","findings":[],"gaps":["none"]}`,
		"findings: none given":              `{"question":"q2","findings":[]}`,
		"is not among the finding's":        `{"question":"q2","findings":[{"statement":"A.","theme":"t","confidence":"low","evidence":["e_1"],"data_points":[{"label":"x","value":1,"evidence":"e_2"}]}]}`,
		"chart: 1 values of x for 2 of y":   `{"question":"q2","findings":[{"statement":"A.","theme":"t","confidence":"low","evidence":["e_1"],"chart":{"kind":"bar","title":"t","x_label":"x","y_label":"y","x":["a"],"y":[1,2],"evidence":["e_1"]}}]}`,
		"table.rows[0]: 1 cells under 2 co": `{"question":"q2","findings":[{"statement":"A.","theme":"t","confidence":"low","evidence":["e_1"],"table":{"caption":"c","columns":["a","b"],"rows":[["1"]],"evidence":["e_1"]}}]}`,
	} {
		if _, err := definition.Accept(raw, []byte(text)); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("want an error with %q, got %v", wanted, err)
		}
	}
}
