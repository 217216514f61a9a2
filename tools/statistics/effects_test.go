package statistics_test

import (
	"math"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/statistics"
)

func about(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %v, want %v ± %v", what, got, want, within)
	}
}

// mtcars is the columns mpg and wt of R's data set of that name (Henderson and
// Velleman 1981).
func mtcars() (mpg, wt []float64) {
	return []float64{21, 21, 22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 32.4, 30.4, 33.9, 21.5, 15.5, 15.2, 13.3, 19.2, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4},
		[]float64{2.62, 2.875, 2.32, 3.215, 3.44, 3.46, 3.57, 3.19, 3.15, 3.44, 3.44, 4.07, 3.73, 3.78, 5.25, 5.424, 5.345, 2.2, 1.615, 1.835, 2.465, 3.52, 3.435, 3.84, 3.845, 1.935, 2.14, 1.513, 3.17, 2.77, 3.57, 2.78}
}

// plantGrowth is R's data set PlantGrowth (Dobson 1983).
func plantGrowth() [][]float64 {
	return [][]float64{
		{4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14},
		{4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69},
		{6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26},
	}
}

// R: shapiro.test(mtcars$mpg) gives W = 0.94756, p-value = 0.1229; of the
// residuals of aov(weight ~ group, PlantGrowth) W = 0.96607, p-value = 0.4379.
func TestShapiroWilkAgainstR(t *testing.T) {
	t.Parallel()
	mpg, _ := mtcars()
	w, p, err := statistics.ShapiroWilk(mpg)
	if err != nil {
		t.Fatal(err)
	}
	about(t, "W of mpg", w, 0.94756, 5e-6)
	about(t, "p of mpg", p, 0.1229, 5e-5)
	var residuals []float64
	for _, group := range plantGrowth() {
		mean := 0.0
		for _, v := range group {
			mean += v / float64(len(group))
		}
		for _, v := range group {
			residuals = append(residuals, v-mean)
		}
	}
	if w, p, err = statistics.ShapiroWilk(residuals); err != nil {
		t.Fatal(err)
	}
	about(t, "W of residuals", w, 0.96607, 5e-6)
	about(t, "p of residuals", p, 0.4379, 5e-5)
	for _, bad := range [][]float64{nil, {1, 2}, {5, 5, 5, 5}, make([]float64, 5001)} {
		if _, _, err := statistics.ShapiroWilk(bad); err == nil {
			t.Errorf("%d values were tested", len(bad))
		}
	}
}

// R, car: leveneTest(weight ~ group, PlantGrowth) gives F = 1.1192 on 2 and 27
// degrees of freedom, Pr = 0.3412; summary(aov) F = 4.846, Pr = 0.0159.
func TestPlantGrowthAgainstR(t *testing.T) {
	t.Parallel()
	f, p, err := statistics.BrownForsythe(plantGrowth())
	if err != nil {
		t.Fatal(err)
	}
	about(t, "F", f, 1.1192, 5e-5)
	about(t, "p", p, 0.3412, 5e-5)
	a, err := statistics.OneWay(plantGrowth())
	if err != nil {
		t.Fatal(err)
	}
	about(t, "F of groups", float64(a.F), 4.846, 5e-4)
	about(t, "p of groups", a.P, 0.0159, 5e-5)
	about(t, "omega squared", a.Omega2, (3.76634-2*0.38860)/(3.76634+10.49209+0.38860), 1e-4)
}

// R, lmtest: dwtest(mpg ~ wt, data = mtcars) gives DW = 1.2517.
func TestDurbinWatsonAgainstR(t *testing.T) {
	t.Parallel()
	mpg, wt := mtcars()
	fit, err := statistics.Regress(mpg, [][]float64{wt}, statistics.RegressOptions{})
	if err != nil {
		t.Fatal(err)
	}
	about(t, "DW", fit.DurbinWatson, 1.2517, 5e-5)
	if len(fit.Assumptions) != 1 || fit.Assumptions[0].Assumes != "normality" {
		t.Errorf("assumptions %+v", fit.Assumptions)
	}
}

// Borenstein, Hedges, Higgins and Rothstein, Introduction to Meta-Analysis
// (2009), worked examples of chapters 4 and 5.
func TestEffectSizesAgainstBorenstein(t *testing.T) {
	t.Parallel()
	e := statistics.Standardise(0.5970, 50, 50, 0.05)
	about(t, "g", e.HedgesG, 0.5924, 5e-5)
	about(t, "variance of g", (e.High-e.Low)/2/1.959964*(e.High-e.Low)/2/1.959964, 0.0411, 5e-5)
	r, err := statistics.CompareRisks([2][2]int{{5, 95}, {10, 90}}, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	about(t, "risk ratio", r.RiskRatio.Value, 0.5, 1e-12)
	about(t, "SE of its log", math.Log(r.RiskRatio.High/r.RiskRatio.Low)/2/1.959964, 0.5292, 5e-5)
	about(t, "odds ratio", r.OddsRatio.Value, 0.4737, 5e-5)
	about(t, "SE of its log", math.Log(r.OddsRatio.High/r.OddsRatio.Low)/2/1.959964, 0.5671, 5e-5)
	about(t, "risk difference", r.RiskDifference.Value, -0.05, 1e-12)
	if r, err = statistics.CompareRisks([2][2]int{{0, 10}, {5, 5}}, 0.05); err != nil || !r.Corrected || math.IsInf(r.OddsRatio.High, 0) {
		t.Errorf("a count of 0: %+v, %v", r, err)
	}
	if _, err = statistics.CompareRisks([2][2]int{{0, 0}, {5, 5}}, 0.05); err == nil {
		t.Error("an empty row was compared")
	}
}

// Benjamini and Hochberg (1995), section 4: of the 15 p-values of Neuhaus et
// al., their procedure rejects four at 0.05, and Bonferroni's and Holm's three.
func TestCorrectionsAgainstBenjaminiHochberg(t *testing.T) {
	t.Parallel()
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000}
	values := make([]tools.Number, len(p))
	for i := range p {
		values[len(p)-1-i] = tools.Number(p[i])
	}
	out, err := statistics.Compute(nil, statistics.Input{Operation: "adjust", Values: [][]tools.Number{values}})
	if err != nil {
		t.Fatal(err)
	}
	holm, bh := 0, 0
	for _, a := range out.Adjusted {
		if a.Holm <= 0.05 {
			holm++
		}
		if a.BH <= 0.05 {
			bh++
		}
	}
	if holm != 3 || bh != 4 {
		t.Errorf("Holm finds %d, Benjamini and Hochberg %d; want 3 and 4", holm, bh)
	}
	// R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") is 0.05 0.08 0.09 0.09 0.09, "BH" is 0.05 throughout.
	five := []float64{0.01, 0.02, 0.03, 0.04, 0.05}
	for i, want := range []float64{0.05, 0.08, 0.09, 0.09, 0.09} {
		about(t, "Holm", statistics.Holm(five)[i], want, 1e-12)
		about(t, "BH", statistics.BenjaminiHochberg(five)[i], 0.05, 1e-12)
	}
	if _, err := statistics.Compute(nil, statistics.Input{Operation: "adjust", Values: [][]tools.Number{{0.1, 1.2}}}); err == nil {
		t.Error("1.2 was taken for a p-value")
	}
}
