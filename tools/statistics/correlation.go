package statistics

import "math"

// Correlation holds two coefficients of correlation of the same pairs.
type Correlation struct {
	N         int     `json:"n"`
	Pearson   float64 `json:"pearson"`
	Low       float64 `json:"pearson_low"` // limits by Fisher's z, from 4 pairs on
	High      float64 `json:"pearson_high"`
	PearsonP  float64 `json:"pearson_p"` // two-sided, by t with n − 2 degrees of freedom
	Spearman  float64 `json:"spearman"`
	SpearmanP float64 `json:"spearman_p"` // two-sided, by t with n − 2 degrees of freedom
}

// Correlate gives Pearson's r and Spearman's rank correlation (ties share their
// mean rank) of at least three pairs without NaN.
func Correlate(x, y []float64, alpha float64) (Correlation, error) {
	if len(x) != len(y) || len(x) < 3 {
		return Correlation{}, refused("values", "%d and %d values are no pairs; at least 3 pairs are needed", len(x), len(y))
	}
	r, ok := pearson(x, y)
	if !ok {
		return Correlation{}, refused("values", "one of the two does not vary, so there is no correlation")
	}
	rx, _ := ranks(x)
	ry, _ := ranks(y)
	rho, _ := pearson(rx, ry)
	n := float64(len(x))
	c := Correlation{N: len(x), Pearson: r, PearsonP: correlationP(r, n), Spearman: rho, SpearmanP: correlationP(rho, n)}
	c.Low, c.High = -1, 1
	if n > 3 {
		half := zQuantile(1-alpha/2) / math.Sqrt(n-3)
		c.Low, c.High = math.Tanh(math.Atanh(r)-half), math.Tanh(math.Atanh(r)+half)
	}
	return c, nil
}

func pearson(x, y []float64) (r float64, ok bool) {
	dx, _ := centred(x)
	dy, _ := centred(y)
	product := dot(dx, dx).mul(dot(dy, dy))
	if product.hi <= 0 {
		return 0, false
	}
	return min(1, max(-1, dot(dx, dy).div(product.sqrt()).float())), true
}

func correlationP(r, n float64) float64 {
	if r*r >= 1 {
		return 0
	}
	return tTail(r*math.Sqrt((n-2)/(1-r*r)), n-2)
}
