package trend

import (
	"fmt"
	"math"
)

// correlatedCycles is how many complete cycles the test for dependent seasons
// wants (Hirsch and Slack 1984).
const correlatedCycles = 10

var testNames = map[string]string{
	"original":                 "Mann-Kendall test",
	"hamed_rao":                "Mann-Kendall test with Hamed-Rao correction",
	"yue_wang":                 "Mann-Kendall test with Yue-Wang correction",
	"pre_whitening":            "Mann-Kendall test after pre-whitening",
	"trend_free_pre_whitening": "Mann-Kendall test after trend-free pre-whitening",
	"seasonal":                 "seasonal Mann-Kendall test (Hirsch-Slack)",
	"correlated_seasonal":      "seasonal Mann-Kendall test for dependent seasons (Hirsch-Slack)",
	"regional":                 "regional Mann-Kendall test",
	"correlated_multivariate":  "multivariate Mann-Kendall test for dependent sites (Hirsch-Slack)",
	"partial":                  "partial Mann-Kendall test",
}

// choice is the test that fits a series, and why.
type choice struct {
	method string
	why    string
}

// choose picks a test: the seasonal one where the seasons differ (over dependent
// seasons when autocorrelation is left and the record is long enough), the
// Hamed-Rao correction where the detrended ranks are autocorrelated at lag 1,
// the original otherwise.
func choose(values []float64, slope float64, season *Season, alpha float64) choice {
	if season != nil && season.Significant {
		r1, bound := RankAutocorrelation(deseasoned(values, season), alpha)
		cycles := len(completeSteps(seasons(values, season.Length))[0])
		if math.Abs(r1) > bound && cycles >= correlatedCycles {
			return choice{"correlated_seasonal", fmt.Sprintf("The test for dependent seasons was chosen: the seasons differ (Kruskal-Wallis p = %s) and what is left is autocorrelated (r₁ = %.2f, limit %.2f).", formatP(season.P), r1, bound)}
		}
		return choice{"seasonal", fmt.Sprintf("The seasonal test was chosen: the seasons differ (Kruskal-Wallis p = %s).", formatP(season.P))}
	}
	r1, bound := rankAutocorrelation(values, slope, alpha)
	if math.Abs(r1) <= bound {
		return choice{"original", fmt.Sprintf("The original test was chosen: the detrended ranks are not autocorrelated at lag 1 (r₁ = %.2f, limit %.2f).", r1, bound)}
	}
	why := fmt.Sprintf("the detrended ranks are autocorrelated at lag 1 (r₁ = %.2f, limit %.2f)", r1, bound)
	if _, err := hamedRao(values, slope, alpha, 0); err != nil {
		return choice{"trend_free_pre_whitening", "Trend-free pre-whitening was chosen: " + why + ", and the Hamed-Rao correction leaves no positive variance here."}
	}
	return choice{"hamed_rao", "The Hamed-Rao correction was chosen: " + why + "."}
}

// run does the test of that name, and gives the slope that goes with it: plain
// is that of the series as a whole.
func (f frame) run(method string, plain Slope, in Input, length int) (Test, Slope, error) {
	slope := plain
	var test Test
	var err error
	switch method {
	case "hamed_rao":
		test, err = hamedRao(f.values, plain.Value, in.Alpha, in.Lag)
	case "yue_wang":
		test, err = yueWang(f.values, plain.Value, in.Lag)
	case "pre_whitening":
		test = PreWhitening(f.values)
	case "trend_free_pre_whitening":
		test = trendFree(f.values, plain.Value)
	case "seasonal":
		test, slope = Seasonal(f.values, length), SeasonalTheilSen(f.values, length)
	case "correlated_seasonal":
		test, slope = CorrelatedSeasonal(f.values, length), SeasonalTheilSen(f.values, length)
	case "regional":
		test, slope = Regional(f.siteValues()), RegionalTheilSen(f.siteValues())
	case "correlated_multivariate":
		test, slope = CorrelatedMultivariate(f.siteValues()), RegionalTheilSen(f.siteValues())
	case "partial":
		test, err = Partial(f.values, f.covariate)
	default:
		test = MannKendall(f.values)
	}
	if err != nil {
		return Test{}, Slope{}, inputErrorf("method", "%s does not fit these data: %v; try trend_free_pre_whitening or original", method, err)
	}
	return test, slope, nil
}

func (f frame) siteValues() [][]float64 {
	out := make([][]float64, len(f.sites))
	for i, s := range f.sites {
		out[i] = s.values
	}
	return out
}

func isSeasonal(method string) bool { return method == "seasonal" || method == "correlated_seasonal" }

func deseasoned(values []float64, season *Season) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v - season.Indices[i%season.Length].Index
	}
	return out
}

func formatP(p float64) string {
	if p < 0.0001 {
		return fmt.Sprintf("%.1e", p)
	}
	return fmt.Sprintf("%.4f", p)
}
