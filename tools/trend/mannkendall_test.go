package trend_test

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/trend"
)

const alpha = 0.05

type referenceCases struct {
	Series struct {
		One []tools.Number   `json:"arbitrary_1d_data"`
		Two [][]tools.Number `json:"arbitrary_2d_data"`
	} `json:"series"`
	Cases []struct {
		Call   string         `json:"call"`
		Expect map[string]any `json:"expect"`
	} `json:"cases"`
}

var callPattern = regexp.MustCompile(`^mk\.(\w+)\((\w+)(?:, (?:lag|period)=(\d+))?\)$`)

// TestReferenceCases compares every field of every recorded call of a reference
// implementation with ours.
func TestReferenceCases(t *testing.T) {
	t.Parallel()
	var reference referenceCases
	toolstest.ReadJSON(t, toolstest.Data(t, "mann-kendall", "cases.json"), &reference)
	series := referenceSeries(reference)
	fields := 0
	for _, c := range reference.Cases {
		call := callPattern.FindStringSubmatch(c.Call)
		if call == nil {
			t.Errorf("unknown call %q", c.Call)
			continue
		}
		option, _ := strconv.Atoi(call[3])
		got := runReference(t, call[1], series[call[2]], option)
		for field, want := range c.Expect {
			fields++
			name, round := strings.CutPrefix(field, "round:")
			value, known := got[name]
			if !known {
				t.Errorf("%s: field %q is not computed", c.Call, field)
				continue
			}
			if number, ok := value.(float64); ok && round {
				value = math.Round(number)
			}
			if !agrees(value, want) {
				t.Errorf("%s: %s = %v, want %v", c.Call, field, value, want)
			}
		}
	}
	if len(reference.Cases) == 0 || fields < len(reference.Cases) {
		t.Errorf("compared only %d fields of %d calls", fields, len(reference.Cases))
	}
	t.Logf("%d calls, %d fields agree", len(reference.Cases), fields)
}

func agrees(got, want any) bool {
	number, ok := want.(float64)
	if !ok {
		return got == want
	}
	value := got.(float64)
	if number == 0 {
		return math.Abs(value) <= 1e-9
	}
	return math.Abs(value-number) <= 1e-9*math.Abs(number)
}

func referenceSeries(r referenceCases) map[string][][]float64 {
	noise := rand.New(rand.NewPCG(1, 2))
	flat, rising := make([]float64, 360), make([]float64, 360)
	for i := range flat {
		flat[i] = 7
		rising[i] = float64(i) + noise.Float64()/1e13
	}
	columns := make([][]float64, 2)
	for _, row := range r.Series.Two {
		for g, v := range tools.Floats(row) {
			columns[g] = append(columns[g], v)
		}
	}
	return map[string][][]float64{
		"NoTrendData":       {flat},
		"NoTrend2dData":     {flat, flat},
		"TrendData":         {rising},
		"arbitrary_1d_data": {tools.Floats(r.Series.One)},
		"arbitrary_2d_data": columns,
	}
}

func runReference(t *testing.T, name string, x [][]float64, option int) map[string]any {
	t.Helper()
	slope := trend.TheilSen(x[0])
	var test trend.Test
	var err error
	switch name {
	case "sens_slope":
		return map[string]any{"slope": slope.Value, "intercept": slope.Intercept}
	case "seasonal_sens_slope":
		slope = trend.SeasonalTheilSen(x[0], 12)
		return map[string]any{"slope": slope.Value, "intercept": slope.Intercept}
	case "original_test":
		test = trend.MannKendall(x[0])
	case "hamed_rao_modification_test":
		test, err = trend.HamedRao(x[0], alpha, option)
	case "yue_wang_modification_test":
		test, err = trend.YueWang(x[0], option)
	case "pre_whitening_modification_test":
		test = trend.PreWhitening(x[0])
	case "trend_free_pre_whitening_modification_test":
		test = trend.TrendFreePreWhitening(x[0])
	case "seasonal_test":
		test, slope = trend.Seasonal(x[0], option), trend.SeasonalTheilSen(x[0], option)
	case "regional_test":
		test, slope = trend.Regional(x), trend.RegionalTheilSen(x)
	case "correlated_multivariate_test":
		test, slope = trend.CorrelatedMultivariate(x), trend.RegionalTheilSen(x)
	case "correlated_seasonal_test":
		test, slope = trend.CorrelatedSeasonal(x[0], option), trend.SeasonalTheilSen(x[0], option)
	case "partial_test":
		test, err = trend.Partial(x[0], x[1])
	default:
		t.Errorf("unknown test %q", name)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return map[string]any{
		"trend": test.Direction(alpha), "h": test.Significant(alpha), "p": test.P, "z": test.Z,
		"Tau": test.Tau, "s": test.S, "var_s": test.VarS, "slope": slope.Value, "intercept": slope.Intercept,
	}
}
