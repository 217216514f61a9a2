package grammar_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools/grammar"
)

var (
	figures = regexp.MustCompile(`\d+`)
	quoted  = regexp.MustCompile(`“[^“”]*”`)
)

// Whatever is read, edits are in order and inside the text, and what they leave
// has the same figures and quotations.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"The the “recieved  word” , an report of 12.5 %(and more ..", "a a a a a", "‘‘“«\"`<(", "I\u0307I\u0307 in order to an\u00a0hour", "x\xff\xfe , y", "word,word,word.Word",
		"colour color Colour COLOR", "He said “one „two“ three” [(])",
	} {
		f.Add(seed, "en")
	}
	f.Add("Ein  Haus ( klein", "de")
	reader := grammar.NewReader(grammar.Options{})
	f.Fuzz(func(t *testing.T, text, language string) {
		if len(text) > 20_000 {
			return
		}
		begun := time.Now()
		out, err := reader.Read(t.Context(), grammar.Input{Texts: []string{text}, Language: language})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("%d bytes took %v", len(text), took)
		}
		for _, checked := range out.Texts {
			at := 0
			for _, e := range checked.Edits {
				if e.Start < at || e.End < e.Start || text[e.Start:e.End] != e.Original {
					t.Fatalf("edit %+v of %q", e, text)
				}
				at = e.End
			}
			if checked.Mended == "" {
				continue
			}
			for _, pattern := range []*regexp.Regexp{figures, quoted} {
				before, after := pattern.FindAllString(text, -1), pattern.FindAllString(checked.Mended, -1)
				if !slices.Equal(before, after) {
					t.Errorf("%q became %q: %q became %q", text, checked.Mended, before, after)
				}
			}
			if strings.TrimSpace(checked.Mended) == "" {
				t.Errorf("%q became empty", text)
			}
		}
	})
}
