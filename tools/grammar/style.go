package grammar

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// maxWords is the length from which a sentence is long.
const maxWords = 45

// advice names what is to be judged in one text.
func (p page) advice() []Advice {
	advice := append(p.openQuotes(), p.openBrackets()...)
	if !p.english {
		return advice
	}
	for _, s := range p.sentences() {
		if n := len(s.words); n > maxWords {
			advice = append(advice, Advice{Rule: "long sentence", Start: s.start, End: s.end, Reason: fmt.Sprintf("the sentence has %d words; divide it", n)})
		}
		if n := s.passives(); n > 2 {
			advice = append(advice, Advice{Rule: "passive", Start: s.start, End: s.end, Reason: fmt.Sprintf("%d verbs of the sentence are passive; say who did it", n)})
		}
	}
	return advice
}

// sentence is a run of words up to a full stop.
type sentence struct {
	span
	words []word
}

var stop = regexp.MustCompile(`[.!?]["”’)\]]*\s+["“‘(\[]?\p{Lu}`)

// sentences divides a text, carefully: an abbreviation ends no sentence.
func (p page) sentences() []sentence {
	var list []sentence
	start, next := 0, 0
	add := func(end int) {
		s := sentence{span: span{start, end}}
		for ; next < len(p.words) && p.words[next].start < end; next++ {
			s.words = append(s.words, p.words[next])
		}
		if len(s.words) > 0 {
			list = append(list, s)
		}
		start = end
	}
	for _, at := range stop.FindAllStringIndex(p.text, -1) {
		before := p.text[:at[0]]
		last := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
		if len(last) < 2 || strings.Contains(last, ".") || slices.Contains([]string{"al", "vs", "Dr", "Mr", "Mrs", "Ms", "St", "No", "Fig", "approx", "ca", "cf", "Prof"}, strings.TrimLeft(last, "([")) {
			continue
		}
		add(at[0] + 1)
	}
	add(len(p.text))
	return list
}

// passives counts forms of to be with a participle after them.
func (s sentence) passives() int {
	n := 0
	for i, w := range s.words {
		switch w.lower {
		case "is", "are", "was", "were", "be", "been", "being":
		default:
			continue
		}
		for _, after := range s.words[i+1 : min(i+3, len(s.words))] {
			if participle(after.lower) {
				n++
				break
			}
			if !strings.HasSuffix(after.lower, "ly") && after.lower != "not" && after.lower != "also" {
				break
			}
		}
	}
	return n
}

func participle(lower string) bool {
	if len(lower) > 4 && strings.HasSuffix(lower, "ed") {
		return true
	}
	switch lower {
	case "made", "done", "found", "given", "shown", "seen", "taken", "known", "held", "kept", "built", "drawn", "chosen", "written", "led", "left", "lost", "met", "paid", "put", "read", "said", "sent", "set", "told", "thought", "understood", "undertaken", "brought", "bought", "begun", "driven", "grown", "fed", "cut":
		return true
	}
	return false
}

// phrases are long ways to say something short. Whether the short one reads
// better is the writer's to say.
func phrases() [][2]string {
	return [][2]string{
		{"in order to", "to"},
		{"due to the fact that", "because"},
		{"in spite of the fact that", "although"},
		{"despite the fact that", "although"},
		{"owing to the fact that", "because"},
		{"in the event that", "if"},
		{"at this point in time", "now"},
		{"at the present time", "now"},
		{"for the purpose of", "for"},
		{"with regard to", "on"},
		{"with respect to the fact that", "because"},
		{"in the vicinity of", "near"},
		{"a large number of", "many"},
		{"a small number of", "few"},
		{"a majority of", "most"},
		{"the majority of", "most"},
		{"has the ability to", "can"},
		{"have the ability to", "can"},
		{"is able to", "can"},
		{"are able to", "can"},
		{"in the absence of", "without"},
		{"on a regular basis", "regularly"},
		{"on a daily basis", "daily"},
		{"prior to", "before"},
		{"subsequent to", "after"},
		{"in close proximity to", "near"},
		{"for the reason that", "because"},
		{"in the near future", "soon"},
		{"until such time as", "until"},
		{"it is important to note that", ""},
		{"it should be noted that", ""},
		{"it is worth noting that", ""},
		{"it is interesting to note that", ""},
		{"needless to say", ""},
		{"the question as to whether", "whether"},
		{"as a matter of fact", "in fact"},
		{"each and every", "each"},
		{"first and foremost", "first"},
		{"end result", "result"},
		{"past history", "history"},
		{"future plans", "plans"},
		{"completely eliminate", "eliminate"},
		{"basic fundamentals", "basics"},
		{"in a timely manner", "in time"},
	}
}

