package statistics

import "math"

// ChiSquare is Pearson's test of independence of a table of counts. FisherP is
// set for tables of two by two.
type ChiSquare struct {
	Statistic   float64  `json:"statistic"`
	DF          int      `json:"df"`
	P           float64  `json:"p"` // without Yates' correction
	CramersV    float64  `json:"cramers_v"`
	MinExpected float64  `json:"min_expected"`
	FisherP     *float64 `json:"fisher_p,omitempty"` // Fisher's exact test, two-sided
	Risks       *Risks   `json:"risks,omitempty"`    // of tables of two by two
}

// Independence tests a table of counts, at least two by two, each row and column
// with at least one count. It refuses tables whose expected counts are too small
// for the chi-square distribution (Cochran 1954: any below 1, or more than a
// fifth below 5), unless they are two by two, where FisherP holds.
func Independence(counts [][]int) (ChiSquare, error) {
	rows, columns, n, err := margins(counts)
	if err != nil {
		return ChiSquare{}, err
	}
	c := ChiSquare{DF: (len(rows) - 1) * (len(columns) - 1), MinExpected: math.Inf(1)}
	small := 0
	for i := range counts {
		for j := range counts[i] {
			expected := float64(rows[i]) * float64(columns[j]) / float64(n)
			c.MinExpected = min(c.MinExpected, expected)
			if expected < 5 {
				small++
			}
			off := float64(counts[i][j]) - expected
			c.Statistic += off * off / expected
		}
	}
	twoByTwo := len(rows) == 2 && len(columns) == 2
	if cells := len(rows) * len(columns); !twoByTwo && (c.MinExpected < 1 || 5*small > cells) {
		return ChiSquare{}, refused("x", "expected counts are too small for a chi-square test (smallest %.2g, %d of %d below 5); drop rare values with where, or merge them", c.MinExpected, small, cells)
	}
	c.P = chiTail(c.Statistic, float64(c.DF))
	c.CramersV = math.Sqrt(c.Statistic / (float64(n) * float64(min(len(rows), len(columns))-1)))
	if twoByTwo {
		p := fisher(counts[0][0], rows[0], columns[0], n)
		c.FisherP = &p
	}
	return c, nil
}

func margins(counts [][]int) (rows, columns []int, n int, err error) {
	if len(counts) < 2 || len(counts[0]) < 2 {
		return nil, nil, 0, refused("values", "a table of counts has at least 2 rows and 2 columns")
	}
	rows, columns = make([]int, len(counts)), make([]int, len(counts[0]))
	for i, row := range counts {
		if len(row) != len(columns) {
			return nil, nil, 0, refused("values", "row %d has %d counts and the first has %d", i+1, len(row), len(columns))
		}
		for j, count := range row {
			if count < 0 {
				return nil, nil, 0, refused("values", "row %d has the count %d below 0", i+1, count)
			}
			rows[i] += count
			columns[j] += count
			n += count
		}
	}
	for _, sum := range append(append([]int(nil), rows...), columns...) {
		if sum == 0 {
			return nil, nil, 0, refused("values", "a row or column holds only zeros")
		}
	}
	return rows, columns, n, nil
}

// fisher sums the hypergeometric probabilities of all tables with the same
// margins that are at most as likely as this one.
func fisher(a, row, column, n int) float64 {
	first, last := max(0, row+column-n), min(row, column)
	chance := func(k int) float64 {
		return math.Exp(choose(column, k) + choose(n-column, row-k) - choose(n, row))
	}
	// Tables that are equally likely differ by rounding.
	limit := chance(a) * (1 + 1e-7)
	p := 0.0
	for k := first; k <= last; k++ {
		if c := chance(k); c <= limit {
			p += c
		}
	}
	return min(1, p)
}

// choose is the logarithm of n over k.
func choose(n, k int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return lg(n) - lg(k) - lg(n-k)
}
