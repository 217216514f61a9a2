package statistics

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/quaestor-run/quaestor/tools"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// The tail probabilities below go straight to the incomplete beta and gamma
// functions, so that small ones keep their digits.

// tTail is the two-sided p of Student's t.
func tTail(t, df float64) float64 {
	if math.IsInf(t, 0) {
		return 0
	}
	return mathext.RegIncBeta(df/2, 0.5, df/(df+t*t))
}

// fTail is the upper tail of Fisher's F.
func fTail(f, df1, df2 float64) float64 {
	if math.IsInf(f, 1) {
		return 0
	}
	return mathext.RegIncBeta(df2/2, df1/2, df2/(df2+df1*f))
}

// chiTail is the upper tail of chi-square.
func chiTail(x, df float64) float64 { return mathext.GammaIncRegComp(df/2, x/2) }

// zTail is the two-sided p of the normal distribution.
func zTail(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

func zQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }

// tQuantile is the upper quantile (p > 1/2) of Student's t, with one step of
// Newton's method, because the inverse of the incomplete beta function is right
// to ten digits only.
func tQuantile(p, df float64) float64 {
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	t := student.Quantile(p)
	if density := student.Prob(t); density > 0 {
		t += (tTail(t, df)/2 - (1 - p)) / density
	}
	return t
}

// ranks from 1, ties sharing their mean rank; ties is Σ(t³ − t) over groups of
// t equal values.
func ranks(x []float64) (ranked []float64, ties float64) {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	ranked = make([]float64, len(x))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		for _, at := range order[i:j] {
			ranked[at] = float64(i+j+1) / 2
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	return ranked, ties
}

func refused(field, format string, args ...any) error {
	return &tools.InputError{Field: field, Reason: fmt.Sprintf(format, args...)}
}
