// Package trend tells whether a figure rises or falls over time: the
// Mann-Kendall test in its usual variants, Sen's slope, Pettitt's change point
// and the seasonal figure, over a table or raw values.
package trend

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "trend"

//go:embed trend.md
var description string

// New makes the tool over the tables.
func New(tables tools.Tables) (tools.Tool, error) {
	return tools.New(Name, description, func(ctx context.Context, scope tools.Scope, in Input) (Output, error) {
		if in.Table == "" {
			return Compute(nil, in)
		}
		table, err := tables.Table(ctx, scope, in.Table)
		if err != nil {
			return Output{}, err
		}
		return Compute(table, in)
	})
}

// Compute is the tool without its source of tables: in.Table names table, or is
// empty for raw values. Arguments that do not fit are a *tools.InputError.
func Compute(table *tools.Table, in Input) (Output, error) {
	in, err := in.resolved()
	if err != nil {
		return Output{}, err
	}
	f, in, err := layOut(table, in)
	if err != nil {
		return Output{}, err
	}
	if err := f.check(in); err != nil {
		return Output{}, err
	}
	out, err := analyse(f, in)
	if err != nil {
		return Output{}, err
	}
	if table == nil {
		return out, nil
	}
	out.Table, out.Title, out.Time, out.Value = table.ID, table.Title, in.Time, in.Value
	out.Across, out.Where = in.Across, in.Where
	if err := out.cite(table, in); err != nil {
		return Output{}, err
	}
	return out, nil
}

func layOut(table *tools.Table, in Input) (frame, Input, error) {
	if table == nil {
		return rawFrame(in)
	}
	in.Table = table.ID
	read := tableRecords
	if in.Across {
		read = acrossRecords
	}
	r, err := read(table, &in)
	if err != nil {
		return frame{}, in, err
	}
	f, err := r.frame(in)
	return f, in, err
}

// check refuses a series that no test can speak about.
func (f frame) check(in Input) error {
	if n := len(present(f.values)); n < minPeriods {
		return tooShort(n, f.excluded)
	}
	for _, values := range append(f.siteValues(), f.values, f.covariate) {
		if slices.ContainsFunc(values, tooLarge) {
			return inputErrorf("value", "a figure lies beyond ±%g, too large to compute with", largest)
		}
	}
	if f.covariate != nil {
		if n := len(completeSteps([][]float64{f.values, f.covariate})[0]); n < minPeriods {
			return inputErrorf("covariate", "only %d periods have both a value and a covariate; at least %d are needed", n, minPeriods)
		}
	}
	if in.By != "" && len(f.sites) < 2 {
		return inputErrorf("by", "column %q has %d values here; at least 2 sites are needed", in.By, len(f.sites))
	}
	return nil
}

func analyse(f frame, in Input) (Output, error) {
	length := in.SeasonLength
	if length == 0 {
		length = f.unit.seasonLength()
	}
	season := f.season(length, in.Alpha)
	plain := TheilSen(f.values)
	picked := choice{method: in.Method}
	if in.Method == "" {
		picked = choose(f.values, plain.Value, season, in.Alpha)
	}
	if isSeasonal(picked.method) && (length < 2 || len(f.values) < 2*length) {
		return Output{}, inputErrorf("season_length", "a seasonal test needs a season_length and two whole cycles; got length %d and %d periods", length, len(f.values))
	}
	test, slope, err := f.run(picked.method, plain, in, length)
	if err != nil {
		return Output{}, err
	}
	low, high := slope.Interval(test.VarS, in.Alpha)
	r1, _ := rankAutocorrelation(f.values, plain.Value, in.Alpha)
	out := Output{
		Aggregate: in.Aggregate, Period: in.Period, Excluded: append([]Excluded{}, f.excluded...),
		N: len(present(f.values)), Method: picked.method, Test: testNames[picked.method],
		S: test.S, VarS: test.VarS, Z: test.Z, P: test.P, Tau: test.Tau, Alpha: in.Alpha,
		Direction: test.Direction(in.Alpha), Significant: test.Significant(in.Alpha),
		Slope: SlopeRange{
			Value: slope.Value, Low: low, High: high, Confidence: 1 - in.Alpha, Intercept: slope.Intercept,
			Per: f.step(picked.method, length),
		},
		Season: season, Autocorrelation: r1,
	}
	out.Series = f.points()
	out.First, out.Last = out.Series[0], out.Series[len(out.Series)-1]
	out.ChangePoint = f.changePoint(season, in.Alpha)
	out.Sites = f.siteTrends()
	out.Notes = f.explain(out, picked, test)
	err = f.extend(&out, in, length)
	return out, err
}

