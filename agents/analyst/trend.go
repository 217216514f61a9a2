package analyst

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// trendInput is the part of the trend tool's input that is used here.
type trendInput struct {
	Table     string            `json:"table"`
	Time      string            `json:"time,omitempty"`
	Across    bool              `json:"across,omitempty"`
	Value     string            `json:"value,omitempty"`
	Aggregate string            `json:"aggregate,omitempty"`
	Period    string            `json:"period,omitempty"`
	Where     []tools.Condition `json:"where,omitempty"`
}

// trendOutput is the part of the trend tool's output that is used here.
type trendOutput struct {
	Evidence    string            `json:"evidence"`
	Time        string            `json:"time"`
	Value       string            `json:"value"`
	Across      bool              `json:"across"`
	Aggregate   string            `json:"aggregate"`
	Period      string            `json:"period"`
	Where       []tools.Condition `json:"where"`
	Series      []point           `json:"series"`
	Excluded    []excluded        `json:"excluded"`
	N           int               `json:"n"`
	Test        string            `json:"test"`
	S           float64           `json:"s"`
	Z           float64           `json:"z"`
	P           float64           `json:"p"`
	Direction   string            `json:"direction"`
	Significant bool              `json:"significant"`
	Slope       slope             `json:"slope"`
	ChangePoint *changePoint      `json:"change_point"`
	First       point             `json:"first"`
	Last        point             `json:"last"`
}

type point struct {
	Period string  `json:"period"`
	Value  float64 `json:"value"`
}

type excluded struct {
	Period string       `json:"period"`
	Value  tools.Number `json:"value"`
	Reason string       `json:"reason"`
}

