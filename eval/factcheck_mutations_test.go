package eval_test

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/tools/factcheck"
)

// mutator makes one thing in a claim wrong. Its word lists are its own: it knows
// nothing of those of the checker.
type mutator struct {
	random *rand.Rand
	of     abstract
	at     int
	all    []abstract
}

type mutation struct {
	name   string
	change func(m mutator, text string) (string, bool) // nil where what is cited changes
}

func mutations() []mutation {
	return []mutation{
		{"number", mutator.number},
		{"unit", mutator.unit},
		{"year", mutator.year},
		{"entity", mutator.entity},
		{"negation", mutator.negation},
		{"direction", mutator.direction},
		{"citation id", nil},
	}
}

// replaceOne puts something else for one match of a pattern, chosen at random.
func (m mutator) replaceOne(text string, pattern *regexp.Regexp, with func(match string) string) (string, bool) {
	found := pattern.FindAllStringIndex(text, -1)
	m.random.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	for _, at := range found {
		if word := with(text[at[0]:at[1]]); word != "" && word != text[at[0]:at[1]] {
			return text[:at[0]] + word + text[at[1]:], true
		}
	}
	return "", false
}

var (
	anyWord   = regexp.MustCompile(`\b[a-z]+\b`)
	anyNumber = regexp.MustCompile(`\b\d+(?:\.\d+)?\b`)
	anyYear   = regexp.MustCompile(`\b(?:19|20)\d\d\b`)
)

// number changes a figure: a little, by a digit, tenfold, or to another figure of
// the same abstract.
func (m mutator) number(text string) (string, bool) {
	return m.replaceOne(text, anyNumber, func(match string) string {
		if anyYear.MatchString(match) {
			return ""
		}
		value, err := strconv.ParseFloat(match, 64)
		if err != nil {
			return ""
		}
		_, fraction, _ := strings.Cut(match, ".")
		write := func(v float64) string { return strconv.FormatFloat(v, 'f', len(fraction), 64) }
		switch m.random.IntN(4) {
		case 0:
			return write(value + 1)
		case 1:
			return write(value*1.3 + 2)
		case 2:
			return write(value * 10)
		}
		others := anyNumber.FindAllString(strings.Join(m.of.sentences, " "), -1)
		if len(others) > 0 {
			other := others[m.random.IntN(len(others))]
			if v, err := strconv.ParseFloat(other, 64); err == nil && v != value {
				return other
			}
		}
		return write(value + 3)
	})
}

var unitAfter = regexp.MustCompile(`(\d)([ -]?)(%|percent\b|per cent\b|mg\b|g\b|kg\b|mm\b|cm\b|ml\b|mL\b|days?\b|weeks?\b|months?\b|years?\b|yrs\b|hours?\b|minutes?\b|million\b|mmHg\b|h\b|min\b)`)

// unit puts another unit of the same kind for one that stands after a figure.
func (m mutator) unit(text string) (string, bool) {
	swaps := map[string][]string{
		"%": {" percentage points", " patients", "‰"}, "percent": {"percentage points"}, "per cent": {"percentage points", "patients"},
		"mg": {"g", "µg"}, "g": {"mg", "kg"}, "kg": {"g"}, "mm": {"cm"}, "cm": {"mm"}, "ml": {"l"}, "mL": {"dL"},
		"day": {"week"}, "days": {"weeks", "months"}, "week": {"month"}, "weeks": {"days", "months"}, "month": {"year"}, "months": {"years", "weeks"},
		"year": {"month"}, "years": {"months", "weeks"}, "yrs": {"months"}, "hour": {"day"}, "hours": {"days", "minutes"}, "minute": {"hour"},
		"minutes": {"hours", "seconds"}, "million": {"billion", "thousand"}, "mmHg": {"kPa"}, "h": {"min"}, "min": {"h"},
	}
	return m.replaceOne(text, unitAfter, func(match string) string {
		parts := unitAfter.FindStringSubmatch(match)
		others := swaps[parts[3]]
		if len(others) == 0 {
			return ""
		}
		return parts[1] + parts[2] + others[m.random.IntN(len(others))]
	})
}

func (m mutator) year(text string) (string, bool) {
	return m.replaceOne(text, anyYear, func(match string) string {
		value, _ := strconv.Atoi(match) // four digits
		shift := 1 + m.random.IntN(9)
		if m.random.IntN(2) == 0 {
			shift = -shift
		}
		return strconv.Itoa(value + shift)
	})
}

// groups are those that a sentence of medicine speaks of, with others.
func groups() map[string]string {
	return map[string]string{
		"women": "men", "men": "women", "boys": "girls", "girls": "boys", "male": "female", "female": "male", "males": "females", "females": "males",
		"children": "adults", "adults": "children", "mothers": "fathers", "control": "placebo", "intervention": "control", "treatment": "control",
		"left": "right", "right": "left", "nurses": "surgeons", "students": "teachers", "infants": "adolescents",
	}
}

