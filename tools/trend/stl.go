package trend

import (
	"math"
	"slices"
)

// STLOptions of a decomposition. The windows are odd numbers of steps; zero
// values are those of Cleveland et al.
type STLOptions struct {
	SeasonWindow int  // cycles over which the seasonal figure is smoothed; at least 7
	Periodic     bool // the seasonal figure is the same in every cycle
	Robust       bool // outliers do not count: fifteen rounds of weights
}

// Decomposition splits each value into three parts that add up to it.
type Decomposition struct {
	Seasonal, Trend, Remainder []float64
	Weights                    []float64 // 1 unless robust
}

// STL decomposes a complete series into season, trend and remainder by loess
// (Cleveland, Cleveland, McRae and Terpenning 1990), with their steps between
// the points that are fitted, a tenth of each window. It needs two whole cycles
// of at least two steps.
func STL(values []float64, length int, options STLOptions) (Decomposition, error) {
	n := len(values)
	switch {
	case length < 2 || n < 2*length:
		return Decomposition{}, inputErrorf("season_length", "a decomposition needs two whole cycles of at least 2 periods; there are %d values and cycles of %d", n, length)
	case len(present(values)) < n:
		return Decomposition{}, inputErrorf("values", "a decomposition needs a value for every period; %d are missing", n-len(present(values)))
	}
	s := newDecomposer(values, length, options)
	inner, outer := 2, 0
	if options.Robust {
		inner, outer = 1, 15
	}
	for round := range outer + 1 {
		for range inner {
			s.step()
		}
		if round < outer {
			s.weigh()
		}
	}
	if options.Periodic {
		s.average()
	}
	d := Decomposition{Seasonal: s.seasonal, Trend: s.trend, Remainder: make([]float64, n), Weights: s.weights}
	for i, v := range values {
		d.Remainder[i] = v - s.seasonal[i] - s.trend[i]
	}
	return d, nil
}

type decomposer struct {
	values, seasonal, trend, weights []float64
	length                           int
	season, low, slow                smoother
}

func newDecomposer(values []float64, length int, options STLOptions) *decomposer {
	n := len(values)
	window := odd(max(7, options.SeasonWindow, length))
	if options.SeasonWindow >= 7 {
		window = odd(options.SeasonWindow)
	}
	if options.Periodic {
		window = 10*n + 1
	}
	slow := odd(int(math.Ceil(1.5 * float64(length) / (1 - 1.5/float64(window)))))
	s := &decomposer{
		values: values, length: length, seasonal: make([]float64, n), trend: make([]float64, n), weights: make([]float64, n),
		season: newSmoother(window, 0), low: newSmoother(odd(length), 1), slow: newSmoother(slow, 1),
	}
	for i := range s.weights {
		s.weights[i] = 1
	}
	return s
}

func odd(n int) int { return n | 1 }

// step is one pass of the inner loop.
func (s *decomposer) step() {
	n := len(s.values)
	detrended := make([]float64, n)
	for i, v := range s.values {
		detrended[i] = v - s.trend[i]
	}
	cycle := s.cycles(detrended)
	low := s.low.smooth(moving(moving(moving(cycle, s.length), s.length), 3), nil)
	rest := make([]float64, n)
	for i, v := range s.values {
		s.seasonal[i] = cycle[s.length+i] - low[i]
		rest[i] = v - s.seasonal[i]
	}
	s.trend = s.slow.smooth(rest, s.weights)
}

// cycles smooths the values of each season and continues them by one cycle at
// both ends.
func (s *decomposer) cycles(values []float64) []float64 {
	n := len(values)
	out := make([]float64, n+2*s.length)
	for first := range s.length {
		var y, w []float64
		for i := first; i < n; i += s.length {
			y, w = append(y, values[i]), append(w, s.weights[i])
		}
		smoothed := s.season.smooth(y, w)
		k := len(y)
		before, ok := s.season.at(0, 1, min(s.season.window, k), y, w)
		if !ok {
			before = smoothed[0]
		}
		after, ok := s.season.at(float64(k+1), max(1, k-s.season.window+1), k, y, w)
		if !ok {
			after = smoothed[k-1]
		}
		for i, v := range append(append([]float64{before}, smoothed...), after) {
			out[first+i*s.length] = v
		}
	}
	return out
}