// wordy finds long ways to say something short, as edits that are not certain.
func wordy(p page) (edits []Edit) {
	lower := strings.ToLower(p.text)
	if len(lower) != len(p.text) {
		return nil // a letter whose small form has another length: offsets would not hold
	}
	for _, phrase := range phrases() {
		for from := 0; ; {
			at := strings.Index(lower[from:], phrase[0])
			if at < 0 {
				break
			}
			start, end := from+at, from+at+len(phrase[0])
			from = end
			if start > 0 && letter(lower[start-1]) || end < len(lower) && letter(lower[end]) {
				continue
			}
			reason := fmt.Sprintf("“%s” says the same", phrase[1])
			if phrase[1] == "" {
				reason = "the sentence says the same without it"
			}
			replacement := phrase[1]
			if replacement != "" && unicode.IsUpper(rune(p.text[start])) {
				replacement = strings.ToUpper(replacement[:1]) + replacement[1:]
			}
			edits = append(edits, Edit{Start: start, End: end, Replacements: []string{replacement}, Rule: "wordy", Reason: reason})
		}
	}
	return edits
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 0x80 }

// The shares from which a habit is named, in reports of at least minSentences.
const (
	minSentences = 10
	maxPassive   = 0.5
	maxOpening   = 0.2
)

// habits looks at the sentences of a report together: how many are passive, and
// how they begin.
func habits(pages []page) (advice []Advice) {
	total, passive, inRow := 0, 0, 0
	openings, rows := map[string]int{}, map[string]int{}
	before := ""
	for _, p := range pages {
		for _, s := range p.sentences() {
			total++
			if s.passives() > 0 {
				passive++
			}
			opening := s.opening()
			openings[opening]++
			if opening == before && opening != "" {
				inRow++
				rows[opening] = max(rows[opening], inRow+1)
			} else {
				inRow = 0
			}
			before = opening
		}
	}
	if total >= minSentences && float64(passive) > maxPassive*float64(total) {
		advice = append(advice, Advice{Rule: "passive", Reason: fmt.Sprintf("%d of %d sentences have a passive verb", passive, total)})
	}
	names := slices.SortedFunc(maps.Keys(openings), func(a, b string) int { return cmp.Or(openings[b]-openings[a], cmp.Compare(a, b)) })
	for _, opening := range names {
		n := openings[opening]
		switch {
		case opening == "":
		case rows[opening] >= 3:
			advice = append(advice, Advice{Rule: "openings", Reason: fmt.Sprintf("%d sentences in a row begin with “%s”", rows[opening], opening)})
		case total >= minSentences && float64(n) > maxOpening*float64(total):
			advice = append(advice, Advice{Rule: "openings", Reason: fmt.Sprintf("%d of %d sentences begin with “%s”", n, total, opening)})
		}
	}
	return advice
}

// opening is how a sentence begins: its first two words, or none where it
// begins with a quotation, a name or a figure.
func (s sentence) opening() string {
	if len(s.words) < 2 || s.words[0].closed || s.words[1].closed || s.words[1].start-s.words[0].end > 2 {
		return ""
	}
	return s.words[0].lower + " " + s.words[1].lower
}
