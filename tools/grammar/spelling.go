package grammar

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/golangci/misspell"
)

// dictionary knows misspellings and the two spellings of English, all in lower
// case.
type dictionary struct {
	wrong    map[string]string
	british  map[string]string // what is British to what is American
	american map[string]string
}

func newDictionary() dictionary {
	d := dictionary{
		wrong:   make(map[string]string, len(misspell.DictMain)/2),
		british: map[string]string{}, american: map[string]string{},
	}
	pairs(misspell.DictMain, func(from, to string) {
		if !terms(from) {
			d.wrong[from] = to
		}
	})
	pairs(misspell.DictAmerican, func(british, american string) {
		if !twoWords(british) && !twoWords(american) {
			d.british[british], d.american[american] = american, british
		}
	})
	return d
}

func pairs(list []string, each func(from, to string)) {
	for i := 0; i+1 < len(list); i += 2 {
		each(list[i], list[i+1])
	}
}

// terms are words that a list of misspellings has and a report may mean: they
// stand in dictionaries of medicine, law or Latin.
func terms(lower string) bool {
	switch lower {
	case "ba", "hist", "nd", "te", "ot", "fo", "pres", "conclusiones", "alls":
		return true
	}
	return len(lower) < 3
}

// twoWords says that a spelling is of its own word in one of the Englishes, or
// in a trade: a meter measures, a metre is measured; analyses are many.
func twoWords(lower string) bool {
	if strings.HasSuffix(lower, "lyses") || strings.HasSuffix(lower, "lyzes") {
		return true
	}
	for _, stem := range []string{"practi", "licen", "program", "met", "millimet", "centimet", "kilomet", "nanomet", "micromet", "che", "tire", "tyre", "stor", "curb", "kerb", "draft", "draught", "dis", "gray", "grey", "pri", "ton", "vise", "vice", "enquir", "inquir"} {
		if strings.HasPrefix(lower, stem) {
			return true
		}
	}
	return false
}

func (r *Reader) misspelled(p page) (edits []Edit) {
	for _, w := range p.words {
		if w.closed || w.mixed() {
			continue
		}
		right, wrong := r.words().wrong[w.lower]
		if !wrong {
			continue
		}
		edits = append(edits, certain(w.start, w.end, cased(w, right), "spelling", fmt.Sprintf("“%s” is a common misspelling", w.text)))
	}
	return edits
}

// cased gives a replacement the capital of the word it replaces.
func cased(w word, lower string) string {
	if !w.capital() {
		return lower
	}
	r, size := utf8.DecodeRuneInString(lower)
	return string(unicode.ToUpper(r)) + lower[size:]
}

// found is how often a word stands in each of its spellings.
type found struct {
	british, american int
	britishFirst      bool
}

func (f *found) add(isBritish bool) {
	if isBritish {
		f.british++
	} else {
		f.american++
	}
}

// consistent looks for words that have two spellings in one report, or another
// than the configured one. That a report has British and American words is
// advice only: -ize is British too.
func (r *Reader) consistent(pages []page, out *Output) [][]Edit {
	edits := make([][]Edit, len(pages))
	counts, total := r.countVariants(pages)
	r.eachVariant(pages, func(i int, w word, british string, isBritish bool) {
		wantBritish, reason := r.wanted(*counts[british], british)
		if reason == "" || wantBritish == isBritish {
			return
		}
		right := british
		if isBritish {
			right = r.words().british[british]
		}
		edits[i] = append(edits[i], certain(w.start, w.end, cased(w, right), "consistency", reason))
	})
	if r.options.Spelling == "" && total.british > 0 && total.american > 0 {
		out.Report = append(out.Report, Advice{
			Rule:   "consistency",
			Reason: fmt.Sprintf("British spellings (%d) and American ones (%d) stand side by side; choose one", total.british, total.american),
		})
	}
	return edits
}

// countVariants counts the spellings of each word, and those of all that tell
// British from American: -ise and -yse do not.
func (r *Reader) countVariants(pages []page) (counts map[string]*found, total found) {
	counts = map[string]*found{}
	r.eachVariant(pages, func(_ int, _ word, british string, isBritish bool) {
		count := counts[british]
		if count == nil {
			count = &found{britishFirst: isBritish}
			counts[british] = count
		}
		count.add(isBritish)
		if !strings.Contains(british, "is") && !strings.Contains(british, "ys") {
			total.add(isBritish)
		}
	})
	return counts, total
}

// wanted says how a word shall be spelled, and why; without a reason as it is.
func (r *Reader) wanted(count found, british string) (isBritish bool, reason string) {
	switch {
	case r.options.Spelling == American:
		return false, "the report is spelled in American English"
	case r.options.Spelling == British && (count.british > 0 || !strings.Contains(british, "is")):
		return true, "the report is spelled in British English"
	case r.options.Spelling == "" && count.british > 0 && count.american > 0:
		return count.british > count.american || count.british == count.american && count.britishFirst, "the report spells this word in two ways"
	}
	return false, ""
}

// eachVariant visits the words outside of quotations that have two spellings.
func (r *Reader) eachVariant(pages []page, visit func(page int, w word, british string, isBritish bool)) {
	for i, p := range pages {
		for _, w := range p.words {
			if w.closed || w.mixed() {
				continue
			}
			if _, ok := r.words().british[w.lower]; ok {
				visit(i, w, w.lower, true)
			} else if british, ok := r.words().american[w.lower]; ok {
				visit(i, w, british, false)
			}
		}
	}
}
