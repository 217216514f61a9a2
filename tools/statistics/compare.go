package statistics

import (
	"math"
	"strconv"
	"strings"
)

// field is an argument that names a column.
type field struct{ argument, column string }

// columns reads numeric columns of the table, or from least to most raw samples.
func (d data) columns(least, most int, fields ...field) ([][]float64, error) {
	if d.table == nil {
		samples, _, err := d.samples(least, most)
		return samples, err
	}
	out := make([][]float64, len(fields))
	for i, f := range fields {
		values, err := d.numbers(f.argument, f.column)
		if err != nil {
			return nil, err
		}
		out[i] = values
	}
	return out, nil
}

func (d data) correlation() (Output, error) {
	columns, err := d.columns(2, 2, field{"x", d.in.X}, field{"y", d.in.Y})
	if err != nil {
		return Output{}, err
	}
	pairs, missing, err := completeRows(columns...)
	if err != nil {
		return Output{}, err
	}
	c, err := Correlate(pairs[0], pairs[1], d.in.Alpha)
	if err != nil {
		return Output{}, err
	}
	notes := []string{
		"Pearson's p and limits assume that both are roughly normal; Spearman's p is by the t approximation.",
		"A correlation is no cause.",
	}
	if c.N < 10 {
		notes = append(notes, "With fewer than 10 pairs the p of Spearman is rough.")
	}
	return Output{N: c.N, Missing: missing, Correlation: &c, Notes: notes}, nil
}

func (d data) regression() (Output, error) {
	fields := []field{{"y", d.in.Y}, {"x", d.in.X}}
	for _, p := range d.in.Predictors {
		fields = append(fields, field{"predictors", p})
	}
	columns, err := d.columns(2, maxPredictors+1, fields...)
	if err != nil {
		return Output{}, err
	}
	rows, missing, err := completeRows(columns...)
	if err != nil {
		return Output{}, err
	}
	r, err := Regress(rows[0], rows[1:], RegressOptions{NoIntercept: d.in.NoIntercept, Degree: d.in.Degree, Alpha: d.in.Alpha})
	if err != nil {
		return Output{}, err
	}
	for i := range r.Coefficients {
		r.Coefficients[i].Name = d.coefficientName(i)
	}
	notes := []string{"Limits and p assume independent residuals of equal spread; values in the order of time often are not independent."}
	if math.IsInf(float64(r.F), 0) {
		notes = append(notes, "The fit is exact: f and t are infinite and shown as null.")
	}
	notes = append(notes, failing(r.Assumptions, "with few rows go by the size of the effect")...)
	if d.in.NoIntercept {
		notes = append(notes, "Without an intercept r2 is about zero and cannot be compared with that of a fit with one.")
	}
	return Output{N: r.N, Missing: missing, Regression: &r, Notes: notes}, nil
}

func (d data) coefficientName(i int) string {
	if !d.in.NoIntercept {
		if i == 0 {
			return "intercept"
		}
		i--
	}
	name := "x"
	if d.in.Degree > 1 {
		if d.table != nil {
			name = d.in.X
		}
		if i == 0 {
			return name
		}
		return name + "^" + strconv.Itoa(i+1)
	}
	if d.table == nil {
		return name + strconv.Itoa(i+1)
	}
	return append([]string{d.in.X}, d.in.Predictors...)[i]
}

func (d data) compareTwo() (Output, error) {
	if d.in.Paired {
		return d.paired()
	}
	groups, missing, dates, err := d.groups()
	if err != nil {
		return Output{}, err
	}
	if len(groups) != 2 {
		return Output{}, refused("by", "%s compares two groups, there are %d: %s; keep two rows with where, or use anova", d.in.Operation, len(groups), groupNames(groups))
	}
	a, b := groups[0].values, groups[1].values
	out := Output{N: len(a) + len(b), Missing: missing, Notes: byYear(dates)}
	if d.in.Operation == "t_test" {
		t, err := WelchT(a, b, d.in.Alpha)
		if err != nil {
			return Output{}, err
		}
		if t.Groups, err = summarise(groups); err != nil {
			return Output{}, err
		}
		out.TTest = &t
		out.Notes = append(out.Notes, failing(t.Assumptions[:normality(t.Assumptions)], "with fewer than about 30 values each use mann_whitney")...)
		out.Notes = append(out.Notes, "The t test assumes independent samples; with fewer than about 30 values each, roughly normal ones.")
		return out, nil
	}
	m, err := MannWhitney(a, b)
	if err != nil {
		return Output{}, err
	}
	if m.Groups, err = summarise(groups); err != nil {
		return Output{}, err
	}
	out.MannWhitney = &m
	out.Notes = append(out.Notes, "The test compares ranks, not means or medians, and assumes independent samples.")
	if !m.Exact && min(len(a), len(b)) < 8 {
		out.Notes = append(out.Notes, "With ties in so small samples p is rough.")
	}
	return out, nil
}

