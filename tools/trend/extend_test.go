package trend_test

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/trend"
)

// nile is the annual flow of the Nile at Aswan 1871–1970 (R's data set Nile;
// Cobb 1978).
func nile() []float64 {
	return []float64{
		1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
		1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
		831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
		781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
		744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
	}
}

// The flow fell after 1898, when the dam was begun: the change that Cobb (1978)
// describes and Killick and Eckley's package changepoint finds, the 28th value
// being the last before it.
func TestChangesOfTheNile(t *testing.T) {
	t.Parallel()
	if mean := sum(nile()) / 100; mean != 919.35 {
		t.Fatalf("the mean is %v, R says 919.35", mean)
	}
	if got := trend.PELT(nile()); !slices.Equal(got, []int{28}) {
		t.Errorf("PELT found %v, want 28", got)
	}
	if got := trend.Pettitt(nile()); got.At != 28 || got.P > 1e-6 {
		t.Errorf("Pettitt found %+v, want 28", got)
	}
}

func sum(x []float64) (total float64) {
	for _, v := range x {
		total += v
	}
	return total
}

// Pruning loses nothing: the changes are those of the complete search.
func TestPELTIsExact(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		x := make([]float64, 20+random.IntN(60))
		level := 0.0
		for i := range x {
			if random.IntN(12) == 0 {
				level = 8 * random.NormFloat64()
			}
			x[i] = level + random.NormFloat64()
		}
		if got, want := trend.PELT(x), completeSearch(x); !slices.Equal(got, want) {
			t.Errorf("PELT found %v, the complete search %v", got, want)
		}
	}
	for _, flat := range [][]float64{nil, {1}, {1, 2, 3}, {5, 5, 5, 5, 5, 5}} {
		if got := trend.PELT(flat); len(got) > 0 {
			t.Errorf("%v changes at %v", flat, got)
		}
	}
}

// completeSearch is optimal partitioning (Jackson et al. 2005), with the same
// cost.
func completeSearch(x []float64) []int {
	n := len(x)
	sizes := []float64{}
	for i := 1; i < n; i++ {
		sizes = append(sizes, math.Abs(x[i]-x[i-1]))
	}
	slices.Sort(sizes)
	typical := (sizes[(len(sizes)-1)/2] + sizes[len(sizes)/2]) / 2 / 0.6744897501960817
	cost := func(part []float64) (c float64) {
		m := sum(part) / float64(len(part))
		for _, v := range part {
			c += (v - m) * (v - m)
		}
		return c / (typical * typical / 2)
	}
	best, changes := make([]float64, n+1), make([][]int, n+1)
	for to := 1; to <= n; to++ {
		best[to] = math.Inf(1)
		for from := 0; from <= to-2; from++ {
			total := best[from] + cost(x[from:to])
			if from > 0 {
				total += 3 * math.Log(float64(n))
			}
			if total < best[to] {
				best[to], changes[to] = total, changes[from]
				if from > 0 {
					changes[to] = append(slices.Clone(changes[from]), from)
				}
			}
		}
	}
	return changes[n]
}

