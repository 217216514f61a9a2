package statistics

import (
	"math"
	"slices"
)

// Summary describes one sample. SD, Variance and what follows from them need
// two values, Skewness three and Kurtosis four; they are 0 below that.
type Summary struct {
	N        int     `json:"n"`
	Sum      float64 `json:"sum"`
	Mean     float64 `json:"mean"`
	SD       float64 `json:"sd"` // denominator n − 1
	Variance float64 `json:"variance"`
	SE       float64 `json:"se"`       // of the mean
	Low      float64 `json:"mean_low"` // limits of the mean, by t
	High     float64 `json:"mean_high"`
	Min      float64 `json:"min"`
	Q1       float64 `json:"q1"` // by linear interpolation (Hyndman and Fan, type 7)
	Median   float64 `json:"median"`
	Q3       float64 `json:"q3"`
	Max      float64 `json:"max"`
	Skewness float64 `json:"skewness"` // adjusted Fisher-Pearson G₁
	Kurtosis float64 `json:"kurtosis"` // excess, adjusted G₂
	Lag1     float64 `json:"lag1"`     // autocorrelation in the order of the rows
}

// Describe summarises values without NaN; alpha is the level of the limits of
// the mean. Moments are sums of powers of deviations from the mean in double
// precision twice over, so they hold at least 13 digits where the cells are
// decimals.
func Describe(values []float64, alpha float64) (Summary, error) {
	n := float64(len(values))
	if n == 0 {
		return Summary{}, refused("column", "there are no values")
	}
	d, mean := centred(values)
	sorted := slices.Sorted(slices.Values(values))
	s := Summary{
		N: len(values), Sum: mean.mul(from(n)).float(), Mean: mean.float(), Low: mean.float(), High: mean.float(),
		Min: sorted[0], Q1: quantile(sorted, 0.25), Median: quantile(sorted, 0.5), Q3: quantile(sorted, 0.75), Max: sorted[len(sorted)-1],
	}
	if n < 2 {
		return s, nil
	}
	squares := dot(d, d)
	if squares.hi == 0 && s.Min != s.Max {
		return Summary{}, refused("column", "the values differ by less than can be squared; give them in a smaller unit")
	}
	variance := squares.div(from(n - 1))
	s.Variance, s.SD = variance.float(), variance.sqrt().float()
	s.SE = variance.div(from(n)).sqrt().float()
	half := tQuantile(1-alpha/2, n-1) * s.SE
	s.Low, s.High = s.Mean-half, s.Mean+half
	if s.SD == 0 {
		return s, nil
	}
	s.Lag1 = dot(d[1:], d[:len(d)-1]).div(squares).float()
	s.Skewness, s.Kurtosis = shape(d, squares.float())
	return s, nil
}

func shape(d []double, squares float64) (skewness, kurtosis float64) {
	n := float64(len(d))
	spread := math.Sqrt(squares / n)
	var cubes, fourths double
	for _, v := range d {
		z := v.float() / spread
		cubes = cubes.add(from(z * z * z))
		fourths = fourths.add(from(z * z * z * z))
	}
	if n > 2 {
		skewness = math.Sqrt(n*(n-1)) / (n - 2) * cubes.float() / n
	}
	if n > 3 {
		kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n+1)*(fourths.float()/n-3) + 6)
	}
	return skewness, kurtosis
}

// quantile of sorted values by linear interpolation.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	share := at - float64(below)
	return sorted[below]*(1-share) + sorted[below+1]*share
}
