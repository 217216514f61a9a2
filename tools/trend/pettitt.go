package trend

import "math"

// Shift is what [Pettitt] finds.
type Shift struct {
	At int     // index of the first value after the change
	K  float64 // max |U_t|
	P  float64 // two-sided
}

// Pettitt looks for one change of level (Pettitt 1979): K = max|U_t| with
// U_t = 2 Σ_{i≤t} R_i − t(n+1) over the ranks R, and the approximate
// p = 2·exp(−6K²/(n³+n²)), which is good for p ≤ 0.5. The values must be
// complete; fewer than two give a zero Shift with P = 1.
func Pettitt(x []float64) Shift {
	n := float64(len(x))
	best := Shift{P: 1}
	u := 0.0
	for i, r := range ranks(x) {
		if u += 2*r - (n + 1); i+1 < len(x) && math.Abs(u) > best.K {
			best.K, best.At = math.Abs(u), i+1
		}
	}
	if best.K > 0 {
		best.P = min(1, 2*math.Exp(-6*best.K*best.K/(n*n*n+n*n)))
	}
	return best
}
