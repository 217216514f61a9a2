package statistics_test

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

// digits is how many digits of a certified value must agree.
const digits = 10

// certified is one data set of the NIST Statistical Reference Datasets.
type certified struct {
	Kind      string `json:"kind"`
	N         int    `json:"n"`
	Certified struct {
		Mean, SD, R1          string
		Coef                  [][]string
		RSD, R2               string
		F, SSB, MSB, SSW, MSW string
		DFB                   string `json:"dfb"`
		DFW                   string `json:"dfw"`
	} `json:"certified"`
}

// TestReferenceDatasets compares every certified value with ours, for every
// data set in the folder.
func TestReferenceDatasets(t *testing.T) {
	t.Parallel()
	var sets map[string]certified
	toolstest.ReadJSON(t, toolstest.Data(t, "nist", "certified.json"), &sets)
	if len(sets) == 0 {
		t.Fatal("no data sets")
	}
	for name, set := range sets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := readDAT(t, toolstest.Data(t, "nist", name+".dat"))
			switch set.Kind {
			case "univariate":
				checkUnivariate(t, set, rows)
			case "linear":
				checkLinear(t, set, rows)
			case "anova":
				checkANOVA(t, set, rows)
			default:
				t.Errorf("unknown kind %q", set.Kind)
			}
		})
	}
}

func checkUnivariate(t *testing.T, set certified, rows [][]float64) {
	t.Helper()
	s, err := statistics.Describe(column(rows, 0), 0.05)
	if err != nil {
		t.Fatal(err)
	}
	if s.N != set.N {
		t.Errorf("n = %d, want %d", s.N, set.N)
	}
	agree(t, "mean", s.Mean, set.Certified.Mean)
	agree(t, "sd", s.SD, set.Certified.SD)
	agree(t, "lag-1 autocorrelation", s.Lag1, set.Certified.R1)
}

func checkLinear(t *testing.T, set certified, rows [][]float64) {
	t.Helper()
	var xs [][]float64
	for c := 1; c < len(rows[0]); c++ {
		xs = append(xs, column(rows, c))
	}
	coefficients := len(set.Certified.Coef)
	options := statistics.RegressOptions{NoIntercept: coefficients == len(xs)}
	if len(xs) == 1 && coefficients > 2 {
		options.Degree = coefficients - 1
	}
	r, err := statistics.Regress(column(rows, 0), xs, options)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Coefficients) != coefficients {
		t.Fatalf("%d coefficients, want %d", len(r.Coefficients), coefficients)
	}
	for i, want := range set.Certified.Coef {
		agree(t, fmt.Sprintf("coefficient %d", i), r.Coefficients[i].Value, want[0])
		agree(t, fmt.Sprintf("sd of coefficient %d", i), r.Coefficients[i].SD, want[1])
	}
	agree(t, "residual sd", r.RSD, set.Certified.RSD)
	agree(t, "R²", r.R2, set.Certified.R2)
}

func checkANOVA(t *testing.T, set certified, rows [][]float64) {
	t.Helper()
	groups := make([][]float64, len(rows[0]))
	for g := range groups {
		groups[g] = column(rows, g)
	}
	a, err := statistics.OneWay(groups)
	if err != nil {
		t.Fatal(err)
	}
	c := set.Certified
	agree(t, "F", float64(a.F), c.F)
	agree(t, "SS between", a.SSBetween, c.SSB)
	agree(t, "MS between", a.MSBetween, c.MSB)
	agree(t, "SS within", a.SSWithin, c.SSW)
	agree(t, "MS within", a.MSWithin, c.MSW)
	agree(t, "R²", a.R2, c.R2)
	agree(t, "df between", float64(a.DFBetween), c.DFB)
	agree(t, "df within", float64(a.DFWithin), c.DFW)
}

// agree checks the log relative error of a certified value; where that is zero,
// the log absolute error.
func agree(t *testing.T, what string, got float64, want string) {
	t.Helper()
	value, err := strconv.ParseFloat(want, 64)
	if err != nil {
		t.Errorf("%s: certified value %q: %v", what, want, err)
		return
	}
	off := math.Abs(got - value)
	if value != 0 {
		off /= math.Abs(value)
	}
	if lre := -math.Log10(off); !(lre >= digits) {
		t.Errorf("%s = %.17g, want %s: %.1f digits", what, got, want, lre)
	}
}

// readDAT gives the rows of numbers at the end of a data file. A heading that
// numbers the treatments is no row: a blank line follows it.
func readDAT(t *testing.T, path string) [][]float64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var rows [][]float64
	for i := len(lines) - 1; i >= 0; i-- {
		row, ok := numbersOf(lines[i])
		if !ok {
			break
		}
		rows = append([][]float64{row}, rows...)
	}
	return rows
}

func numbersOf(line string) ([]float64, bool) {
	fields := strings.Fields(line)
	row := make([]float64, len(fields))
	for i, field := range fields {
		var err error
		if row[i], err = strconv.ParseFloat(field, 64); err != nil {
			return nil, false
		}
	}
	return row, len(row) > 0
}

func column(rows [][]float64, c int) []float64 {
	out := make([]float64, len(rows))
	for i, row := range rows {
		out[i] = row[c]
	}
	return out
}
