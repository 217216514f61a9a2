package web_test

import (
	"bytes"
	"encoding/json"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/webpage"
	xhtml "golang.org/x/net/html"
)

var op string

func pages(t *testing.T) string { return "/work/shared/data/pages" }

func snapshot(t *testing.T, data []byte) string {
	u, _ := url.Parse("https://example.org/x/y.html")
	a, err := webpage.Extract(u, data)
	if err != nil {
		return ""
	}
	op = string(a.Opinion)
	var b bytes.Buffer
	b.WriteString(a.HTML)
	e := documents.NewExtractor(documents.ExtractorOptions{})
	x, err := e.Extract(t.Context(), "x.html", "text/html", b.Bytes())
	if err != nil {
		return ""
	}
	return x.Text
}

func flat(s string) string { return strings.Join(strings.Fields(html.UnescapeString(s)), " ") }

func TestTraf(t *testing.T) {
	raw, _ := os.ReadFile(filepath.Join(pages(t), "trafilatura", "evaldata.json"))
	var cases map[string]struct {
		File          string
		With, Without []string
	}
	json.Unmarshal(raw, &cases)
	var tp, fn, fp float64
	for u, c := range cases {
		data, _ := os.ReadFile(filepath.Join(pages(t), "trafilatura", "html", c.File))
		text := flat(snapshot(t, data))
		_ = u
		for _, w := range c.With {
			if strings.Contains(text, flat(w)) {
				tp++
			} else {
				fn++
				t.Logf(op+" MISS %s: %s", c.File, w)
			}
		}
		for _, w := range c.Without {
			if strings.Contains(text, flat(w)) {
				fp++
				t.Logf(op+" EXTRA %s: %s", c.File, w)
			}
		}
	}
	p, r := tp/(tp+fp), tp/(tp+fn)
	t.Logf("P %.3f R %.3f F1 %.3f", p, r, 2*p*r/(p+r))
}

func tokens(s string) map[string]int {
	m := map[string]int{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		m[w]++
	}
	return m
}

func TestRead(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(pages(t), "readability", "*"))
	var f1s []float64
	for _, d := range dirs {
		src, _ := os.ReadFile(filepath.Join(d, "source.html"))
		exp, _ := os.ReadFile(filepath.Join(d, "expected.html"))
		root, _ := xhtml.Parse(bytes.NewReader(exp))
		var text strings.Builder
		for n := range root.Descendants() {
			if n.Type == xhtml.TextNode {
				text.WriteString(n.Data + " ")
			}
		}
		a, b := tokens(text.String()), tokens(snapshot(t, src))
		var na, nb, both int
		for w, n := range a {
			na += n
			both += min(n, b[w])
		}
		for _, n := range b {
			nb += n
		}
		f := 1.0
		if na+nb > 0 {
			f = 2 * float64(both) / float64(na+nb)
		}
		f1s = append(f1s, f)
		t.Logf(op+" %.3f %s (%d wanted, %d got)", f, filepath.Base(d), na, nb)
	}
	slices.Sort(f1s)
	t.Logf("median %.3f min %.3f", f1s[len(f1s)/2], f1s[0])
}
