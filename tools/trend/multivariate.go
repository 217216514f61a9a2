package trend

import (
	"math"
	"slices"
)

// Regional sums S and Var(S) over several series of the same period, one for
// each site, taken as independent (Helsel and Frans 2006).
func Regional(series [][]float64) Test {
	var total Test
	all := 0.0
	for _, values := range series {
		t := MannKendall(values)
		total.N += t.N
		total.S += t.S
		total.VarS += t.VarS
		if t.N > 1 {
			all += pairs(t.N)
		}
	}
	total.Tau = total.S / max(1, all)
	return finish(total)
}

// Seasonal compares only values of the same season, one coming again every
// length steps, and sums S and Var(S) over the seasons (Hirsch, Slack and
// Smith 1982).
func Seasonal(values []float64, length int) Test { return Regional(seasons(values, length)) }

// CorrelatedMultivariate is the test over several series that depend on each
// other: Var(S) is the sum of all covariances between their S (Hirsch and
// Slack 1984), with
//
//	cov(S_g, S_h) = [K_gh + 4 Σ R_g R_h − n(n+1)²] / 3
//
// where K is Kendall's sum of both series and R are mid-ranks, and z without a continuity correction. Steps with a value missing in any
// series are left out of all.
func CorrelatedMultivariate(series [][]float64) Test {
	var t Test
	if series = completeSteps(series); len(series) == 0 || len(series[0]) == 0 {
		return finish(t)
	}
	n := len(series[0])
	ranked := make([][]float64, len(series))
	for g, x := range series {
		ranked[g] = ranks(x)
		t.S += score(x)
		t.N += n
	}
	for g := range series {
		for h := range series {
			t.VarS += covariance(series[g], series[h], ranked[g], ranked[h])
		}
	}
	t.Tau = t.S / (pairs(n) * float64(len(series)))
	return withoutContinuity(t)
}

// CorrelatedSeasonal is [CorrelatedMultivariate] over the seasons of a series.
// It wants about ten cycles or more.
func CorrelatedSeasonal(values []float64, length int) Test {
	return CorrelatedMultivariate(seasons(values, length))
}

// Partial tests the series given the covariate (Libiseller and Grimvall 2002):
//
//	S = S_x − ρ S_y,  Var(S) = (1 − ρ²) n(n−1)(2n+5)/18
//
// with ρ the correlation of the two statistics. Tau is that of the series
// alone. Steps where either is missing are left out.
func Partial(values, covariate []float64) (Test, error) {
	both := completeSteps([][]float64{values, covariate})
	x, y := both[0], both[1]
	n := float64(len(x))
	full := n * (n - 1) * (2*n + 5) / 18
	rho := covariance(x, y, ranks(x), ranks(y)) / full
	t := Test{N: len(x), S: score(x) - rho*score(y), VarS: (1 - rho*rho) * full, Tau: score(x) / pairs(len(x))}
	if !(t.VarS > 0) {
		return Test{}, ErrVariance
	}
	return withoutContinuity(t), nil
}

func withoutContinuity(t Test) Test {
	if t.VarS > 0 {
		t.Z = t.S / math.Sqrt(t.VarS)
	}
	t.P = twoSided(t.Z)
	return t
}

func covariance(x, y, rx, ry []float64) float64 {
	n := float64(len(x))
	k := 0
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			k += sign(x[j]-x[i]) * sign(y[j]-y[i])
		}
	}
	return (float64(k) + 4*dot(rx, ry) - n*(n+1)*(n+1)) / 3
}

func sign(v float64) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	default:
		return 0
	}
}

// completeSteps keeps the steps at which every series has a value.
func completeSteps(series [][]float64) [][]float64 {
	out := make([][]float64, len(series))
	if len(series) == 0 {
		return out
	}
	for i := range slices.MinFunc(series, func(a, b []float64) int { return len(a) - len(b) }) {
		if slices.ContainsFunc(series, func(x []float64) bool { return math.IsNaN(x[i]) }) {
			continue
		}
		for g, x := range series {
			out[g] = append(out[g], x[i])
		}
	}
	return out
}
