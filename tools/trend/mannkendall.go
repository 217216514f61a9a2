package trend

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// ErrVariance is wrapped when a correction leaves the variance of S without a
// positive value, so that no z exists.
var ErrVariance = errors.New("the corrected variance of S is not positive")

// Test is the outcome of a Mann-Kendall test of any kind.
type Test struct {
	N    int     // values that entered the test
	S    float64 // the sum of the signs of all later-minus-earlier differences
	VarS float64 // its variance under the hypothesis of no trend
	Z    float64 // the standardised statistic
	P    float64 // two-sided, by the normal approximation
	Tau  float64 // S over the number of pairs (Kendall's tau-a)
}

// Significant tells whether P lies below alpha.
func (t Test) Significant(alpha float64) bool { return t.P < alpha }

// Direction names the trend that a test at level alpha finds: "increasing",
// "decreasing" or "no trend".
func (t Test) Direction(alpha float64) string {
	switch {
	case !t.Significant(alpha):
		return "no trend"
	case t.Z > 0:
		return "increasing"
	default:
		return "decreasing"
	}
}

// MannKendall is the original test (Mann 1945; Kendall 1975) with the variance
// corrected for ties and z for continuity:
//
//	S = Σ sign(x_j − x_i), i < j
//	Var(S) = [n(n−1)(2n+5) − Σ t(t−1)(2t+5)] / 18 over groups of t ties
//	z = (S ∓ 1)/√Var(S)
//
// NaN is a missing value and is left out.
func MannKendall(values []float64) Test {
	x := present(values)
	return finish(Test{N: len(x), S: score(x), VarS: tieVariance(x), Tau: score(x) / pairs(len(x))})
}

// HamedRao multiplies Var(S) by the factor of Hamed and Rao (1998):
//
//	1 + 2/(n(n−1)(n−2)) Σ_k (n−k)(n−k−1)(n−k−2) r_k
//
// over the lags k whose autocorrelation r_k of the ranks of the detrended
// series is significant at alpha. lag limits k; 0 means all lags. The trend is
// removed with Sen's slope.
func HamedRao(values []float64, alpha float64, lag int) (Test, error) {
	return hamedRao(values, TheilSen(values).Value, alpha, lag)
}

func hamedRao(values []float64, slope, alpha float64, lag int) (Test, error) {
	x := present(values)
	n := float64(len(x))
	r := Autocorrelation(ranks(detrend(x, slope)), lags(lag, len(x)))
	bound := quantile(1-alpha/2) / math.Sqrt(n)
	sum := 0.0
	for k := 1; k < len(r); k++ {
		if math.Abs(r[k]) > bound {
			rest := n - float64(k)
			sum += rest * (rest - 1) * (rest - 2) * r[k]
		}
	}
	return corrected(x, 1+2/(n*(n-1)*(n-2))*sum)
}

// YueWang multiplies Var(S) by the factor of Yue and Wang (2004):
//
//	1 + 2 Σ_k (1 − k/n) r_k
//
// with r_k the autocorrelation of the detrended series. lag limits k; 0 means
// all lags.
func YueWang(values []float64, lag int) (Test, error) {
	return yueWang(values, TheilSen(values).Value, lag)
}

func yueWang(values []float64, slope float64, lag int) (Test, error) {
	x := present(values)
	r := Autocorrelation(detrend(x, slope), lags(lag, len(x)))
	sum := 0.0
	for k := 1; k < len(r); k++ {
		sum += (1 - float64(k)/float64(len(x))) * r[k]
	}
	return corrected(x, 1+2*sum)
}

// PreWhitening tests x_t − r₁x_{t−1}, with r₁ the lag-1 autocorrelation of the
// series (Yue and Wang 2002).
func PreWhitening(values []float64) Test {
	x := present(values)
	return MannKendall(whiten(x))
}

// TrendFreePreWhitening removes Sen's slope, pre-whitens what is left and
// tests it with the slope put back (Yue et al. 2002).
func TrendFreePreWhitening(values []float64) Test {
	return trendFree(values, TheilSen(values).Value)
}

func trendFree(values []float64, slope float64) Test {
	white := whiten(detrend(present(values), slope))
	for i := range white {
		white[i] += float64(i+1) * slope
	}
	return MannKendall(white)
}

// Autocorrelation gives r_0 … r_lags of a series without missing values, each
// covariance divided by n (Box and Jenkins). A constant series has r_k = 0 for
// k > 0.
func Autocorrelation(x []float64, lags int) []float64 {
	n := len(x)
	mean := mean(x)
	d := make([]float64, n)
	for i := range x {
		d[i] = x[i] - mean
	}
	r := make([]float64, lags+1)
	r[0] = 1
	total := dot(d, d)
	if total == 0 {
		return r
	}
	for k := 1; k <= lags && k < n; k++ {
		r[k] = dot(d[k:], d[:n-k]) / total
	}
	return r
}

// RankAutocorrelation is the lag-1 autocorrelation of the ranks of the series
// after Sen's slope is taken out, and the bound ±z_{1−α/2}/√n beyond which it
// is significant.
func RankAutocorrelation(values []float64, alpha float64) (r1, bound float64) {
	return rankAutocorrelation(values, TheilSen(values).Value, alpha)
}

func rankAutocorrelation(values []float64, slope, alpha float64) (r1, bound float64) {
	x := present(values)
	if len(x) < 3 {
		return 0, math.Inf(1)
	}
	r := Autocorrelation(ranks(detrend(x, slope)), 1)
	return r[1], quantile(1-alpha/2) / math.Sqrt(float64(len(x)))
}

func corrected(x []float64, factor float64) (Test, error) {
	t := Test{N: len(x), S: score(x), VarS: tieVariance(x) * factor, Tau: score(x) / pairs(len(x))}
	if t.S != 0 && !(t.VarS > 0) {
		return Test{}, fmt.Errorf("%w (factor %.4g)", ErrVariance, factor)
	}
	return finish(t), nil
}

// finish adds z with the continuity correction, and p.
func finish(t Test) Test {
	switch {
	case t.S > 0:
		t.Z = (t.S - 1) / math.Sqrt(t.VarS)
	case t.S < 0:
		t.Z = (t.S + 1) / math.Sqrt(t.VarS)
	}
	t.P = twoSided(t.Z)
	return t
}

func score(x []float64) float64 {
	s := 0
	for i := range x {
		for _, later := range x[i+1:] {
			switch {
			case later > x[i]:
				s++
			case later < x[i]:
				s--
			}
		}
	}
	return float64(s)
}

func tieVariance(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	term := func(n float64) float64 { return n * (n - 1) * (2*n + 5) }
	total := term(float64(len(x)))
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		total -= term(float64(j - i))
		i = j
	}
	return total / 18
}

func whiten(x []float64) []float64 {
	r1 := Autocorrelation(x, 1)[1]
	white := make([]float64, 0, len(x))
	for i := 1; i < len(x); i++ {
		white = append(white, x[i]-x[i-1]*r1)
	}
	return white
}

// detrend takes the slope, that of the series with its gaps, out of the values
// that are present.
func detrend(x []float64, slope float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i] - float64(i+1)*slope
	}
	return out
}

func lags(limit, n int) int {
	if limit <= 0 || limit > n-1 {
		return max(n-1, 1)
	}
	return limit
}

// twoSided is 2(1 − Φ(|z|)), by erfc so that small values keep their digits.
func twoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

func quantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }

func pairs(n int) float64 { return max(1, float64(n)*float64(n-1)/2) }
