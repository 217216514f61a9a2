package samples_test

import (
	"slices"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools/toolstest"
)

// The public records that the documents count.
type records struct {
	decisions []decision
	devices   []device
	reports   []report
}

type decision struct {
	date                         time.Time
	number, company, panel, code string
}

type device struct {
	id, path          string
	received, decided time.Time
}

func (d device) days() float64 { return d.decided.Sub(d.received).Hours() / 24 }

type report struct {
	device, kind, source string
	received             time.Time
}

// readRecords skips the test where the public records are absent.
func readRecords(t *testing.T) records {
	t.Helper()
	var r records
	for _, row := range readCSV(t, "fda_ai_devices_may2024.csv") {
		r.decisions = append(r.decisions, decision{
			date: day(t, "01/02/2006", row["Date of Final Decision"]), number: row["Submission Number"],
			company: row["Company"], panel: row["Panel (Lead)"], code: row["Primary Product Code"],
		})
	}
	for _, row := range readCSV(t, "ai_devices_823.csv") {
		r.devices = append(r.devices, device{
			id: row["idnumber"], path: row["type"],
			received: day(t, time.DateOnly, row["dtrec"]), decided: day(t, time.DateOnly, row["dtdec"]),
		})
	}
	for _, row := range readCSV(t, "ai_device_adverse_events_943.csv") {
		r.reports = append(r.reports, report{
			device: row["idnumber"], kind: row["event_type"], source: row["report_source_code"],
			received: day(t, "01/02/2006", row["date_received"]),
		})
	}
	return r
}

func readCSV(t *testing.T, name string) []map[string]string {
	t.Helper()
	lines := toolstest.ReadCSV(t, toolstest.Data(t, "digital-health", name))
	rows := make([]map[string]string, 0, len(lines))
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func day(t *testing.T, layout, text string) time.Time {
	t.Helper()
	d, err := time.Parse(layout, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func count[T any](rows []T, keep func(T) bool) int {
	n := 0
	for _, row := range rows {
		if keep(row) {
			n++
		}
	}
	return n
}

// tally counts rows by a key.
func tally[T any](rows []T, key func(T) string) map[string]int {
	counts := map[string]int{}
	for _, row := range rows {
		counts[key(row)]++
	}
	return counts
}

// largest lists the counts from the highest down.
func largest(counts map[string]int) []int {
	var list []int
	for _, n := range counts {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b int) int { return b - a })
	return list
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func (r records) inYear(y int) int {
	return count(r.decisions, func(d decision) bool { return d.date.Year() == y })
}

func (r records) ofPanel(panel string) int {
	return count(r.decisions, func(d decision) bool { return d.panel == panel })
}

func (r records) panelInYear(panel string, y int) int {
	return count(r.decisions, func(d decision) bool { return d.panel == panel && d.date.Year() == y })
}

// reviews gives the review times in days of the devices that fit.
func (r records) reviews(fits func(device) bool) []float64 {
	var days []float64
	for _, d := range r.devices {
		if fits(d) {
			days = append(days, d.days())
		}
	}
	return days
}

func (r records) reviewsIn(y int) []float64 {
	return r.reviews(func(d device) bool { return d.decided.Year() == y })
}

func (r records) reviewsBy(path string) []float64 {
	return r.reviews(func(d device) bool { return d.path == path })
}

func (r records) reportsIn(y int) int {
	return count(r.reports, func(p report) bool { return p.received.Year() == y })
}

// reportedIn is how many devices have a report in the year.
func (r records) reportedIn(y int) int {
	in := r.reports[:0:0]
	for _, p := range r.reports {
		if p.received.Year() == y {
			in = append(in, p)
		}
	}
	return len(tally(in, func(p report) string { return p.device }))
}
