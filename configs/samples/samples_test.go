package samples_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/configs/samples"
)

func read(t *testing.T, name string) string {
	t.Helper()
	if name == "evidence-on-ai-in-care.md" { // the source of the PDF
		text, err := os.ReadFile(path.Join("source", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text, err := fs.ReadFile(samples.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	frontMatter = regexp.MustCompile(`(?s)\A---\n.*?\n---\n`)
	head        = regexp.MustCompile(`(?s)<head>.*?</head>`)
	tags        = regexp.MustCompile(`<[^>]*>`)
	digits      = regexp.MustCompile(`.{0,30}\d.{0,30}`)
)

// plain is the running text of a document.
func plain(text string) string {
	text = tags.ReplaceAllString(head.ReplaceAllString(frontMatter.ReplaceAllString(text, ""), ""), " ")
	return strings.Join(strings.Fields(text), " ")
}

// TestEveryFigure computes each figure of the prose anew from the public
// records; what remains has to be listed as the figure of a named source.
func TestEveryFigure(t *testing.T) {
	t.Parallel()
	known := readRecords(t)
	for name, p := range figures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := plain(read(t, name))
			want := p.named
			if p.computed != nil {
				want = append(p.computed(known), p.named...)
			}
			for _, phrase := range want {
				if !strings.Contains(text, phrase) {
					t.Errorf("the text does not say %q", phrase)
				}
			}
			for _, phrase := range want {
				text = strings.ReplaceAll(text, phrase, "…")
			}
			for _, rest := range digits.FindAllString(text, -1) {
				t.Errorf("a figure is neither computed nor that of a named source: %q", rest)
			}
		})
	}
}

func TestReviewTimesHaveNoTrend(t *testing.T) {
	t.Parallel()
	known := readRecords(t)
	s := 0
	for y := 2016; y <= 2023; y++ {
		for later := y + 1; later <= 2023; later++ {
			switch a, b := median(known.reviewsIn(y)), median(known.reviewsIn(later)); {
			case b > a:
				s++
			case b < a:
				s--
			}
		}
	}
	// Kendall's S of 8 values is significant at 5 % from 16 on.
	if s >= 16 || s <= -16 {
		t.Errorf("S = %d, but the text says that there is no significant trend", s)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	known := readRecords(t)
	panels := []string{"Radiology", "Cardiovascular", "Neurology", "Hematology", "Gastroenterology-Urology"}
	decisions := "year,panel,decisions,data_through\n"
	for y := 2010; y <= 2024; y++ {
		end := fmt.Sprintf("%d-12-31", y)
		if y == 2024 {
			end = "2024-03-29"
		}
		rest := known.inYear(y)
		for _, panel := range panels {
			n := known.panelInYear(panel, y)
			decisions += fmt.Sprintf("%d,%s,%d,%s\n", y, panel, n, end)
			rest -= n
		}
		decisions += fmt.Sprintf("%d,All other panels,%d,%s\n", y, rest, end)
	}
	reports := "year,reports,malfunctions,injuries,deaths,devices_concerned,data_through\n"
	for y := 2013; y <= 2023; y++ {
		of := func(kind string) int {
			return count(known.reports, func(p report) bool { return p.received.Year() == y && p.kind == kind })
		}
		reports += fmt.Sprintf("%d,%d,%d,%d,%d,%d,%d-12-31\n", y, known.reportsIn(y), of("M"), of("IN"), of("D"), known.reportedIn(y), y)
	}
	times := "year,devices,median_review_days,mean_review_days,shortest_review_days,longest_review_days,data_through\n"
	for y := 2016; y <= 2023; y++ {
		days := known.reviewsIn(y)
		shortest, longest := days[0], days[0]
		for _, d := range days {
			shortest, longest = min(shortest, d), max(longest, d)
		}
		times += fmt.Sprintf("%d,%d,%.1f,%.1f,%.0f,%.0f,%d-12-31\n", y, len(days), median(days), mean(days), shortest, longest, y)
	}
	for name, want := range map[string]string{
		"ai-device-decisions-by-panel.csv": decisions, "ai-device-adverse-event-reports.csv": reports, "ai-device-review-times.csv": times,
	} {
		if got := read(t, name); got != want {
			t.Errorf("%s is not what the records give:\n%s", name, want)
		}
	}
}

// TestDocuments checks what holds without the public records: kinds, length,
// and that each brief names its source, its limits and what it recommends.
func TestDocuments(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(samples.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, entry := range entries {
		kinds[path.Ext(entry.Name())]++
		if kind := path.Ext(entry.Name()); kind != ".md" && kind != ".html" {
			continue
		}
		text := plain(read(t, entry.Name()))
		if words := len(strings.Fields(text)); words < 250 || words > 600 {
			t.Errorf("%s has %d words", entry.Name(), words)
		}
		for _, part := range []string{"Source: ", "Findings", "Counter-points", "Limits", "Recommendations"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q", entry.Name(), part)
			}
		}
	}
	for kind, want := range map[string]int{".md": 5, ".html": 2, ".pdf": 1, ".csv": 3} {
		if kinds[kind] != want {
			t.Errorf("%d documents of kind %s, want %d", kinds[kind], kind, want)
		}
	}
}
