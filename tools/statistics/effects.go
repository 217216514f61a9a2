package statistics

import (
	"fmt"
	"math"
	"slices"
)

// Effect is a standardised difference of two means with its limits.
type Effect struct {
	CohensD float64 `json:"cohens_d"`
	HedgesG float64 `json:"hedges_g"` // d without its bias in small samples
	Low     float64 `json:"low"`      // limits of g, by the normal approximation
	High    float64 `json:"high"`
}

// Standardise gives d for samples of na and nb values and its correction g
// (Hedges 1981), with the variance of Borenstein et al. (2009, chapter 4).
func Standardise(d float64, na, nb int, alpha float64) Effect {
	a, b := float64(na), float64(nb)
	j := 1 - 3/(4*(a+b-2)-1)
	e := Effect{CohensD: d, HedgesG: j * d}
	half := zQuantile(1-alpha/2) * j * math.Sqrt((a+b)/(a*b)+d*d/(2*(a+b)))
	e.Low, e.High = e.HedgesG-half, e.HedgesG+half
	return e
}

// Ratio is a ratio with its limits.
type Ratio struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Risks compares the rows of a table of two by two: the first column counts
// those that it happened to.
type Risks struct {
	OddsRatio      Ratio `json:"odds_ratio"` // limits by Woolf's logit
	RiskRatio      Ratio `json:"risk_ratio"` // limits by Katz's log
	RiskDifference Ratio `json:"risk_difference"`
	Corrected      bool  `json:"corrected,omitempty"` // 1/2 was added to each count, as one is 0 (Haldane 1956)
}

// CompareRisks gives the ratios of a table [[a, b], [c, d]] of counts.
func CompareRisks(counts [2][2]int, alpha float64) (Risks, error) {
	a, b := float64(counts[0][0]), float64(counts[0][1])
	c, d := float64(counts[1][0]), float64(counts[1][1])
	if min(a, b, c, d) < 0 || a+b == 0 || c+d == 0 || a+c == 0 || b+d == 0 {
		return Risks{}, refused("values", "a row or column holds only zeros, so there are no ratios")
	}
	z := zQuantile(1 - alpha/2)
	p, q := a/(a+b), c/(c+d)
	half := z * math.Sqrt(p*(1-p)/(a+b)+q*(1-q)/(c+d))
	r := Risks{RiskDifference: Ratio{p - q, max(-1, p-q-half), min(1, p-q+half)}}
	if min(a, b, c, d) == 0 {
		r.Corrected = true
		a, b, c, d = a+0.5, b+0.5, c+0.5, d+0.5
	}
	r.OddsRatio = ratio(a*d/(b*c), z*math.Sqrt(1/a+1/b+1/c+1/d))
	r.RiskRatio = ratio(a/(a+b)/(c/(c+d)), z*math.Sqrt(1/a-1/(a+b)+1/c-1/(c+d)))
	return r, nil
}

func ratio(value, half float64) Ratio {
	return Ratio{value, value * math.Exp(-half), value * math.Exp(half)}
}

// Holm adjusts p-values so that the chance of any false finding stays at the
// level (Holm 1979).
func Holm(p []float64) []float64 {
	out, order := make([]float64, len(p)), ascending(p)
	worst := 0.0
	for k, at := range order {
		worst = max(worst, min(1, float64(len(p)-k)*p[at]))
		out[at] = worst
	}
	return out
}

// BenjaminiHochberg adjusts p-values so that the expected share of false
// findings among the findings stays at the level (Benjamini and Hochberg 1995).
func BenjaminiHochberg(p []float64) []float64 {
	out, order := make([]float64, len(p)), ascending(p)
	best := 1.0
	for k := len(order) - 1; k >= 0; k-- {
		best = min(best, float64(len(p))/float64(k+1)*p[order[k]])
		out[order[k]] = best
	}
	return out
}

func ascending(p []float64) []int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	return order
}

// Pair is a comparison of two of several groups.
type Pair struct {
	A          string  `json:"a"`
	B          string  `json:"b"`
	Difference float64 `json:"difference"`
	HedgesG    float64 `json:"hedges_g"`
	P          float64 `json:"p"` // Welch's t test
	PHolm      float64 `json:"p_holm"`
	PBH        float64 `json:"p_bh"`
}

// maxPaired is how many groups are compared pair by pair.
const maxPaired = 10

// comparePairs compares every two groups, corrected for their number.
func comparePairs(groups []named, alpha float64) []Pair {
	if len(groups) > maxPaired {
		return nil
	}
	var pairs []Pair
	var ps []float64
	for i, a := range groups {
		for _, b := range groups[i+1:] {
			t, err := WelchT(a.values, b.values, alpha)
			if err != nil {
				continue // neither varies
			}
			g := Standardise(t.EffectSize, len(a.values), len(b.values), alpha).HedgesG
			pairs, ps = append(pairs, Pair{A: a.name, B: b.name, Difference: t.Difference, HedgesG: g, P: t.P}), append(ps, t.P)
		}
	}
	holm, bh := Holm(ps), BenjaminiHochberg(ps)
	for i := range pairs {
		pairs[i].PHolm, pairs[i].PBH = holm[i], bh[i]
	}
	return pairs
}

// Adjusted is one p-value with its corrections.
type Adjusted struct {
	P    float64 `json:"p"`
	Holm float64 `json:"holm"`
	BH   float64 `json:"benjamini_hochberg"`
}

// adjust corrects p-values of tests made elsewhere.
func (d data) adjust() (Output, error) {
	if d.table != nil || len(d.in.Values) != 1 {
		return Output{}, refused("values", "adjust takes one list of p-values")
	}
	ps := make([]float64, 0, len(d.in.Values[0]))
	for i, v := range d.in.Values[0] {
		if p := float64(v); !(p >= 0 && p <= 1) {
			return Output{}, refused("values", "value %d is %v and no p-value from 0 to 1", i+1, p)
		}
		ps = append(ps, float64(v))
	}
	holm, bh := Holm(ps), BenjaminiHochberg(ps)
	out := Output{N: len(ps)}
	for i, p := range ps {
		out.Adjusted = append(out.Adjusted, Adjusted{p, holm[i], bh[i]})
	}
	out.Notes = []string{fmt.Sprintf("Of %d tests, those whose holm is below %v may be called findings with that chance of any error; benjamini_hochberg bounds the share of errors.", len(ps), d.in.Alpha)}
	return out, nil
}
