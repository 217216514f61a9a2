package eval_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/factcheck"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

// What the checker of facts must reach on each half of the abstracts.
const (
	caughtAtLeast = 0.95 // of the mutations of each kind
	alarmsAtMost  = 0.03 // of unchanged claims of each form
	enoughClaims  = 60   // mutations of a kind, for the share to mean something
)

// The mutation test: sentences of real abstracts are claims that their own place
// in the abstract supports. One thing in each is made wrong, and the checker
// must refuse it: contradicted or not shown, which is what keeps a claim out of a
// report. The abstracts are split by the hash of their id: the rules were made
// looking at the first half only.
func TestFactsThatWereChangedAreFound(t *testing.T) {
	t.Parallel()
	abstracts := readAbstracts(t)
	for part, name := range []string{"tuned on", "held out"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			score := newTally(abstracts)
			for _, a := range abstracts {
				if a.part == part {
					score.examine(t, a, abstracts)
				}
			}
			score.hold(t)
		})
	}
}

// abstract is one of PubMedQA's, by its sentences.
type abstract struct {
	id         string
	title      string
	year       int
	part       int
	sentences  []string
	conclusion int   // the first sentence of the conclusion
	claims     []int // the sentences of results and conclusions, and others with a year
}

func readAbstracts(t *testing.T) []abstract {
	t.Helper()
	raw, err := os.ReadFile(toolstest.Data(t, "pubmedqa", "dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	var set map[string]struct {
		Question   string   `json:"QUESTION"`
		Contexts   []string `json:"CONTEXTS"`
		Labels     []string `json:"LABELS"`
		LongAnswer string   `json:"LONG_ANSWER"`
		Year       string   `json:"YEAR"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	var list []abstract
	for id, entry := range set {
		h := fnv.New32a()
		_, _ = h.Write([]byte(id))
		a := abstract{id: id, title: entry.Question, part: int(h.Sum32() % 2)}
		a.year, _ = strconv.Atoi(entry.Year)
		for i, context := range append(entry.Contexts, entry.LongAnswer) {
			a.conclusion = len(a.sentences)
			results := i >= len(entry.Labels) || strings.Contains(entry.Labels[i], "RESULT") || strings.Contains(entry.Labels[i], "FINDING")
			for _, s := range cutSentences(context) {
				if n := len(strings.Fields(s)); (results || anyYear.MatchString(s)) && n >= 7 && n <= 50 {
					a.claims = append(a.claims, len(a.sentences))
				}
				a.sentences = append(a.sentences, s)
			}
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b abstract) int { return strings.Compare(a.id, b.id) })
	return list
}

// cutSentences cuts where a point, a space and a capital or figure meet.
func cutSentences(text string) []string {
	var out []string
	start := 0
	runes := []rune(text)
	for i := 1; i+2 < len(runes); i++ {
		if (runes[i] == '.' || runes[i] == '?') && runes[i+1] == ' ' && (unicode.IsUpper(runes[i+2]) || unicode.IsDigit(runes[i+2])) &&
			!unicode.IsUpper(runes[i-1]) && i-start > 20 {
			out = append(out, string(runes[start:i+1]))
			start = i + 2
		}
	}
	return append(out, string(runes[start:]))
}

// evidence is the sentence n of an abstract as a run keeps it.
func (a abstract) evidence(n int) factcheck.Evidence {
	return factcheck.Evidence{ID: fmt.Sprintf("%s-%d", a.id, n), Citation: tools.Citation{
		Title: a.title, Year: a.year, Quote: a.sentences[n], SHA256: a.id,
	}}
}

func (a abstract) inYear() string {
	if a.year == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d)", a.year)
}

// around is the sentence n with its neighbours.
func (a abstract) around(n int) []factcheck.Evidence {
	var list []factcheck.Evidence
	for k := max(0, n-1); k < min(len(a.sentences), n+2); k++ {
		list = append(list, a.evidence(k))
	}
	return list
}

// tally counts what was refused, by the form of the claim and what was changed.
type tally struct {
	reader                  *factcheck.Reader
	claims, refused, partly map[string]int
	examples                map[string][]string
}

func newTally(abstracts []abstract) *tally {
	var evidence []factcheck.Evidence
	for _, a := range abstracts {
		for n := range a.sentences {
			evidence = append(evidence, a.evidence(n))
		}
	}
	return &tally{factcheck.NewReader(factcheck.Among(evidence)), map[string]int{}, map[string]int{}, map[string]int{}, map[string][]string{}}
}

// The forms in which a sentence is claimed.
const (
	itself     = "verbatim, citing itself"
	neighbours = "verbatim, citing its neighbours too"
	retold     = "retold by rules, citing itself"
	retoldWide = "retold by rules, citing its neighbours too"
	withTitle  = "quoted and attributed"
)

const (
	unchanged = "unchanged"
	sameText  = "  of these, within the same abstract"
	inference = "conclusions citing all results (not held)"
	wrongly   = "contradicted"
	leftOpen  = "left open"
)

func (s *tally) examine(t *testing.T, a abstract, all []abstract) {
	t.Helper()
	for n := a.conclusion; n < len(a.sentences); n++ {
		var results []factcheck.Evidence
		for _, k := range a.claims {
			if k < a.conclusion {
				results = append(results, a.evidence(k))
			}
		}
		if len(results) > 0 {
			s.count(inference, inference, "", a.sentences[n], results)
		}
	}
	for _, n := range a.claims {
		random := rand.New(rand.NewPCG(uint64(n), hashOf(a.id)))
		m := mutator{random, a, n, all}
		own, wide := []factcheck.Evidence{a.evidence(n)}, a.around(n)
		again := retell(a.sentences[n])
		for at, form := range []struct {
			name, text string
			evidence   []factcheck.Evidence
		}{
			{itself, a.sentences[n], own}, {neighbours, a.sentences[n], wide}, {retold, again, own}, {retoldWide, again, wide},
		} {
			s.count(form.name, unchanged, form.text, form.text, form.evidence)
			if (n+int(hashOf(a.id)))&3 == at { // each claim is changed in one of its forms
				s.change(m, form.name, form.text, form.evidence)
			}
		}
		s.count(withTitle, unchanged, "", fmt.Sprintf("“%s”%s reports: “%s”", a.title, a.inYear(), a.sentences[n]), own)
	}
}

// change makes the claim wrong in every way, one at a time.
func (s *tally) change(m mutator, form, claim string, evidence []factcheck.Evidence) {
	for _, kind := range mutations() {
		if kind.change == nil {
			cited := m.elsewhere(len(evidence))
			s.count(form, kind.name, claim, claim, cited)
			if cited[0].SHA256 == m.of.id {
				s.count(form, sameText, claim, claim, cited)
			}
		} else if text, ok := kind.change(m, claim); ok && text != claim {
			s.count(form, kind.name, claim, text, evidence)
		}
	}
}

func (s *tally) count(form, kind, before, text string, evidence []factcheck.Evidence) {
	claim := factcheck.Claim{Text: text}
	for _, e := range evidence {
		claim.Evidence = append(claim.Evidence, e.ID)
	}
	verdict := s.reader.Check(claim)
	key := kind
	if kind == unchanged {
		key = form
	}
	s.claims[key]++
	if !verdict.Status.Shown() {
		s.refused[key]++
	} else if verdict.Status == factcheck.Partly {
		s.partly[key]++
	}
	if kind == inference && verdict.Status == factcheck.Contradicted {
		s.refused[wrongly]++
	}
	if kind == inference && verdict.Open() {
		s.refused[leftOpen]++
	}
	if verdict.Status.Shown() == (kind != unchanged) {
		s.examples[key] = append(s.examples[key], fmt.Sprintf("[%s]\n   %s\n   was: %s\n   evidence: %s\n   %s", form, text, before, evidence[0].Quote, strings.Join(verdict.Reasons(), "; ")))
	}
}

func (s *tally) hold(t *testing.T) {
	t.Helper()
	for _, form := range []string{itself, neighbours, retold, retoldWide, withTitle} {
		t.Logf("%-45s %5d claims: refused %5.2f %%, partly %5.2f %%", form, s.claims[form], s.percent(s.refused, form), s.percent(s.partly, form))
		if s.percent(s.refused, form) > 100*alarmsAtMost {
			t.Errorf("%s: too many false alarms", form)
		}
	}
	for _, kind := range mutations() {
		t.Logf("%-45s %5d changed: caught %6.2f %%, partly %5.2f %%", kind.name, s.claims[kind.name], s.percent(s.refused, kind.name), s.percent(s.partly, kind.name))
		if s.claims[kind.name] < enoughClaims || s.percent(s.refused, kind.name) < 100*caughtAtLeast {
			t.Errorf("%s: too few are caught", kind.name)
		}
	}
	t.Logf("%-45s %5d changed: caught %6.2f %%, partly %5.2f %%", sameText, s.claims[sameText], s.percent(s.refused, sameText), s.percent(s.partly, sameText))
	t.Logf("%-45s %5d claims: refused %5.2f %%, partly %5.2f %%, of these called contradicted %d, left open to a model %d", inference, s.claims[inference],
		s.percent(s.refused, inference), s.percent(s.partly, inference), s.refused[wrongly], s.refused[leftOpen])
	if 2*s.refused[leftOpen] < s.refused[inference] {
		t.Errorf("of %d conclusions that are not shown only %d are left open to a model", s.refused[inference], s.refused[leftOpen])
	}
	if show := os.Getenv("QUAESTOR_SHOW_MISSES"); show != "" {
		for i, example := range s.examples[show] {
			if i < 40 {
				t.Log(example)
			}
		}
	}
}

func (s *tally) percent(of map[string]int, key string) float64 {
	return 100 * float64(of[key]) / float64(max(1, s.claims[key]))
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// retell says a sentence again by fixed rules that keep its meaning: openings
// and test statistics are left out, and words and spellings are put for their
// equals.
func retell(text string) string {
	text = openings.ReplaceAllString(text, "")
	text = statisticsIn.ReplaceAllString(text, "")
	text = wordsIn.ReplaceAllStringFunc(text, func(word string) string { return retellings[word] })
	text = smallNumber.ReplaceAllStringFunc(text, func(match string) string {
		return match[:2] + map[string]string{"two": "2", "three": "3", "four": "4", "twelve": "12"}[match[2:len(match)-2]] + match[len(match)-2:]
	})
	text = percentSign.ReplaceAllString(text, "$1 per cent$2")
	text = thousandsMark.ReplaceAllStringFunc(text, func(match string) string { return strings.Replace(match, ",", "", 1) })
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}

var (
	openings      = regexp.MustCompile(`^(In conclusion|However|Furthermore|Moreover|Overall|In addition|Additionally|In this study|In our study|Therefore|Thus|Conversely|In contrast),? (we (found|conclude|concluded|observed) that )?`)
	statisticsIn  = regexp.MustCompile(` \((P|p) ?[<=>] ?0?\.\d+\)`)
	percentSign   = regexp.MustCompile(`(\d) ?%([ ,.;:)])`)
	thousandsMark = regexp.MustCompile(`([^,\d]\d{1,3}),(\d{3})\b[^,]`)
)

// retellings are words and those put for them.
var retellings = map[string]string{
	"patients": "participants", "increased": "raised", "decreased": "reduced", "higher": "greater", "demonstrated": "showed",
	"revealed": "showed", "physicians": "doctors", "did not": "didn't", "vs": "versus", "significantly": "markedly", "may": "might",
	"years": "yrs", "was associated with": "was linked to", "were associated with": "were linked to", "used": "employed",
}

var (
	wordsIn     = regexp.MustCompile(`\b(patients|increased|decreased|higher|demonstrated|revealed|physicians|did not|vs|significantly|may|years|was associated with|were associated with|used)\b`)
	smallNumber = regexp.MustCompile(`[a-z] (two|three|four|twelve) [a-gi-su-z]`)
)
