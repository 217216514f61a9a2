package statistics

import (
	"math"

	"github.com/quaestor-run/quaestor/tools"
)

// ANOVA is a one-way analysis of variance. F is infinite where groups differ
// and nothing varies within them.
type ANOVA struct {
	Groups    []Group      `json:"groups,omitempty"`
	DFBetween int          `json:"df_between"`
	DFWithin  int          `json:"df_within"`
	SSBetween float64      `json:"ss_between"`
	SSWithin  float64      `json:"ss_within"`
	MSBetween float64      `json:"ms_between"`
	MSWithin  float64      `json:"ms_within"`
	F         tools.Number `json:"f"`
	P         float64      `json:"p"`
	R2        float64      `json:"r2"`  // share of the variance between groups (η²)
	RSD       float64      `json:"rsd"` // residual standard deviation

	Omega2      float64      `json:"omega2"` // η² without its bias; 0 where it would be below
	Assumptions []Assumption `json:"assumptions,omitempty"`
	Pairs       []Pair       `json:"pairs,omitempty"` // of at most 10 groups
}

// OneWay is the one-way analysis of variance of at least two groups of values
// without NaN, the sums of squares taken about the group means and the grand
// mean in double precision twice over.
func OneWay(groups [][]float64) (ANOVA, error) {
	var all []double
	var within double
	means := make([]double, len(groups))
	for g, values := range groups {
		if len(values) < 2 {
			return ANOVA{}, refused("by", "group %d has %d values; every group needs at least 2", g+1, len(values))
		}
		d, mean := centred(values)
		within = within.add(dot(d, d))
		means[g] = mean
		all = append(all, decimals(values)...)
	}
	if len(groups) < 2 {
		return ANOVA{}, refused("by", "there is %d group; at least 2 are needed", len(groups))
	}
	grand := average(all)
	var between double
	for g, values := range groups {
		d := means[g].sub(grand)
		between = between.add(d.mul(d).mul(from(float64(len(values)))))
	}
	sum := between.add(within)
	if sum.hi <= 1e-28*dot(all, all).hi {
		return ANOVA{}, refused("column", "all values are equal")
	}
	if within.hi <= 1e-28*sum.hi {
		within = double{}
	}
	a := ANOVA{DFBetween: len(groups) - 1, DFWithin: len(all) - len(groups)}
	msBetween, msWithin := between.div(from(float64(a.DFBetween))), within.div(from(float64(a.DFWithin)))
	a.SSBetween, a.SSWithin = between.float(), within.float()
	a.MSBetween, a.MSWithin = msBetween.float(), msWithin.float()
	a.R2, a.RSD = between.div(sum).float(), msWithin.sqrt().float()
	a.F = tools.Number(math.Inf(1))
	if within.hi > 0 {
		a.F = tools.Number(msBetween.div(msWithin).float())
	}
	a.P = fTail(float64(a.F), float64(a.DFBetween), float64(a.DFWithin))
	a.Omega2 = max(0, (a.SSBetween-float64(a.DFBetween)*a.MSWithin)/(sum.float()+a.MSWithin))
	return a, nil
}

// TTest compares two means.
type TTest struct {
	Test       string  `json:"test"`
	Groups     []Group `json:"groups,omitempty"`
	Difference float64 `json:"difference"` // first mean less second
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	T          float64 `json:"t"`
	DF         float64 `json:"df"`
	P          float64 `json:"p"`           // two-sided
	EffectSize float64 `json:"effect_size"` // Cohen's d; of the differences when paired

	Effect      *Effect      `json:"effect,omitempty"` // of independent samples
	Assumptions []Assumption `json:"assumptions,omitempty"`
}

// WelchT compares the means of two independent samples without assuming equal
// variances (Welch 1947), with Satterthwaite's degrees of freedom.
func WelchT(a, b []float64, alpha float64) (TTest, error) {
	if len(a) < 2 || len(b) < 2 {
		return TTest{}, refused("values", "the samples have %d and %d values; each needs at least 2", len(a), len(b))
	}
	na, nb := float64(len(a)), float64(len(b))
	da, ma := centred(a)
	db, mb := centred(b)
	va, vb := dot(da, da).float()/(na-1), dot(db, db).float()/(nb-1)
	se2 := va/na + vb/nb
	if se2 == 0 {
		return TTest{}, refused("values", "neither sample varies, so their means cannot be tested")
	}
	t := TTest{Test: "Welch's t test", Difference: ma.sub(mb).float()}
	t.DF = se2 * se2 / (va*va/(na*na*(na-1)) + vb*vb/(nb*nb*(nb-1)))
	t.finish(math.Sqrt(se2), alpha)
	t.EffectSize = t.Difference / math.Sqrt(((na-1)*va+(nb-1)*vb)/(na+nb-2))
	effect := Standardise(t.EffectSize, len(a), len(b), alpha)
	t.Effect = &effect
	t.Assumptions = assume([]string{"the first sample", "the second sample"}, [][]float64{a, b}, alpha)
	return t, nil
}