// The expected values are those of the authors' Fortran, as the tests of Kane's
// STL libraries (stl-cpp, stl-ruby) have them for this series.
func TestSTLAgainstReference(t *testing.T) {
	t.Parallel()
	series := []float64{5, 9, 2, 9, 0, 6, 3, 8, 5, 8, 7, 8, 8, 0, 2, 5, 0, 5, 6, 7, 3, 6, 1, 4, 4, 4, 3, 7, 5, 8}
	for name, c := range map[string]struct {
		robust                               bool
		seasonal, trend, remainder, weighted []float64
	}{
		"plain": {
			false,
			[]float64{0.36926576, 0.75655484, -1.3324139, 1.9553658, -0.6044802},
			[]float64{4.804099, 4.9097075, 5.015316, 5.16045, 5.305584},
			[]float64{-0.17336464, 3.3337379, -1.6829021, 1.8841844, -4.7011037},
			[]float64{1, 1, 1, 1, 1},
		},
		"robust": {
			true,
			[]float64{0.14922355, 0.47939026, -1.833231, 1.7411387, 0.8200711},
			[]float64{5.397365, 5.4745436, 5.5517216, 5.6499176, 5.748114},
			[]float64{-0.5465884, 3.0460663, -1.7184906, 1.6089439, -6.5681853},
			[]float64{0.99374926, 0.8129377, 0.9385952, 0.9458036, 0.29742217},
		},
	} {
		d, err := trend.STL(series, 7, trend.STLOptions{Robust: c.robust})
		if err != nil {
			t.Fatal(err)
		}
		for part, pair := range map[string][2][]float64{"seasonal": {d.Seasonal, c.seasonal}, "trend": {d.Trend, c.trend}, "remainder": {d.Remainder, c.remainder}, "weights": {d.Weights, c.weighted}} {
			for i, want := range pair[1] {
				if got := pair[0][i]; math.Abs(got-want) > 5e-6 {
					t.Errorf("%s %s[%d]: %v, want %v", name, part, i, got, want)
				}
			}
		}
	}
	for _, bad := range [][]float64{{1, 2, 3}, {1, math.NaN(), 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}} {
		if _, err := trend.STL(bad, 7, trend.STLOptions{}); err == nil {
			t.Errorf("%v was decomposed", bad)
		}
	}
}

// Hyndman and Athanasopoulos, section 5.5: of 1, 3, 2, 5 the drift is 4/3, the
// residuals 2/3, −7/3 and 5/3, σ̂² = 26/6.
func TestDriftByHand(t *testing.T) {
	t.Parallel()
	values, half := trend.Drift([]float64{1, 3, 2, 5}, 2, 0.05)
	for i, want := range []float64{5 + 4.0/3, 5 + 8.0/3} {
		h := float64(i + 1)
		width := 1.959963984540054 * math.Sqrt(26.0/6*h*(1+h/3))
		if math.Abs(values[i]-want) > 1e-12 || math.Abs(half[i]-width) > 1e-9 {
			t.Errorf("step %d: %v ± %v, want %v ± %v", i+1, values[i], half[i], want, width)
		}
	}
}

// The last two years of the CO₂ record at Mauna Loa lie within the limits of
// what is forecast from the years before.
func TestForecastOfCO2(t *testing.T) {
	t.Parallel()
	file, err := os.Open(toolstest.Data(t, "series", "co2-concentration.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var values []tools.Number
	var times []string
	for _, row := range rows[len(rows)-144:] {
		value, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		values, times = append(values, tools.Number(value)), append(times, row[0])
	}
	out, err := trend.Compute(nil, trend.Input{Values: values[:120], SeasonLength: 12, Forecast: 24, Breaks: true})
	if err != nil {
		t.Fatal(err)
	}
	if out.Forecast.Method != "STL season, drift" || len(out.Forecast.Points) != 24 {
		t.Fatalf("%+v", out.Forecast)
	}
	for i, p := range out.Forecast.Points {
		if seen := float64(values[120+i]); seen < p.Low || seen > p.High || math.Abs(seen-p.Value) > 2 {
			t.Errorf("%s: %v forecast from %v to %v", times[120+i], seen, p.Low, p.High)
		}
	}
}

func TestForecastRefuses(t *testing.T) {
	t.Parallel()
	numbers := func(n int) (list []tools.Number) {
		for i := range n {
			list = append(list, tools.Number(i*i%7))
		}
		return list
	}
	gap := numbers(20)
	gap[4] = tools.Number(math.NaN())
	for name, in := range map[string]trend.Input{
		"few":  {Values: numbers(6), Forecast: 2},
		"far":  {Values: numbers(20), Forecast: 11},
		"gap":  {Values: gap, Forecast: 2},
		"gaps": {Values: gap, Breaks: true},
	} {
		if out, err := trend.Compute(nil, in); err == nil {
			t.Errorf("%s: %+v", name, out.Forecast)
		}
	}
}
