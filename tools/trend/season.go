package trend

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// SeasonalIndices is the additive seasonal figure of a series by classical
// decomposition: the mean, for each season, of the value minus the centred
// moving average over one cycle, shifted so that the indices sum to zero.
// Deviations holds value minus moving average (NaN at the ends and beside
// missing values), which [KruskalWallis] can test by season.
func SeasonalIndices(values []float64, length int) (indices, deviations []float64) {
	deviations = make([]float64, len(values))
	for i := range values {
		deviations[i] = values[i] - centredAverage(values, i, length)
	}
	indices = make([]float64, length)
	for s, group := range seasons(deviations, length) {
		indices[s] = mean(present(group))
	}
	if level := mean(indices); !math.IsNaN(level) {
		for s := range indices {
			indices[s] -= level
		}
	}
	return indices, deviations
}

// centredAverage is over length steps about i, half the weight on both ends
// when length is even; NaN where the window leaves the series.
func centredAverage(values []float64, i, length int) float64 {
	half := length / 2
	if i-half < 0 || i+half >= len(values) {
		return math.NaN()
	}
	window := values[i-half : i+half+1]
	if length%2 == 1 {
		return mean(window)
	}
	return (sum(window) - window[0]/2 - window[len(window)-1]/2) / float64(length)
}

// KruskalWallis tests whether groups share one distribution (Kruskal and
// Wallis 1952): H with the correction for ties, and p from χ² with groups − 1
// degrees of freedom. NaN is left out, and so are groups without values. With
// fewer than two groups, or all values equal, H is 0 and p is 1.
func KruskalWallis(groups [][]float64) (h, p float64) {
	var all []float64
	var sizes []int
	for _, g := range groups {
		if g = present(g); len(g) > 0 {
			all, sizes = append(all, g...), append(sizes, len(g))
		}
	}
	n := float64(len(all))
	if len(sizes) < 2 {
		return 0, 1
	}
	ranked := ranks(all)
	between, at := 0.0, 0
	for _, size := range sizes {
		total := sum(ranked[at : at+size])
		between += total * total / float64(size)
		at += size
	}
	// Σ(r − r̄)² is n(n²−1)/12 less what ties take away.
	spread := dot(ranked, ranked) - n*(n+1)*(n+1)/4
	if spread <= 0 {
		return 0, 1
	}
	h = max(0, (n-1)*(between-n*(n+1)*(n+1)/4)/spread)
	return h, distuv.ChiSquared{K: float64(len(sizes) - 1)}.Survival(h)
}
