//go:build !slim && unix

package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

// trendResult is what a report says of a trend, as far as it is checked here.
type trendResult struct {
	Method, Test string
	Series       []struct {
		Period string
		Value  float64
	}
	Excluded []struct{ Period, Reason string }
	S        float64
	VarS     float64 `json:"var_s"`
	P        float64
	Slope    struct{ Value float64 }
}

// TestRealDocumentsBecomeAReport is the main job on documents nobody here wrote.
func TestRealDocumentsBecomeAReport(t *testing.T) {
	t.Parallel()
	documents, data := toolstest.Data(t, "digital-health"), t.TempDir()
	started := time.Now()
	printed, _ := researchJSON(t, 0, "--data", data, "--docs", documents, sampleRun.Topic)
	t.Logf("researched in %.1f s", time.Since(started).Seconds())
	if cited := regexp.MustCompile(`[.!?”] \[\[\d+\]\(#ref-`).FindAllString(printed.Report.Markdown, -1); len(cited) < 15 {
		t.Errorf("%d sentences are cited, want at least 15", len(cited))
	}
	checkQuotes(t, printed, data, documents)
	const table = "fda_ai_devices_may2024.csv"
	at := slices.IndexFunc(printed.Evidence, func(e client.Evidence) bool { return e.Source.URI == table && e.Computation.Tool == "trend" })
	if at < 0 {
		t.Fatalf("no trend was computed from %s", table)
	}
	var got trendResult
	if err := json.Unmarshal(printed.Evidence[at].Computation.Result, &got); err != nil {
		t.Fatal(err)
	}
	checkTrend(t, got, devicesByYear(t, filepath.Join(documents, table)))
	said := slices.ContainsFunc(printed.Claims, func(c client.Claim) bool {
		return slices.Contains(c.Evidence, printed.Evidence[at].ID) && strings.Contains(c.Text, got.Test) && strings.Contains(c.Text, "S = ")
	})
	if !said {
		t.Errorf("no claim states the trend with its test, %s", got.Test)
	}
	incomplete := regexp.MustCompile(`2024 is incomplete[^.]*2024-03-29`)
	if !incomplete.MatchString(printed.Report.Markdown) {
		t.Error("the report does not say that 2024 is incomplete")
	}
}

// devicesByYear counts the authorised devices of each year.
func devicesByYear(t *testing.T, path string) map[string]float64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, row := range rows[1:] {
		day, err := time.Parse("01/02/2006", row[0])
		if err != nil {
			t.Fatal(err)
		}
		counts[strconv.Itoa(day.Year())]++
	}
	return counts
}

// checkTrend computes the trend again, by the definitions: Mann (1945), Kendall
// (1975), Sen (1968), and Hamed and Rao (1998) where the report says so.
func checkTrend(t *testing.T, got trendResult, counts map[string]float64) {
	t.Helper()
	var values []float64
	for i, point := range got.Series {
		if point.Value != counts[point.Period] {
			t.Errorf("%s: %v devices, counted %v", point.Period, point.Value, counts[point.Period])
		}
		if year, _ := strconv.Atoi(point.Period); i > 0 && strconv.Itoa(year-1) != got.Series[i-1].Period {
			t.Errorf("%s follows %s", point.Period, got.Series[i-1].Period)
		}
		values = append(values, point.Value)
	}
	if last := got.Series[len(got.Series)-1].Period; last != "2023" {
		t.Errorf("the test ends with %s", last)
	}
	if !slices.ContainsFunc(got.Excluded, func(e struct{ Period, Reason string }) bool {
		return e.Period == "2024" && strings.Contains(e.Reason, "incomplete")
	}) {
		t.Errorf("2024 is not left out as incomplete: %v", got.Excluded)
	}
	s, variance := mannKendall(values)
	slope := senSlope(values)
	switch got.Method {
	case "original":
	case "hamed_rao":
		variance *= hamedRao(values, slope)
	default:
		t.Fatalf("method %q is not checked here", got.Method)
	}
	z := (s - math.Copysign(1, s)) / math.Sqrt(variance)
	for name, pair := range map[string][2]float64{
		"S": {got.S, s}, "Var(S)": {got.VarS, variance}, "p": {got.P, math.Erfc(math.Abs(z) / math.Sqrt2)}, "slope": {got.Slope.Value, slope},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9*math.Abs(pair[1]) {
			t.Errorf("%s is %v, computed %v", name, pair[0], pair[1])
		}
	}
}

func mannKendall(x []float64) (s, variance float64) {
	ties := map[float64]float64{}
	for i, a := range x {
		ties[a]++
		for _, b := range x[i+1:] {
			switch {
			case b > a:
				s++
			case b < a:
				s--
			}
		}
	}
	n := float64(len(x))
	variance = n * (n - 1) * (2*n + 5)
	for _, k := range ties {
		variance -= k * (k - 1) * (2*k + 5)
	}
	return s, variance / 18
}

func senSlope(x []float64) float64 {
	var slopes []float64
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			slopes = append(slopes, (x[j]-x[i])/float64(j-i))
		}
	}
	slices.Sort(slopes)
	n := len(slopes)
	return (slopes[(n-1)/2] + slopes[n/2]) / 2
}

// hamedRao is the factor on the variance that the significant autocorrelations
// of the detrended ranks call for.
func hamedRao(x []float64, slope float64) float64 {
	n := len(x)
	ranks := make([]float64, n)
	for i := range x {
		for j := range x {
			switch a, b := x[i]-slope*float64(i), x[j]-slope*float64(j); {
			case b < a:
				ranks[i]++
			case b == a:
				ranks[i] += 0.5
			}
		}
	}
	mean, total := float64(n)/2, 0.0
	for _, r := range ranks {
		total += (r - mean) * (r - mean)
	}
	limit, sum := 1.959963984540054/math.Sqrt(float64(n)), 0.0
	for lag := 1; lag < n; lag++ {
		product := 0.0
		for i := range n - lag {
			product += (ranks[i] - mean) * (ranks[i+lag] - mean)
		}
		if r := product / total; math.Abs(r) >= limit {
			left := float64(n - lag)
			sum += left * (left - 1) * (left - 2) * r
		}
	}
	m := float64(n)
	return 1 + 2*sum/(m*(m-1)*(m-2))
}
