package factcheck

import (
	"slices"
	"strings"
)

// Conflict is one quantity of which sources give different figures.
type Conflict struct {
	Quantity string   // the words that the sources have in common, with the period where they name one
	Figures  []Stated // at least two, of different sources, in the order of the ids
}

// Stated is a figure as one source gives it.
type Stated struct {
	Evidence string // id
	Figure   string // as written, with its unit
}

// What two sentences must share to speak of one quantity. Sentences of reports
// are alike in many things that are not the same: what they measure must be
// named in words, and whose it is by a name or a year.
const (
	sharedWords = 2   // of content, a name among them or a year beside them
	sharedPart  = 0.7 // of the content of either
	maxStated   = 400 // quotations that are compared
)

// Conflicts compares what quotations of different sources say of the same
// quantity: the same entity, measure, unit and period. It is made to miss rather
// than to invent: figures of samples (patients, groups, means of a study) are not
// compared, for two studies do not measure one thing.
func (r *Reader) Conflicts(ids []string) []Conflict {
	var list []*statement
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if e, known := r.find(id); !known || !strings.ContainsAny(e.Quote, "0123456789") || len(list) == maxStated {
			continue // and most need not be read
		}
		if s := newStatement(r.exhibit(id)); s != nil {
			list = append(list, s)
		}
	}
	var conflicts []Conflict
	told := map[*statement]bool{}
	for i, a := range list {
		if told[a] {
			continue
		}
		found := Conflict{}
		for _, b := range list[i+1:] {
			own, other, ok := a.differs(b)
			if !ok || told[b] {
				continue
			}
			if len(found.Figures) == 0 {
				found = Conflict{Quantity: a.quantity(b), Figures: []Stated{{a.ID, own}}}
			}
			found.Figures = append(found.Figures, Stated{b.ID, other})
			told[b] = true
		}
		if len(found.Figures) > 0 {
			conflicts = append(conflicts, found)
		}
	}
	return conflicts
}

// exhibit reads evidence once; nil for what is none.
func (r *Reader) exhibit(id string) *exhibit {
	if e, ok := r.read[id]; ok {
		return e
	}
	found, known := r.find(id)
	if !known {
		return nil
	}
	e := newExhibit(found)
	r.read[id] = e
	return e
}

// statement is a quotation that gives a figure of something named.
type statement struct {
	*exhibit
	content map[string]bool // stems
	names   map[string]bool
	years   map[string]bool
	opening string // the first word, which is a name or is not
	denials int
}

// sampled are words of what is true of one sample only.
var sampled = setOf(`patient patients subject subjects participant participants respondent respondents women men children group groups
	cohort sample samples mean median average we our i p n ci sd sem confidence interval odds hazard ratio follow-up baseline case cases
	trial trials study studies controls arm intervention eyes specimens rats mice cells score scores sensitivity specificity examined
	questionnaire questionnaires interviewed interviews reviewed enrolled randomized randomised`)

func newStatement(e *exhibit) *statement {
	if e.Computation != nil {
		return nil
	}
	s := &statement{exhibit: e, content: map[string]bool{}, names: map[string]bool{}, years: map[string]bool{}}
	measures := false
	for i, t := range e.words {
		switch {
		case sampled[t.lower]:
			return nil
		case t.figure != nil && t.figure.year(t.text):
			s.years[t.text] = true
		case t.figure != nil:
			measures = true
		case t.name:
			s.names[t.stem], s.content[t.stem] = true, true
		case i == 0 && t.content && !reporting[t.lower]:
			s.opening, s.content[t.stem] = t.stem, true
		case t.content && !reporting[t.lower] && !hedges[t.lower]:
			s.content[t.stem] = true
		}
		if negating(t.lower) {
			s.denials++
		}
	}
	if !measures || len(s.content) < sharedWords {
		return nil
	}
	return s
}

// differs gives the figures of two statements where they are of one quantity and
// differ.
func (s *statement) differs(o *statement) (own, other string, ok bool) {
	if s.SHA256 == o.SHA256 || s.denials != o.denials || !sameKeys(s.years, o.years) || !s.named(o) || !o.named(s) {
		return "", "", false
	}
	if len(s.names)+len(s.years) == 0 && (s.opening == "" || s.opening != o.opening) {
		return "", "", false
	}
	common := 0
	for stem := range s.content {
		if o.content[stem] {
			common++
		}
	}
	if common < sharedWords || float64(common) < sharedPart*float64(max(len(s.content), len(o.content))) {
		return "", "", false
	}
	return s.figuresApart(o)
}

// figuresApart aligns two statements and looks for the one figure in which they
// differ. Where several differ, or words of opposite direction stand in one
// place, they are of different things.
func (s *statement) figuresApart(o *statement) (own, other string, ok bool) {
	pairs := align(s.words, o.words)
	differing := 0
	for i, t := range s.words {
		j := pairs.other[i]
		if j < 0 {
			if t.figure != nil && !t.figure.year(t.text) {
				return "", "", false
			}
			continue
		}
		u := o.words[j]
		switch {
		case opposed(t, u) && !pairs.same[i]:
			return "", "", false
		case t.figure == nil || u.figure == nil || t.figure.year(t.text):
		case !t.figure.fits(*u.figure):
			return "", "", false
		case !t.figure.same(*u.figure) && !u.figure.same(*t.figure):
			differing++
			own, other = t.figure.label, u.figure.label
			if pairs.setting(i) < strongSetting {
				return "", "", false
			}
		}
	}
	return own, other, differing == 1
}

// named says that the other statement has every name of this one.
func (s *statement) named(o *statement) bool {
	for name := range s.names {
		if !o.names[name] && o.opening != name {
			return false
		}
	}
	return true
}

func sameKeys(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for key := range a {
		if !b[key] {
			return false
		}
	}
	return true
}

// quantity names what both speak of, in the words of the first.
func (s *statement) quantity(o *statement) string {
	var words []string
	for _, t := range s.words {
		if s.years[t.text] || o.content[t.stem] && t.content {
			words = append(words, t.text)
		}
	}
	return strings.Join(words, " ")
}