// extend adds what was asked for beyond the test.
func (f frame) extend(out *Output, in Input, length int) error {
	if in.Breaks {
		found, notes, err := f.breaks(out.Season)
		if err != nil {
			return err
		}
		out.Breaks, out.Notes = found, append(out.Notes, notes...)
	}
	if in.Forecast > 0 {
		made, notes, err := f.forecast(in.Forecast, length, out.Season, in.Alpha)
		if err != nil {
			return err
		}
		out.Forecast, out.Notes = made, append(out.Notes, notes...)
	}
	return nil
}

// points are the periods that have a value.
func (f frame) points() []Point {
	var points []Point
	for i, v := range f.values {
		if !math.IsNaN(v) {
			points = append(points, Point{f.label(i), v})
		}
	}
	return points
}

func (f frame) siteTrends() []SiteTrend {
	var trends []SiteTrend
	for _, s := range f.sites {
		t := MannKendall(s.values)
		trends = append(trends, SiteTrend{s.name, t.N, t.S, t.P, t.Tau, TheilSen(s.values).Value})
	}
	return trends
}

// step is what the slope is per.
func (f frame) step(method string, length int) string {
	switch {
	case isSeasonal(method) && length == f.unit.seasonLength():
		return string(year)
	case isSeasonal(method):
		return fmt.Sprintf("cycle of %d periods", length)
	case f.unit == "":
		return "step"
	default:
		return string(f.unit)
	}
}

// changePoint looks for a jump, in a seasonal series after the seasonal figure is
// taken out.
func (f frame) changePoint(season *Season, alpha float64) *ChangePoint {
	values, how := f.values, "Pettitt"
	if season != nil && season.Significant {
		values, how = deseasoned(values, season), "Pettitt, season removed"
	}
	complete := present(values)
	shift := Pettitt(complete)
	if shift.K == 0 {
		return nil
	}
	point := &ChangePoint{
		P: shift.P, Significant: shift.P < alpha, Method: how,
		BeforeMean: mean(complete[:shift.At]), AfterMean: mean(complete[shift.At:]),
	}
	seen := 0
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if seen == shift.At {
			point.Period = f.label(i)
			break
		}
		seen++
	}
	return point
}

// season gives the seasonal figure where there are at least two whole cycles
// and every season has a value.
func (f frame) season(length int, alpha float64) *Season {
	if length < 2 || len(f.values) < 2*length {
		return nil
	}
	indices, deviations := SeasonalIndices(f.values, length)
	h, p := KruskalWallis(seasons(deviations, length))
	s := &Season{
		Length: length, H: h, P: p, Significant: p < alpha,
		Method: "classical additive decomposition; Kruskal-Wallis test",
	}
	high, low := 0, 0
	for i, v := range indices {
		if math.IsNaN(v) {
			return nil
		}
		name := f.unit.seasonName(f.first+i, length)
		if name == "" {
			name = fmt.Sprintf("%d", i+1)
		}
		s.Indices = append(s.Indices, SeasonIndex{name, v})
		if v > indices[high] {
			high = i
		}
		if v < indices[low] {
			low = i
		}
	}
	s.Peak, s.Trough, s.Amplitude = s.Indices[high].Season, s.Indices[low].Season, indices[high]-indices[low]
	return s
}

// explain says how the figures came about and what they do not say.
func (f frame) explain(out Output, picked choice, test Test) []string {
	notes := append([]string(nil), f.notes...)
	if picked.why != "" {
		notes = append(notes, picked.why)
	}
	if test.S == 0 && test.VarS == 0 {
		notes = append(notes, "All values are equal, so there is no trend.")
	}
	if plain := MannKendall(f.values); picked.method == "hamed_rao" && plain.VarS > 0 {
		notes = append(notes, fmt.Sprintf("The correction multiplies Var(S) by %.3g; without it p would be %s.", test.VarS/plain.VarS, formatP(plain.P)))
	}
	if out.N < 10 {
		notes = append(notes, fmt.Sprintf("With %d periods the normal approximation of p is rough.", out.N))
	}
	if c := out.ChangePoint; c != nil && c.Significant && out.Significant {
		notes = append(notes, "A steady trend makes Pettitt's test significant too; the change point need not be a jump.")
	}
	return notes
}