type slope struct {
	Value      float64 `json:"value"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Per        string  `json:"per"`
}

type changePoint struct {
	Period      string  `json:"period"`
	P           float64 `json:"p"`
	Significant bool    `json:"significant"`
	BeforeMean  float64 `json:"before_mean"`
	AfterMean   float64 `json:"after_mean"`
	Method      string  `json:"method"`
}

func readTrend(in Input, t task, value json.RawMessage) ([]agents.Finding, error) {
	var out trendOutput
	if err := decode(value, "a trend", &out); err != nil {
		return nil, err
	}
	if len(out.Series) == 0 {
		return nil, errors.New("reading a trend: it has no series")
	}
	if out.Across {
		out.Value = t.column
		out.Where = slices.DeleteFunc(out.Where, func(c tools.Condition) bool { return c.Equals == t.column })
	}
	if out.Aggregate == "count" && !slices.ContainsFunc(out.Series, func(p point) bool { return p.Value != out.Series[0].Value }) {
		return nil, nil // the same number of rows each year is how the table was laid out
	}
	main := agents.Finding{
		Statement: out.sentence(t), Theme: in.Question.Theme, Confidence: "medium", Evidence: []string{out.Evidence},
		DataPoints: []agents.DataPoint{
			{Label: out.First.Period, Value: out.First.Value, Unit: out.unit(), Evidence: out.Evidence},
			{Label: out.Last.Period, Value: out.Last.Value, Unit: out.unit(), Evidence: out.Evidence},
			{Label: "slope per " + out.per(), Value: out.Slope.Value, Unit: out.unit(), Evidence: out.Evidence},
		},
		Implications: []string{out.implication(t)},
	}
	if t.charted {
		main.Chart = out.chart(t)
	}
	if out.Significant {
		main.Confidence = "high"
	}
	findings := []agents.Finding{main}
	for _, statement := range append(out.leftOut(t), out.change(t)...) {
		findings = append(findings, agents.Finding{Statement: statement, Theme: in.Question.Theme, Confidence: main.Confidence, Evidence: []string{out.Evidence}})
	}
	return findings, nil
}

// sentence states the trend with its test.
func (o trendOutput) sentence(t task) string {
	test := fmt.Sprintf("(%s, n = %d %s, S = %s, %s; Theil-Sen slope %s per %s, %s CI %s to %s)",
		o.Test, o.N, plural(o.period(), o.N), prose.Figure(o.S), prose.PValue(o.P),
		prose.Figure(o.Slope.Value), o.per(), confidence(o.Slope.Confidence), prose.Figure(o.Slope.Low), prose.Figure(o.Slope.High))
	from := fmt.Sprintf("%s in %s", prose.Figure(o.First.Value), o.First.Period)
	to := fmt.Sprintf("%s in %s", prose.Figure(o.Last.Value), o.Last.Period)
	rising, falling := strings.HasPrefix(o.Direction, "incr"), strings.HasPrefix(o.Direction, "decr")
	var verb string
	switch {
	case !o.Significant:
		return fmt.Sprintf("%s shows no statistically significant trend between %s and %s %s.", o.measure(t), o.First.Period, o.Last.Period, test)
	case rising && o.Last.Value > o.First.Value:
		verb = "rose from " + from + " to " + to
	case falling && o.Last.Value < o.First.Value:
		verb = "fell from " + from + " to " + to
	case rising:
		verb = "tended upwards between " + o.First.Period + " and " + o.Last.Period
	default:
		verb = "tended downwards between " + o.First.Period + " and " + o.Last.Period
	}
	return o.measure(t) + " " + verb + " " + test + "."
}

// measure names what was followed over time: the rows of a table, or a column.
func (o trendOutput) measure(t task) string {
	name := prose.Quote(t.table)
	what := "The number of records per " + o.period() + " in " + name
	if o.Value != "" {
		what = fmt.Sprintf("The %s of %s per %s", aggregateName(o.Aggregate), prose.Quote(prose.ColumnName(o.Value)), o.period())
		if t.single {
			what = fmt.Sprintf("The figure for %s per %s", prose.Quote(prose.ColumnName(o.Value)), o.period())
		}
		if o.Value != t.table {
			what += " in " + name
		}
	}
	if len(o.Where) > 0 {
		groups := make([]string, len(o.Where))
		for i, c := range o.Where {
			groups[i] = prose.ColumnName(c.Column) + " " + prose.Quote(c.Equals)
		}
		what += " for " + prose.List(groups)
	}
	if o.Value == "" {
		what += ", counted by " + prose.Quote(prose.ColumnName(t.column)) + ","
	}
	return what
}

func (o trendOutput) title(t task) string {
	title := "Records per " + o.period()
	if o.Value != "" {
		title = prose.Capital(aggregateName(o.Aggregate)) + " of " + prose.Quote(prose.ColumnName(o.Value)) + " per " + o.period()
		if t.single {
			title = prose.Capital(prose.ColumnName(o.Value)) + " per " + o.period()
		}
	}
	for _, c := range o.Where {
		title += ", " + c.Equals
	}
	if o.Value == t.table {
		return title
	}
	return title + " in " + prose.Quote(t.table)
}

func (o trendOutput) leftOut(t task) []string {
	var out []string
	for _, e := range o.Excluded[:min(2, len(o.Excluded))] {
		reason := strings.TrimPrefix(e.Reason, "incomplete: ")
		so := ""
		if v := float64(e.Value); !math.IsNaN(v) && o.Value == "" {
			so = fmt.Sprintf(" (%s so far)", prose.Count(int(v), "record"))
			if strings.Contains(reason, "begin") || strings.ContainsAny(e.Period, "–-…") {
				so = fmt.Sprintf(" (%s)", prose.Count(int(v), "record"))
			}
		}
		if reason == e.Reason {
			reason, sparse := strings.CutPrefix(strings.TrimSuffix(reason, "."), "sparse beginning: ")
			as := ""
			if sparse {
				as = " as a sparse beginning"
			}
			out = append(out, fmt.Sprintf("From %s, %s%s left out of the test%s: %s.", prose.Quote(t.table), e.Period, strings.ReplaceAll(so, " so far", "")+wasOrWere(e.Period), as, reason))
			continue
		}
		out = append(out, fmt.Sprintf("%s is incomplete in %s and was left out of the test, because its %s%s.", e.Period, prose.Quote(t.table), reason, so))
	}
	return out
}

func wasOrWere(period string) string {
	if strings.ContainsAny(period, "–") {
		return " were"
	}
	return " was"
}

func (o trendOutput) change(t task) []string {
	c := o.ChangePoint
	if c == nil || !c.Significant {
		return nil
	}
	unit, where := " records per "+o.period(), prose.Quote(t.table)
	if o.Value != "" {
		unit, where = "", prose.Quote(prose.ColumnName(o.Value))
		if len(o.Where) > 0 {
			groups := make([]string, len(o.Where))
			for i, c := range o.Where {
				groups[i] = prose.Quote(c.Equals)
			}
			where += " for " + prose.List(groups)
		}
	}
	return []string{fmt.Sprintf("The most likely change of level in %s lies at %s (%s, %s): the mean is %s%s before it and %s from then on.",
		where, c.Period, methodName(c.Method), prose.PValue(c.P), prose.Figure(c.BeforeMean), unit, prose.Figure(c.AfterMean))}
}

func (o trendOutput) implication(t task) string {
	if o.Value == "" {
		return "The counts from " + prose.Quote(t.table) + " follow how many records were entered per " + o.period() + "; what caused a change is not in the data."
	}
	if o.Value == t.table {
		return "The figures of " + prose.Quote(t.table) + " say what was measured; what caused a change is not in the data."
	}
	return "The figures for " + prose.Quote(prose.ColumnName(o.Value)) + " describe what " + prose.Quote(t.table) + " measured; what caused a change is not in the data."
}

func (o trendOutput) chart(t task) *agents.Chart {
	c := &agents.Chart{
		Kind: "line", Title: o.title(t), XLabel: prose.Capital(o.period()), YLabel: "Records",
		Evidence: []string{o.Evidence},
	}
	if o.Value != "" {
		c.YLabel = prose.Capital(prose.ColumnName(o.Value))
	}
	for _, p := range o.Series {
		c.X = append(c.X, p.Period)
		c.Y = append(c.Y, p.Value)
	}
	var notes []string
	for _, e := range o.Excluded[:min(3, len(o.Excluded))] {
		notes = append(notes, e.Period+" left out ("+e.Reason+")")
	}
	if len(notes) > 0 {
		c.Note = prose.Capital(strings.Join(notes, "; ")) + "."
	}
	return c
}

// period is what each figure is of; per, what the slope is per, which in a series
// with a season is a year.
func (o trendOutput) period() string {
	if o.Period != "" {
		return o.Period
	}
	return "year"
}

func (o trendOutput) per() string {
	if o.Slope.Per != "" {
		return o.Slope.Per
	}
	return "year"
}

func (o trendOutput) unit() string {
	if o.Value == "" {
		return "records"
	}
	return prose.ColumnName(o.Value)
}

func aggregateName(aggregate string) string {
	switch aggregate {
	case "sum":
		return "total"
	case "median":
		return "median"
	}
	return "mean"
}

func methodName(method string) string {
	if method == "" {
		return "change-point test"
	}
	return method
}

func plural(noun string, n int) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// confidence writes a level (0.95) as "95 %".
func confidence(level float64) string {
	if level <= 0 || level >= 1 {
		level = 0.95
	}
	return prose.Figure(math.Round(1000*level)/10) + " %"
}
