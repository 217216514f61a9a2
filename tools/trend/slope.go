package trend

import (
	"math"
	"slices"
)

// Slope is Sen's estimate of the change per step, with the value at step 0
// and, after [Slope.Interval], its limits. The pairwise slopes stay inside, so
// that limits can be had for any variance.
type Slope struct {
	Value     float64
	Intercept float64
	sorted    []float64
}

// TheilSen is the median of (x_j − x_i)/(j − i) over all pairs i < j (Theil
// 1950; Sen 1968). The intercept is median(x) − slope·median(index) (Conover
// 1980). NaN is a missing value: its position counts, its pairs do not.
func TheilSen(values []float64) Slope {
	s := pooled([][]float64{values})
	s.Intercept = intercept(values, s.Value, 1)
	return s
}

// SeasonalTheilSen is the median of the slopes between values of the same
// season, a season coming again every length steps: the change per cycle of
// length steps (Hirsch, Slack and Smith 1982).
func SeasonalTheilSen(values []float64, length int) Slope {
	s := pooled(seasons(values, length))
	s.Intercept = intercept(values, s.Value, length)
	return s
}

// RegionalTheilSen is the median of the slopes within each of several series
// of the same period. The intercept is taken over all their values.
func RegionalTheilSen(series [][]float64) Slope {
	s := pooled(series)
	var all, index []float64
	for _, x := range series {
		for i, v := range x {
			if !math.IsNaN(v) {
				all, index = append(all, v), append(index, float64(i))
			}
		}
	}
	if len(all) > 0 {
		s.Intercept = median(all) - median(index)*s.Value
	}
	return s
}

// Interval gives the limits of the slope at the confidence 1 − alpha for the
// variance of S (Sen 1968; Gilbert 1987, section 16.5): the slopes of rank
// (N − C)/2 and (N + C)/2 + 1 with C = z_{1−α/2}·√Var(S), interpolated between
// ranks and held within the smallest and the largest slope.
func (s Slope) Interval(varS, alpha float64) (low, high float64) {
	n := float64(len(s.sorted))
	c := quantile(1-alpha/2) * math.Sqrt(max(varS, 0))
	return s.atRank((n - c) / 2), s.atRank((n+c)/2 + 1)
}

func (s Slope) atRank(rank float64) float64 {
	if len(s.sorted) == 0 {
		return s.Value
	}
	rank = min(max(rank, 1), float64(len(s.sorted)))
	below := int(rank)
	share := rank - float64(below)
	if share == 0 {
		return s.sorted[below-1]
	}
	return s.sorted[below-1]*(1-share) + s.sorted[below]*share
}

func pooled(series [][]float64) Slope {
	size := 0
	for _, x := range series {
		size += len(x) * (len(x) - 1) / 2
	}
	slopes := make([]float64, 0, size)
	for _, x := range series {
		for i := range x {
			for j := i + 1; j < len(x); j++ {
				if slope := (x[j] - x[i]) / float64(j-i); !math.IsNaN(slope) {
					slopes = append(slopes, slope)
				}
			}
		}
	}
	slices.Sort(slopes)
	if len(slopes) == 0 {
		return Slope{}
	}
	return Slope{Value: sortedMedian(slopes), sorted: slopes}
}

func intercept(values []float64, slope float64, length int) float64 {
	var at []float64
	for i, v := range values {
		if !math.IsNaN(v) {
			at = append(at, float64(i))
		}
	}
	if len(at) == 0 {
		return 0
	}
	return median(present(values)) - median(at)/float64(length)*slope
}

// seasons splits a series into one series for each season, the last cycle
// filled up with missing values.
func seasons(values []float64, length int) [][]float64 {
	cycles := (len(values) + length - 1) / length
	out := make([][]float64, length)
	for season := range out {
		out[season] = make([]float64, cycles)
		for cycle := range cycles {
			out[season][cycle] = math.NaN()
			if i := cycle*length + season; i < len(values) {
				out[season][cycle] = values[i]
			}
		}
	}
	return out
}