// weigh gives less weight to values far from the fit (bisquare).
func (s *decomposer) weigh() {
	off := make([]float64, len(s.values))
	for i, v := range s.values {
		off[i] = math.Abs(v - s.seasonal[i] - s.trend[i])
	}
	h := 6 * median(off)
	for i, r := range off {
		switch {
		case r <= 0.001*h:
			s.weights[i] = 1
		case r <= 0.999*h:
			u := r / h
			s.weights[i] = (1 - u*u) * (1 - u*u)
		default:
			s.weights[i] = 0
		}
	}
}

// average makes the seasonal figure the same in every cycle.
func (s *decomposer) average() {
	for first := range s.length {
		var same []float64
		for i := first; i < len(s.seasonal); i += s.length {
			same = append(same, s.seasonal[i])
		}
		for i := first; i < len(s.seasonal); i += s.length {
			s.seasonal[i] = mean(same)
		}
	}
}

// moving is the moving average over length steps; the result is shorter.
func moving(x []float64, length int) []float64 {
	out := make([]float64, len(x)-length+1)
	for i := range out {
		out[i] = mean(x[i : i+length])
	}
	return out
}

// smoother is loess over a window of points at the positions 1, 2, …
type smoother struct{ window, degree, jump int }

func newSmoother(window, degree int) smoother {
	return smoother{window, degree, (window + 9) / 10}
}

// smooth fits at every jump-th position and at the last, and draws lines
// between.
func (s smoother) smooth(y, weights []float64) []float64 {
	n := len(y)
	if n < 2 {
		return slices.Clone(y)
	}
	out := make([]float64, n)
	jump, last := min(s.jump, n-1), 0
	for i := 1; i <= n; i += jump {
		out[i-1] = s.fit(i, y, weights)
		s.between(out, last, i)
		last = i
	}
	if last < n {
		out[n-1] = s.fit(n, y, weights)
		s.between(out, last, n)
	}
	return out
}

func (smoother) between(out []float64, from, to int) {
	for i := from + 1; from > 0 && i < to; i++ {
		out[i-1] = out[from-1] + (out[to-1]-out[from-1])*float64(i-from)/float64(to-from)
	}
}

func (s smoother) fit(i int, y, weights []float64) float64 {
	n, half := len(y), (s.window+1)/2
	left, right := 1, n
	switch {
	case s.window >= n:
	case i < half:
		right = s.window
	case i >= n-half+1:
		left = n - s.window + 1
	default:
		left, right = i-half+1, s.window+i-half
	}
	if value, ok := s.at(float64(i), left, right, y, weights); ok {
		return value
	}
	return y[i-1]
}

// at is the local fit at x from the points left to right; not ok where none of
// them has weight.
func (s smoother) at(x float64, left, right int, y, weights []float64) (value float64, ok bool) {
	n := len(y)
	h := max(x-float64(left), float64(right)-x)
	if s.window > n {
		h += float64((s.window - n) / 2)
	}
	w := make([]float64, right-left+1)
	all := 0.0
	for j := range w {
		r := math.Abs(float64(left+j) - x)
		switch {
		case r > 0.999*h:
			continue
		case r > 0.001*h:
			u := r / h
			rest := 1 - u*u*u
			w[j] = rest * rest * rest
		default:
			w[j] = 1
		}
		if weights != nil {
			w[j] *= weights[left+j-1]
		}
		all += w[j]
	}
	if all <= 0 {
		return 0, false
	}
	centre, spread := 0.0, 0.0
	for j := range w {
		w[j] /= all
		centre += w[j] * float64(left+j)
	}
	for j := range w {
		spread += w[j] * (float64(left+j) - centre) * (float64(left+j) - centre)
	}
	tilt := 0.0
	if s.degree > 0 && h > 0 && math.Sqrt(spread) > 0.001*float64(n-1) {
		tilt = (x - centre) / spread
	}
	for j := range w {
		value += w[j] * (tilt*(float64(left+j)-centre) + 1) * y[left+j-1]
	}
	return value, true
}
