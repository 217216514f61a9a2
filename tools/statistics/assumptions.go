package statistics

import (
	"fmt"
	"math"
	"slices"
)

// Assumption is what a test takes for granted, itself tested.
type Assumption struct {
	Assumes   string  `json:"assumes"`
	Of        string  `json:"of,omitempty"` // group or column
	Test      string  `json:"test"`
	Statistic float64 `json:"statistic"`
	P         float64 `json:"p"`
	Holds     bool    `json:"holds"` // P is not below alpha; with few values little is found
}

// The sizes that Royston's approximation is made for.
const (
	leastShapiro = 3
	mostShapiro  = 5000
)

// ShapiroWilk tests whether values come from a normal distribution: W, and p by
// Royston's approximation (1995, algorithm AS R94), for 3 to 5000 values that
// are not all equal.
func ShapiroWilk(values []float64) (w, p float64, err error) {
	n := len(values)
	if n < leastShapiro || n > mostShapiro {
		return 0, 0, refused("values", "a test of normality takes %d to %d values, not %d", leastShapiro, mostShapiro, n)
	}
	x := slices.Sorted(slices.Values(values))
	deviations, _ := centred(x)
	spread := dot(deviations, deviations).float()
	if spread <= 1e-28*float64(n)*max(x[0]*x[0], x[n-1]*x[n-1]) {
		return 0, 0, refused("values", "all values are equal")
	}
	a := shapiroWeights(n)
	b := 0.0
	for i, weight := range a {
		b += weight * (x[n-1-i] - x[i])
	}
	w = min(1, b*b/spread)
	return w, shapiroP(w, n), nil
}

// shapiroWeights are the weights of the differences of opposite order
// statistics, the widest first.
func shapiroWeights(n int) []float64 {
	if n == 3 {
		return []float64{math.Sqrt2 / 2}
	}
	m := make([]float64, n/2)
	squares := 0.0
	for i := range m {
		m[i] = -zQuantile((float64(i+1) - 0.375) / (float64(n) + 0.25))
		squares += 2 * m[i] * m[i]
	}
	root, u := math.Sqrt(squares), 1/math.Sqrt(float64(n))
	a := make([]float64, len(m))
	a[0] = polynomial(u, 0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056) + m[0]/root
	first := 1
	fac := math.Sqrt((squares - 2*m[0]*m[0]) / (1 - 2*a[0]*a[0]))
	if n > 5 {
		first = 2
		a[1] = polynomial(u, 0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633) + m[1]/root
		fac = math.Sqrt((squares - 2*m[0]*m[0] - 2*m[1]*m[1]) / (1 - 2*a[0]*a[0] - 2*a[1]*a[1]))
	}
	for i := first; i < len(a); i++ {
		a[i] = m[i] / fac
	}
	return a
}

func shapiroP(w float64, n int) float64 {
	if n == 3 {
		return max(0, 6/math.Pi*(math.Asin(math.Sqrt(w))-math.Asin(math.Sqrt(0.75))))
	}
	y, size := math.Log(1-w), float64(n)
	var mean, sd float64
	if n <= 11 {
		gamma := polynomial(size, -2.273, 0.459)
		if y >= gamma {
			return 1e-99
		}
		y = -math.Log(gamma - y)
		mean = polynomial(size, 0.544, -0.39978, 0.025054, -6.714e-4)
		sd = math.Exp(polynomial(size, 1.3822, -0.77857, 0.062767, -0.0020322))
	} else {
		size = math.Log(size)
		mean = polynomial(size, -1.5861, -0.31082, -0.083751, 0.0038915)
		sd = math.Exp(polynomial(size, -0.4803, -0.082676, 0.0030302))
	}
	return math.Erfc((y-mean)/sd/math.Sqrt2) / 2
}

// polynomial of x by its coefficients, the constant first.
func polynomial(x float64, coefficients ...float64) float64 {
	sum := 0.0
	for _, c := range slices.Backward(coefficients) {
		sum = sum*x + c
	}
	return sum
}

// BrownForsythe tests whether groups have one spread: Levene's test (1960) about
// the medians (Brown and Forsythe 1974).
func BrownForsythe(groups [][]float64) (f, p float64, err error) {
	about := make([][]float64, len(groups))
	for g, values := range groups {
		sorted := slices.Sorted(slices.Values(values))
		if len(sorted) == 0 {
			return 0, 0, refused("by", "group %d has no values", g+1)
		}
		middle := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
		for _, v := range values {
			about[g] = append(about[g], math.Abs(v-middle))
		}
	}
	a, err := OneWay(about)
	if err != nil {
		return 0, 0, fmt.Errorf("comparing spreads: %w", err)
	}
	return float64(a.F), a.P, nil
}

// DurbinWatson is the statistic of autocorrelation of residuals in their order
// (Durbin and Watson 1951): 2 where there is none, near 0 where neighbours are
// alike, near 4 where they alternate.
func DurbinWatson(residuals []float64) float64 {
	changes, squares := 0.0, 0.0
	for i, r := range residuals {
		squares += r * r
		if i > 0 {
			changes += (r - residuals[i-1]) * (r - residuals[i-1])
		}
	}
	return changes / squares
}

// assume tests normality of each sample, and equal spread of several. What
// cannot be tested (too few or too many values, none that vary) is left out.
func assume(names []string, samples [][]float64, alpha float64) []Assumption {
	var found []Assumption
	for i, values := range samples {
		if w, p, err := ShapiroWilk(values); err == nil {
			found = append(found, Assumption{"normality", names[i], "Shapiro-Wilk", w, p, p >= alpha})
		}
	}
	if len(samples) < 2 {
		return found
	}
	if f, p, err := BrownForsythe(samples); err == nil && !math.IsInf(f, 0) {
		found = append(found, Assumption{"equal spread", "", "Brown-Forsythe (Levene about medians)", f, p, p >= alpha})
	}
	return found
}

// failing says which assumptions do not hold, and what would do without.
func failing(assumptions []Assumption, instead string) []string {
	var notes []string
	for _, a := range assumptions {
		if !a.Holds {
			of := ""
			if a.Of != "" {
				of = " of " + a.Of
			}
			notes = append(notes, fmt.Sprintf("The assumption of %s%s does not hold (%s, p = %.2g); %s.", a.Assumes, of, a.Test, a.P, instead))
		}
	}
	return notes
}