// PairedT tests whether the mean of the differences of pairs is zero.
func PairedT(a, b []float64, alpha float64) (TTest, error) {
	if len(a) != len(b) || len(a) < 2 {
		return TTest{}, refused("values", "%d and %d values are no pairs; at least 2 pairs are needed", len(a), len(b))
	}
	n := float64(len(a))
	d := make([]double, len(a))
	for i := range a {
		d[i] = decimal(a[i]).sub(decimal(b[i]))
	}
	mean := average(d)
	for i := range d {
		d[i] = d[i].sub(mean)
	}
	variance := dot(d, d).float() / (n - 1)
	if variance == 0 {
		return TTest{}, refused("values", "all differences are equal, so their mean cannot be tested")
	}
	t := TTest{Test: "paired t test", Difference: mean.float(), DF: n - 1}
	t.finish(math.Sqrt(variance/n), alpha)
	t.EffectSize = t.Difference / math.Sqrt(variance)
	differences := make([]float64, len(d))
	for i := range d {
		differences[i] = d[i].float()
	}
	t.Assumptions = assume([]string{"the differences"}, [][]float64{differences}, alpha)
	return t, nil
}

func (t *TTest) finish(se, alpha float64) {
	t.T = t.Difference / se
	t.P = tTail(t.T, t.DF)
	half := tQuantile(1-alpha/2, t.DF) * se
	t.Low, t.High = t.Difference-half, t.Difference+half
}

// RankSum is the Mann-Whitney test.
type RankSum struct {
	Groups       []Group `json:"groups,omitempty"`
	U            float64 `json:"u"`       // pairs in which the first sample is larger, ties as half
	Z            float64 `json:"z"`       // of the normal approximation
	P            float64 `json:"p"`       // two-sided
	Exact        bool    `json:"exact"`   // P by the exact distribution
	Superiority  float64 `json:"p_above"` // U/(n₁n₂): chance that a value of the first exceeds one of the second
	RankBiserial float64 `json:"rank_biserial"`
}

// exactSize is how large both samples may be for the exact distribution.
const exactSize = 25

// MannWhitney compares two independent samples by ranks (Mann and Whitney
// 1947). Without ties and with at most 25 values each, p is exact; otherwise it
// is normal, with corrections for ties and continuity.
func MannWhitney(a, b []float64) (RankSum, error) {
	if len(a) < 2 || len(b) < 2 {
		return RankSum{}, refused("values", "the samples have %d and %d values; each needs at least 2", len(a), len(b))
	}
	na, nb := float64(len(a)), float64(len(b))
	ranked, ties := ranks(append(append([]float64(nil), a...), b...))
	sum := 0.0
	for _, r := range ranked[:len(a)] {
		sum += r
	}
	n := na + nb
	variance := na * nb / 12 * (n + 1 - ties/(n*(n-1)))
	if variance <= 0 {
		return RankSum{}, refused("values", "all values are equal")
	}
	t := RankSum{U: sum - na*(na+1)/2}
	off := math.Abs(t.U - na*nb/2)
	t.Z = math.Copysign(max(0, off-0.5)/math.Sqrt(variance), t.U-na*nb/2)
	t.P = zTail(t.Z)
	if ties == 0 && len(a) <= exactSize && len(b) <= exactSize {
		t.Exact, t.P = true, exactU(len(a), len(b), int(math.Round(na*nb/2-off)))
	}
	t.Superiority = t.U / (na * nb)
	t.RankBiserial = 2*t.Superiority - 1
	return t, nil
}

// exactU is the two-sided p of a smaller U of at most u, by counting the orders
// of n and m values that give each U: f(n, m, u) = f(n−1, m, u−m) + f(n, m−1, u).
func exactU(n, m, u int) float64 {
	ways := make([][]float64, n+1)
	for i := range ways {
		ways[i] = make([]float64, n*m+1)
		ways[i][0] = 1
	}
	for j := 1; j <= m; j++ {
		for i := 1; i <= n; i++ {
			for v := n * m; v >= 0; v-- {
				if v >= j {
					ways[i][v] += ways[i-1][v-j]
				}
			}
		}
	}
	below, all := 0.0, 0.0
	for v, w := range ways[n] {
		all += w
		if v <= u {
			below += w
		}
	}
	return min(1, 2*below/all)
}
