package web_test

import (
	"encoding/json"
	"html"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	nethtml "golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/webpage"
)

// Real pages, read as a run reads them: what is measured is the snapshot that
// evidence is quoted from.
//
// Of trafilatura's set each page has segments that belong to its text and
// segments that do not. A wanted one that is there is a hit, one that is not a
// miss, an unwanted one that is there a false hit; white space is folded. Its
// bound is an F1 of 0.90.
func TestSegmentsOfRealPages(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(toolstest.Data(t, "pages"), "trafilatura")
	var cases map[string]struct {
		File, Title, Author, Date string
		With, Without             []string
	}
	raw, err := os.ReadFile(filepath.Join(folder, "evaldata.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	read := readerOf(t)
	var hits, misses, falseHits, titles, dated, dates float64
	for address, c := range cases {
		page, snapshot := read(filepath.Join(folder, "html", c.File), address)
		text := folded(snapshot)
		for _, wanted := range c.With {
			if strings.Contains(text, folded(wanted)) {
				hits++
			} else {
				misses++
			}
		}
		for _, unwanted := range c.Without {
			if strings.Contains(text, folded(unwanted)) {
				falseHits++
			}
		}
		if got, want := folded(page.Title), folded(c.Title); strings.HasPrefix(got, want) || got != "" && strings.HasPrefix(want, got) {
			titles++
		}
		if c.Date != "" {
			dated++
			if page.Published == c.Date {
				dates++
			}
		}
	}
	precision, recall := hits/(hits+falseHits), hits/(hits+misses)
	f1 := 2 * precision * recall / (precision + recall)
	t.Logf("%d pages: precision %.3f, recall %.3f, F1 %.3f; titles %.0f of %d, dates %.0f of %.0f", len(cases), precision, recall, f1, titles, len(cases), dates, dated)
	if f1 < 0.90 {
		t.Errorf("F1 is %.3f", f1)
	}
}

// Of readability's set each page has the article that is wanted. What is counted
// is words, each as often as it occurs: F1 of those both have; the median's
// bound is 0.95.
func TestWordsOfRealPages(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join(toolstest.Data(t, "pages"), "readability", "*"))
	if err != nil {
		t.Fatal(err)
	}
	read := readerOf(t)
	var all []float64
	for _, folder := range folders {
		_, snapshot := read(filepath.Join(folder, "source.html"), "http://fakehost/test/page.html")
		expected, err := os.ReadFile(filepath.Join(folder, "expected.html"))
		if err != nil {
			t.Fatal(err)
		}
		f1 := wordF1(countWords(textOf(t, string(expected))), countWords(snapshot))
		if f1 < 0.95 {
			t.Logf("%s: %.3f", filepath.Base(folder), f1)
		}
		all = append(all, f1)
	}
	slices.Sort(all)
	median := (all[len(all)/2] + all[(len(all)-1)/2]) / 2
	t.Logf("%d pages: median %.3f, least %.3f", len(all), median, all[0])
	if median < 0.95 {
		t.Errorf("the median F1 is %.3f", median)
	}
}

// readerOf serves a file at the path of an address, and gives page and snapshot.
func readerOf(t *testing.T) func(file, address string) (webpage.Page, string) {
	w := setup(t)
	var body []byte
	w.Host("a.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write(body)
	}))
	count := 0
	return func(file, address string) (webpage.Page, string) {
		t.Helper()
		var err error
		if body, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
		count++
		_, rest, _ := strings.Cut(address, "//")
		address = "http://a.example.com" + path.Join("/", strconv.Itoa(count), rest)
		page, err := w.read(t, address)
		if err != nil {
			t.Logf("%s: %v", file, err)
			return page, ""
		}
		snapshot, err := w.corpora.Snapshot(t.Context(), "sha256:"+page.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return page, snapshot
	}
}

func folded(text string) string {
	return strings.Join(strings.Fields(norm.NFC.String(html.UnescapeString(text))), " ")
}

func textOf(t *testing.T, page string) string {
	t.Helper()
	root, err := nethtml.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for node := range root.Descendants() {
		if node.Type == nethtml.TextNode {
			text.WriteString(node.Data + " ")
		}
	}
	return text.String()
}

func countWords(text string) map[string]int {
	counts := map[string]int{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		counts[word]++
	}
	return counts
}

func wordF1(a, b map[string]int) float64 {
	both, all := 0, 0
	for word, n := range a {
		both += min(n, b[word])
		all += n
	}
	for _, n := range b {
		all += n
	}
	if all == 0 {
		return 1
	}
	return 2 * float64(both) / float64(all)
}