var (
	nameIn     = regexp.MustCompile(`\b[A-Z][A-Za-z]*[A-Z0-9][A-Za-z0-9]*\b|[a-z,] ([A-Z][a-z]{3,})\b`)
	groupWords = regexp.MustCompile(`\b(women|men|boys|girls|male|female|males|females|children|adults|mothers|control|intervention|treatment|left|right|nurses|students|infants)\b`)
	rareNoun   = regexp.MustCompile(`\b[a-z]{9,}(?:oma|itis|osis|emia|ectomy|ase|in|ol|ine|ism|opathy|graphy|scopy|tion|ment|ness|ity)s?\b`)
)

// entity puts another name, group or thing for one of the claim: one of the same
// abstract, or one of another.
func (m mutator) entity(text string) (string, bool) {
	for _, pattern := range []*regexp.Regexp{nameIn, groupWords, rareNoun} {
		changed, ok := m.replaceOne(text, pattern, func(match string) string {
			if pattern == groupWords {
				return groups()[match]
			}
			before := ""
			if pattern == nameIn && match[0] >= 'a' && match[0] <= 'z' || match[0] == ',' {
				before, match = match[:2], match[2:]
			}
			other := m.otherThing(pattern, match, text)
			if other == "" {
				return ""
			}
			return before + other
		})
		if ok {
			return changed, true
		}
	}
	return "", false
}

func (m mutator) otherThing(pattern *regexp.Regexp, instead, text string) string {
	from := []abstract{m.of, m.all[m.random.IntN(len(m.all))], m.all[m.random.IntN(len(m.all))], m.all[m.random.IntN(len(m.all))]}
	if m.random.IntN(2) == 0 {
		from = from[1:]
	}
	for _, a := range from {
		for _, other := range pattern.FindAllString(strings.Join(a.sentences, " "), -1) {
			other = strings.TrimLeft(other[min(len(other), leading(other)):], " ")
			if !strings.Contains(strings.ToLower(text), strings.ToLower(strings.TrimSuffix(other, "s"))) && !strings.EqualFold(other[:min(4, len(other))], instead[:min(4, len(instead))]) {
				return other
			}
		}
	}
	return ""
}

// leading is how much of a match stands before its name.
func leading(match string) int {
	if len(match) > 1 && match[1] == ' ' {
		return 2
	}
	return 0
}

var (
	auxiliary = regexp.MustCompile(`\b(was|were|is|are|did|can|may|might|has|have|had|should|could|will|would)\b`)
	denied    = regexp.MustCompile(`\b(was not|were not|is not|are not|did not|didn't|cannot|does not|do not|no|without|has not|have not)\b`)
)

// negation denies what was said, or says what was denied.
func (m mutator) negation(text string) (string, bool) {
	if changed, ok := m.replaceOne(text, denied, func(match string) string {
		switch match {
		case "no":
			return "a"
		case "without":
			return "with"
		case "cannot":
			return "can"
		case "didn't":
			return "did"
		}
		return strings.TrimSuffix(match, " not")
	}); ok {
		return changed, true
	}
	found := auxiliary.FindStringIndex(text)
	if len(found) < 2 || strings.HasPrefix(text[found[1]:], " not") || !strings.HasPrefix(text[found[1]:], " ") {
		return "", false
	}
	return text[:found[1]] + " not" + text[found[1]:], true
}

// direction turns a movement or a comparison round.
func (m mutator) direction(text string) (string, bool) {
	opposites := map[string]string{
		"increased": "decreased", "decreased": "increased", "increase": "decrease", "decrease": "increase", "higher": "lower", "lower": "higher",
		"greater": "smaller", "more": "less", "less": "more", "fewer": "more", "longer": "shorter", "shorter": "longer", "improved": "worsened",
		"reduced": "increased", "raised": "lowered", "rose": "fell", "fell": "rose", "declined": "grew", "better": "worse", "worse": "better",
		"larger": "smaller", "smaller": "larger", "older": "younger", "younger": "older", "above": "below", "below": "above", "before": "after",
		"after": "before", "improvement": "deterioration", "reduction": "increase", "positive": "negative", "negative": "positive", "earlier": "later",
		"most": "least", "high": "low", "low": "high", "increases": "decreases", "decreases": "increases", "reduces": "increases", "improves": "worsens",
		"increasing": "decreasing", "decreasing": "increasing", "majority": "minority", "superior": "inferior",
	}
	return m.replaceOne(text, anyWord, func(match string) string { return opposites[match] })
}

// elsewhere is what a wrong id cites: as many passages of another abstract, or of
// another place in the same one.
func (m mutator) elsewhere(count int) []factcheck.Evidence {
	a, n := m.of, m.random.IntN(len(m.of.sentences))
	if m.random.IntN(2) == 0 || n >= m.at-2 && n <= m.at+2 {
		for a.id == m.of.id {
			a = m.all[m.random.IntN(len(m.all))]
		}
		n = m.random.IntN(len(a.sentences))
	}
	if count == 1 {
		return []factcheck.Evidence{a.evidence(n)}
	}
	return a.around(n)
}
