package statistics_test

import (
	"math"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/statistics"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance*max(1, math.Abs(want)) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

// TestManyLeadingDigits takes values that share most of their digits, whose
// moments are known by construction.
func TestManyLeadingDigits(t *testing.T) {
	t.Parallel()
	for _, level := range []float64{0, 1e6, 1e9, 1e12} {
		values := []float64{level + 0.2}
		for range 500 {
			values = append(values, level+0.1, level+0.3)
		}
		s, err := statistics.Describe(values, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "mean", s.Mean, level+0.2, 1e-15)
		near(t, "sd", s.SD, 0.1, 1e-14)
		near(t, "lag 1", s.Lag1, -0.999, 1e-14)

		var groups [][]float64
		for g := range 9 {
			first := level + []float64{0.4, 0.3, 0.5, 0.3, 0.5, 0.3, 0.5, 0.3, 0.5}[g]
			group := []float64{first}
			for range 10 {
				group = append(group, math.Round((first-level)*10-1)/10+level, math.Round((first-level)*10+1)/10+level)
			}
			groups = append(groups, group)
		}
		a, err := statistics.OneWay(groups)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "F", float64(a.F), 21, 1e-13)
		near(t, "SS within", a.SSWithin, 1.8, 1e-13)
	}
}

func TestPolynomial(t *testing.T) {
	t.Parallel()
	var x, y []float64
	for i := range 21 {
		v := float64(i)
		x, y = append(x, v), append(y, 1+v+v*v+v*v*v+v*v*v*v+v*v*v*v*v)
	}
	r, err := statistics.Regress(y, [][]float64{x}, statistics.RegressOptions{Degree: 5})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range r.Coefficients {
		near(t, "coefficient", c.Value, 1, 1e-13)
		if c.SD != 0 {
			t.Errorf("sd of coefficient %d is %v in an exact fit", i, c.SD)
		}
	}
	if r.R2 != 1 || !math.IsInf(float64(r.F), 1) || r.P != 0 {
		t.Errorf("R² %v, F %v, p %v", r.R2, r.F, r.P)
	}
}

// TestKnownResults compares with results that are in textbooks or follow by
// hand.
func TestKnownResults(t *testing.T) {
	t.Parallel()
	t.Run("limits by t", func(t *testing.T) {
		t.Parallel()
		s, err := statistics.Describe([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		// t(0.975; 10) = 2.22813885198627, s = √11
		near(t, "half width", s.High-s.Mean, 2.22813885198627*math.Sqrt(11)/math.Sqrt(11), 1e-12)
		near(t, "q1", s.Q1, 3.5, 0)
		near(t, "skewness", s.Skewness, 0, 1e-15)
		near(t, "kurtosis", s.Kurtosis, -1.2, 1e-14)
	})
	t.Run("sleep", func(t *testing.T) {
		t.Parallel()
		// Student's sleep data (1908).
		a := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2}
		b := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
		w, err := statistics.WelchT(a, b, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "t", w.T, -1.860813, 1e-6)
		near(t, "df", w.DF, 17.77647, 1e-6)
		near(t, "p", w.P, 0.07939414, 1e-7)
		near(t, "low", w.Low, -3.3654832, 1e-7)
		p, err := statistics.PairedT(a, b, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "paired t", p.T, -4.062128, 1e-6)
		near(t, "paired p", p.P, 0.002832890, 1e-8)
	})
	t.Run("exact ranks", func(t *testing.T) {
		t.Parallel()
		// Of the 20 orders of 3 and 3 values, one gives U = 0 and one U = 9.
		m, err := statistics.MannWhitney([]float64{1, 2, 3}, []float64{4, 5, 6})
		if err != nil {
			t.Fatal(err)
		}
		if !m.Exact || m.U != 0 || m.RankBiserial != -1 {
			t.Errorf("%+v", m)
		}
		near(t, "p", m.P, 0.1, 1e-15)
		even, err := statistics.MannWhitney([]float64{1, 4}, []float64{2, 3})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "p of a tie", even.P, 1, 0)
	})
	t.Run("tea", func(t *testing.T) {
		t.Parallel()
		// Fisher's lady tasting tea: p = 34/70.
		c, err := statistics.Independence([][]int{{3, 1}, {1, 3}})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "chi-square", c.Statistic, 2, 1e-15)
		near(t, "p", c.P, 0.157299207050285, 1e-12)
		near(t, "Fisher's p", *c.FisherP, 34.0/70, 1e-12)
	})
	t.Run("correlation", func(t *testing.T) {
		t.Parallel()
		c, err := statistics.Correlate([]float64{1, 2, 3, 4, 5}, []float64{2, 1, 4, 3, 5}, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "r", c.Pearson, 0.8, 1e-15)
		near(t, "rho", c.Spearman, 0.8, 1e-15)
		// t = 0.8·√3/0.6 with 3 degrees of freedom
		near(t, "p", c.PearsonP, 0.104088039661, 1e-9)
	})
}

func TestNumericRefusals(t *testing.T) {
	t.Parallel()
	flat := []float64{2, 2, 2, 2}
	rising := []float64{1, 2, 3, 4}
	double := []float64{2, 4, 6, 8}
	cases := map[string]struct {
		run  func() error
		want string
	}{
		"nothing to describe": {func() error { _, err := statistics.Describe(nil, 0.05); return err }, "no values"},
		"flat correlation":    {func() error { _, err := statistics.Correlate(flat, rising, 0.05); return err }, "does not vary"},
		"two pairs":           {func() error { _, err := statistics.Correlate(flat[:2], rising[:2], 0.05); return err }, "at least 3 pairs"},
		"flat response":       {func() error { return regress(flat, rising) }, "all values are equal"},
		"flat predictor":      {func() error { return regress(rising, flat) }, "constant"},
		"collinear":           {func() error { return regress([]float64{1, 5, 2, 7}, rising, double) }, "combination"},
		"too few rows":        {func() error { return regress(rising[:2], double[:2]) }, "too few"},
		"flat samples":        {func() error { _, err := statistics.WelchT(flat, flat, 0.05); return err }, "neither sample varies"},
		"constant difference": {func() error { _, err := statistics.PairedT([]float64{1.1, 2.1}, []float64{1, 2}, 0.05); return err }, "differences are equal"},
		"single values":       {func() error { _, err := statistics.MannWhitney(flat[:1], rising); return err }, "at least 2"},
		"all tied":            {func() error { _, err := statistics.MannWhitney(flat, flat); return err }, "all values are equal"},
		"one group":           {func() error { _, err := statistics.OneWay([][]float64{rising}); return err }, "at least 2"},
		"small counts":        {func() error { _, err := statistics.Independence([][]int{{1, 2, 0}, {0, 1, 3}}); return err }, "too small"},
		"empty column":        {func() error { _, err := statistics.Independence([][]int{{1, 0}, {3, 0}}); return err }, "only zeros"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := c.run(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func regress(y []float64, xs ...[]float64) error {
	_, err := statistics.Regress(y, xs, statistics.RegressOptions{})
	return err
}
