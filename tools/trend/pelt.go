package trend

import "math"

// minSegment is how many values lie between two changes, at least.
const minSegment = 2

// PELT finds all changes of level of a complete series (Killick, Fearnhead and
// Eckley 2012): the indices of the first values after each change. It minimises
// the squared residuals over the variance of the noise plus 3·log n for each
// change, exactly; the noise is taken from the differences of neighbours, so
// that the levels do not count as noise. Values that depend on their neighbours
// give too many changes.
func PELT(x []float64) []int {
	n := len(x)
	noise := noiseVariance(x)
	if n < 2*minSegment || noise == 0 {
		return nil
	}
	centre := mean(x)
	sums, squares := make([]float64, n+1), make([]float64, n+1)
	for i, v := range x {
		sums[i+1], squares[i+1] = sums[i]+(v-centre), squares[i]+(v-centre)*(v-centre)
	}
	cost := func(from, to int) float64 {
		d := sums[to] - sums[from]
		return max(0, squares[to]-squares[from]-d*d/float64(to-from)) / noise
	}
	penalty := 3 * math.Log(float64(n))
	best, previous := make([]float64, n+1), make([]int, n+1)
	best[0] = -penalty
	candidates := []int{0}
	for to := minSegment; to <= n; to++ {
		best[to] = math.Inf(1)
		for _, from := range candidates {
			if total := best[from] + cost(from, to) + penalty; to-from >= minSegment && total < best[to] {
				best[to], previous[to] = total, from
			}
		}
		kept := candidates[:0]
		for _, from := range candidates { // those that can still be best for a later end
			if to-from < minSegment || best[from]+cost(from, to) <= best[to] {
				kept = append(kept, from)
			}
		}
		candidates = kept
		if next := to - minSegment + 1; next >= minSegment {
			candidates = append(candidates, next)
		}
	}
	var changes []int
	for at := previous[n]; at > 0; at = previous[at] {
		changes = append([]int{at}, changes...)
	}
	return changes
}

// noiseVariance is the variance of values about their level, from the median
// size of the differences of neighbours; where more than half of them are zero,
// from their squares.
func noiseVariance(x []float64) float64 {
	if len(x) < 2 {
		return 0
	}
	sizes, squares := make([]float64, len(x)-1), 0.0
	for i := range sizes {
		sizes[i] = math.Abs(x[i+1] - x[i])
		squares += sizes[i] * sizes[i]
	}
	const normal = 0.6744897501960817 // the median size of a standard normal value
	if typical := median(sizes) / normal; typical > 0 {
		return typical * typical / 2
	}
	return squares / float64(len(sizes)) / 2
}