func (d data) paired() (Output, error) {
	if d.in.Operation != "t_test" {
		return Output{}, refused("paired", "%s compares independent samples; pairs go with t_test", d.in.Operation)
	}
	columns, err := d.columns(2, 2, field{"x", d.in.X}, field{"y", d.in.Y})
	if err != nil {
		return Output{}, err
	}
	pairs, missing, err := completeRows(columns...)
	if err != nil {
		return Output{}, err
	}
	t, err := PairedT(pairs[0], pairs[1], d.in.Alpha)
	if err != nil {
		return Output{}, err
	}
	notes := []string{"The paired t test assumes roughly normal differences, less so with 30 pairs and more."}
	return Output{N: len(pairs[0]), Missing: missing, TTest: &t, Notes: notes}, nil
}

func (d data) anova() (Output, error) {
	groups, missing, dates, err := d.groups()
	if err != nil {
		return Output{}, err
	}
	if len(groups) > maxCategories {
		return Output{}, refused("by", "%d groups are more than %d; keep some with where", len(groups), maxCategories)
	}
	var samples [][]float64
	n := 0
	for _, g := range groups {
		if len(g.values) < 2 {
			return Output{}, refused("by", "group %q has %d value; every group needs at least 2", g.name, len(g.values))
		}
		samples = append(samples, g.values)
		n += len(g.values)
	}
	a, err := OneWay(samples)
	if err != nil {
		return Output{}, err
	}
	if a.Groups, err = summarise(groups); err != nil {
		return Output{}, err
	}
	notes := append(byYear(dates), "The analysis assumes independent, roughly normal groups of equal spread.")
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.name
	}
	a.Assumptions, a.Pairs = assume(names, samples, d.in.Alpha), comparePairs(groups, d.in.Alpha)
	notes = append(notes, failing(a.Assumptions, "compare the pairs, whose tests do not assume equal spread")...)
	if len(a.Pairs) > 1 {
		notes = append(notes, "Of the pairs go by p_holm, which counts how many were compared.")
	}
	least, most := math.Inf(1), 0.0
	for _, g := range a.Groups {
		least, most = min(least, g.SD), max(most, g.SD)
	}
	if most > 2*least {
		notes = append(notes, "The spreads of the groups differ more than twofold, so p is rough.")
	}
	return Output{N: n, Missing: missing, ANOVA: &a, Notes: notes}, nil
}

func (d data) chiSquare() (Output, error) {
	var out Output
	var counts [][]int
	if d.table == nil {
		for i, row := range d.in.Values {
			counts = append(counts, make([]int, len(row)))
			for j, v := range row {
				if float64(v) != math.Trunc(float64(v)) || !(math.Abs(float64(v)) < 1e9) {
					return Output{}, refused("values", "row %d holds %v, which is no count", i+1, float64(v))
				}
				counts[i][j] = int(v)
				out.N += int(v)
			}
		}
	} else {
		x, y, missing, dates, err := d.pairs()
		if err != nil {
			return Output{}, err
		}
		table := cross(x, y, maxCategories)
		if len(table.Rows) > maxCategories || len(table.Columns) > maxCategories {
			return Output{}, refused("x", "more than %d values on one side; keep some with where", maxCategories)
		}
		counts = table.Counts
		out = Output{N: len(x), Missing: missing, Crosstab: &table, Notes: byYear(dates)}
	}
	c, err := Independence(counts)
	if err != nil {
		return Output{}, err
	}
	if len(counts) == 2 && len(counts[0]) == 2 {
		risks, err := CompareRisks([2][2]int{{counts[0][0], counts[0][1]}, {counts[1][0], counts[1][1]}}, d.in.Alpha)
		if err != nil {
			return Output{}, err
		}
		c.Risks = &risks
		out.Notes = append(out.Notes, "The ratios compare the first row with the second, for what the first column counts.")
	}
	out.ChiSquare = &c
	if c.FisherP != nil && c.MinExpected < 5 {
		out.Notes = append(out.Notes, "An expected count is below 5: go by fisher_p.")
	}
	out.Notes = append(out.Notes, "The test assumes that rows are independent of each other.")
	return out, nil
}

// normality is how many of the assumptions come before that of equal spread,
// which Welch's test does not make.
func normality(assumptions []Assumption) int {
	for i, a := range assumptions {
		if a.Assumes != "normality" {
			return i
		}
	}
	return len(assumptions)
}

func groupNames(groups []named) string {
	const most = 8
	var names []string
	for _, g := range groups[:min(len(groups), most)] {
		names = append(names, g.name)
	}
	if len(groups) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
