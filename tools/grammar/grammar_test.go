package grammar_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/grammar"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

func read(t testing.TB, reader *grammar.Reader, in grammar.Input) grammar.Output {
	t.Helper()
	out, err := reader.Read(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mended is a text as its certain edits leave it.
func mended(t testing.TB, reader *grammar.Reader, text string) string {
	t.Helper()
	out := read(t, reader, grammar.Input{Texts: []string{text}})
	for _, checked := range out.Texts {
		for _, e := range checked.Edits {
			if e.Reason == "" || e.Rule == "" || text[e.Start:e.End] != e.Original || len(e.Replacements) == 0 {
				t.Errorf("%q: the edit %+v is not whole", text, e)
			}
		}
		if checked.Mended != "" {
			return checked.Mended
		}
	}
	return text
}

func TestFaultsAreMended(t *testing.T) {
	t.Parallel()
	reader := grammar.NewReader(grammar.Options{})
	for text, want := range map[string]string{
		"The the trains run on time.":                  "The trains run on time.",
		"Fares fell fell in the north.":                "Fares fell in the north.",
		"Fares  fell in   the north.":                  "Fares fell in the north.",
		"Fares fell , and guests came .":               "Fares fell, and guests came.",
		"Fares fell,, and guests came..":               "Fares fell, and guests came.",
		"Fares fell,guests came.":                      "Fares fell, guests came.",
		"Fares fell in winter.Guests came.":            "Fares fell in winter. Guests came.",
		"Fares ( and tolls ) fell.":                    "Fares (and tolls) fell.",
		"It was a increase of note.":                   "It was an increase of note.",
		"It was an report of note.":                    "It was a report of note.",
		"An unit was closed for a hour.":               "A unit was closed for an hour.",
		"A honest account is an useful one.":           "An honest account is a useful one.",
		"They recieve goverment money.":                "They receive government money.",
		"Occured delays were seperate.":                "Occurred delays were separate.",
		"Its colour is the color of night.":            "Its colour is the colour of night.",
		"Behavior, behaviour and again behavior.":      "Behavior, behavior and again behavior.",
		"The group was was closed, then the a one.":    "The group was closed, then the a one.",
		"Les gares sont fermées ; on the the contrary": "Les gares sont fermées; on the contrary",
	} {
		if got := mended(t, reader, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestSoundSentencesStay(t *testing.T) {
	t.Parallel()
	reader := grammar.NewReader(grammar.Options{})
	for _, text := range []string{
		"He said that that was all he had had.",
		"“The the recieved colour  is  teh color ,” he wrote.",
		`He wrote "recieve ,teh" and left.`,
		"He wrote ‘an report’ and didn’t mind it.",
		"The Recieve Society of Teh met Walla Walla Walla Railways.",
		"Run `go  teh recieve` on https://example.com/recieve,teh now.",
		"It costs 1,000 , 5 000 or 12..15 a year.",
		"Vitamin A is one of group a and group b, a one-off.",
		"An MRI, an fMRI, a US study, an x-ray, a u-turn, an hour and a European unit.",
		"The ratio 5 : 1 held; see a) and b) [0, 1).",
		"Слово слово и  слово.",
		"β-blocker treatment , p<0.05 ,was given.",
		"She practises at a practice that licenses a licence; analyses of it analyse much.",
		"Randomised trials and randomized ones differ from “randomized” ones in a quote of the colour.",
		"An historic hotel in a historic town.",
	} {
		want := text
		switch {
		case strings.HasPrefix(text, "Слово"):
			want = "Слово слово и слово." // white space is nobody's word
		case strings.HasPrefix(text, "Randomised"):
			want = "Randomised trials and randomised ones differ from “randomized” ones in a quote of the colour."
		case strings.HasPrefix(text, "β"):
			want = "β-blocker treatment, p<0.05 ,was given."
		}
		if got := mended(t, reader, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestConfiguredSpelling(t *testing.T) {
	t.Parallel()
	text := "The colour of the behavior was analysed and randomized."
	for spelling, want := range map[string]string{
		grammar.American: "The color of the behavior was analyzed and randomized.",
		grammar.British:  "The colour of the behaviour was analysed and randomized.",
	} {
		if got := mended(t, grammar.NewReader(grammar.Options{Spelling: spelling}), text); got != want {
			t.Errorf("%s: %q, want %q", spelling, got, want)
		}
	}
}

func TestOtherLanguagesKeepTheirWords(t *testing.T) {
	t.Parallel()
	out := read(t, grammar.NewReader(grammar.Options{}), grammar.Input{
		Language: "de-AT", Texts: []string{"Die, die die  Bahn (recieve kennen, sind an ort.", "Alles gut."},
	})
	if len(out.Texts) != 1 || len(out.Texts[0].Edits) != 1 || out.Texts[0].Edits[0].Rule != "spacing" || len(out.Texts[0].Advice) != 1 {
		t.Errorf("got %+v", out)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("very many words come here and ", 9) + "end."
	for text, want := range map[string]string{
		"Fares (and tolls fell.":    "unclosed",
		"Fares and tolls) fell.":    "unclosed",
		"He said “fares fell.":      "unclosed",
		`He said "fares fell.`:      "unclosed",
		"Fares [and (tolls] fell).": "unclosed",
		long:                        "long sentence",
		"It was seen, was duly noted, and was then forgotten as it was filed.": "passive",
	} {
		out := read(t, grammar.NewReader(grammar.Options{}), grammar.Input{Texts: []string{text}})
		if len(out.Texts) != 1 || !slices.ContainsFunc(out.Texts[0].Advice, func(a grammar.Advice) bool { return a.Rule == want }) {
			t.Errorf("%q: want advice of %q, got %+v", text, want, out)
		}
	}
	if out := read(t, grammar.NewReader(grammar.Options{}), grammar.Input{Texts: []string{
		"A pipe of 12\" (about “a (long) foot”) is sound, i.e. good (see Dr. Smith et al. The).", "[0, 1) and (0, 1] are fine: a) one, b) two.",
	}}); len(out.Texts) != 0 {
		t.Errorf("sound marks: %+v", out.Texts)
	}
}

func TestHabitsOfAReport(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 4 {
		texts = append(texts, fmt.Sprintf("The study was made in town %d.", i))
	}
	for _, name := range strings.Fields("Lamps Doors Seats Floors Walls Roofs Rails") {
		texts = append(texts, name+" were painted in color, and in colour; see “prior to”.")
	}
	texts = append(texts, "Labor and labour met in order to talk.", "Humor is odd.", "Rumours are odder.")
	out := read(t, grammar.NewReader(grammar.Options{}), grammar.Input{Texts: texts})
	said := fmt.Sprint(out.Report)
	for _, want := range []string{"11 of 14 sentences have a passive verb", "4 sentences in a row begin with “the study”", "stand side by side"} {
		if !strings.Contains(said, want) {
			t.Errorf("the report's advice is %s, want %q in it", said, want)
		}
	}
	wordy := out.Texts[7]
	if i := slices.IndexFunc(wordy.Edits, func(e grammar.Edit) bool { return e.Rule == "wordy" }); i < 0 || wordy.Edits[i].Certain || strings.Contains(wordy.Mended, "met to talk") {
		t.Errorf("a wordy phrase is proposed and not done: %+v", wordy)
	}
}

// second says what a LanguageTool server might.
type second struct {
	edits func(text string) []grammar.Edit
	err   error
	asked []string
}

func (s *second) Check(_ context.Context, text, language string) ([]grammar.Edit, error) {
	s.asked = append(s.asked, language+": "+text)
	if s.err != nil {
		return nil, s.err
	}
	return s.edits(text), nil
}

func TestASecondOpinionIsHeldToTheRules(t *testing.T) {
	t.Parallel()
	find := func(text, word, with string) grammar.Edit {
		at := strings.Index(text, word)
		return grammar.Edit{Start: at, End: at + len(word), Replacements: []string{with}, Rule: "LT", Reason: "because", Certain: true}
	}
	s := &second{edits: func(text string) []grammar.Edit {
		return []grammar.Edit{
			find(text, "go", "goes"), find(text, "Wednesbury", "Wednesday"), find(text, "quoted", "noted"), find(text, "1999", "2000"),
			find(text, "well", "99"), find(text, "well.\n\nIt", "well. It"),
			{Start: 5000, End: 6000, Replacements: []string{"x"}},
			{Start: 9, End: 3, Replacements: []string{"x"}},
		}
	}}
	out := read(t, grammar.NewReader(grammar.Options{Second: s, Spelling: grammar.British}), grammar.Input{Texts: []string{
		"All is well.", "It go to Wednesbury since 1999 as “quoted”.",
	}})
	if len(out.Texts) != 1 || out.Texts[0].Text != 1 || out.Texts[0].Mended != "It goes to Wednesbury since 1999 as “quoted”." {
		t.Errorf("got %+v", out)
	}
	if want := []string{"en-GB: All is well.\n\nIt go to Wednesbury since 1999 as “quoted”."}; !slices.Equal(s.asked, want) {
		t.Errorf("asked %q, want %q", s.asked, want)
	}
	broken := &second{err: errors.New("languagetool: did not answer in time")}
	out = read(t, grammar.NewReader(grammar.Options{Second: broken}), grammar.Input{Texts: slices.Repeat([]string{strings.Repeat("Fares fell fell. ", 800)}, 3)})
	if len(out.Texts) != 3 || len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "did not answer in time") || len(broken.asked) != 1 {
		t.Errorf("got %d texts, notes %q, asked %d times", len(out.Texts), out.Notes, len(broken.asked))
	}
}

func TestTheToolIsBounded(t *testing.T) {
	t.Parallel()
	tool, err := grammar.New(grammar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	call := func(texts ...string) (string, error) {
		args, err := json.Marshal(grammar.Input{Texts: texts})
		if err != nil {
			t.Fatal(err)
		}
		result, err := tool.Call(t.Context(), tools.Scope{}, args)
		return string(result.Value), err
	}
	if got, err := call("Fares fell fell."); err != nil || !strings.Contains(got, `"mended":"Fares fell."`) {
		t.Errorf("got %s, %v", got, err)
	}
	for name, texts := range map[string][]string{
		"too many for one call": slices.Repeat([]string{"a"}, 2001), "has 20001 bytes": {strings.Repeat("a", 20001)},
		"bytes are too many": slices.Repeat([]string{strings.Repeat("a", 20000)}, 21),
	} {
		var wrong *tools.InputError
		if _, err := call(texts...); !errors.As(err, &wrong) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The worst that a call may bring takes seconds at most.
func TestHostileTextsTakeLittleTime(t *testing.T) {
	t.Parallel()
	reader := grammar.NewReader(grammar.Options{})
	begun := time.Now()
	for _, unit := range []string{")", "(", "“", "\"", "a ", "a,", " ,", "a.A ", "in order to ", "<a", "`", "the the ", "colour color ", "‘", ". A", "\xff", "1 "} {
		read(t, reader, grammar.Input{Texts: []string{strings.Repeat(unit, 20_000/len(unit))}})
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("17 texts of 20 KB took %v", took)
	}
}

// abstracts are those of PubMedQA: people wrote, reviewed and edited them.
func abstracts(t testing.TB) []string {
	t.Helper()
	var set map[string]struct {
		Contexts []string `json:"CONTEXTS"`
		Answer   string   `json:"LONG_ANSWER"`
	}
	toolstest.ReadJSON(t, toolstest.Data(t, "pubmedqa", "dev.json"), &set)
	var texts []string
	for _, abstract := range set {
		texts = append(texts, abstract.Contexts...)
		texts = append(texts, abstract.Answer)
	}
	slices.Sort(texts)
	return texts
}

// Every certain edit of a published abstract counts as false here, also where
// the abstract is wrong.
func TestFalseAlarmsOnRealAbstractsAreFew(t *testing.T) {
	t.Parallel()
	texts := abstracts(t)
	reader := grammar.NewReader(grammar.Options{})
	words, proposed := 0, map[string][]string{}
	for _, text := range texts {
		words += len(strings.Fields(text))
		for _, checked := range read(t, reader, grammar.Input{Texts: []string{text}}).Texts {
			for _, e := range checked.Edits {
				proposed[e.Rule] = append(proposed[e.Rule], fmt.Sprintf("%q→%q in %q", e.Original, e.Replacements[0], text[max(0, e.Start-20):min(len(text), e.End+20)]))
			}
			for _, a := range checked.Advice {
				proposed["advice: "+a.Rule] = append(proposed["advice: "+a.Rule], text[a.Start:min(len(text), a.Start+30)])
			}
		}
	}
	edits := 0
	for rule, list := range proposed {
		if rule != "wordy" && !strings.HasPrefix(rule, "advice") {
			edits += len(list)
		}
		t.Logf("%s: %d, such as %s", rule, len(list), strings.Join(list[:min(len(list), 12)], "\n    "))
	}
	rate := 1000 * float64(edits) / float64(words)
	t.Logf("%d certain edits in %d words of %d texts: %.3f in 1,000 words", edits, words, len(texts), rate)
	if rate >= 0.5 {
		t.Errorf("%.3f certain edits in 1,000 words of real abstracts, want less than 0.5", rate)
	}
}

func BenchmarkRead(b *testing.B) {
	texts := abstracts(b)[:200]
	reader := grammar.NewReader(grammar.Options{})
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		read(b, reader, grammar.Input{Texts: texts})
	}
}
