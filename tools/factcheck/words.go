package factcheck

import (
	"slices"
	"strings"
)

// slots looks for a word that stands in the place of another: all around it the
// claim says what the evidence says.
func (c *comparison) slots() {
	for i := 0; i < len(c.words); i++ {
		if c.pairs.matched(i) {
			continue
		}
		end := i
		for end+1 < len(c.words) && !c.pairs.matched(end+1) {
			end++
		}
		if from, to, ok := c.opposite(i, end); ok && end-i < maxSlot && to-from < maxSlot {
			c.slot(i, end, from, to)
		}
		i = end
	}
}

// maxSlot is how many words may stand in one place.
const maxSlot = 5

// opposite is what stands in the evidence where the words i..end stand in the
// claim, where the words beside them are the same.
func (c *comparison) opposite(i, end int) (from, to int, ok bool) {
	before, after := i > 0, end+1 < len(c.words)
	switch {
	case before && after:
		from, to = c.pairs.other[i-1]+1, c.pairs.other[end+1]-1
	case after:
		to = c.pairs.other[end+1] - 1
		from = to - (end - i)
	case before:
		from = c.pairs.other[i-1] + 1
		to = from + end - i
	default:
		return 0, 0, false
	}
	return from, to, from >= 0 && to < len(c.source) && from <= to && c.beside(i, end) >= 3
}

// beside counts the words right before and after i..end that stand so in the
// evidence; the end of the claim counts as one.
func (c *comparison) beside(i, end int) int {
	count := 0
	for k := i - 1; k >= i-3; k-- {
		if k < 0 || !c.pairs.matched(k) {
			break
		}
		count++
	}
	for k := end + 1; k <= end+3; k++ {
		if k >= len(c.words) || !c.pairs.matched(k) {
			break
		}
		count++
	}
	return count
}

func (c *comparison) slot(i, end, from, to int) {
	said, instead := thing(c.words[i:end+1]), thing(c.source[from:to+1])
	if said < 0 || instead < 0 {
		return
	}
	a, b := c.words[i+said], c.source[from+instead]
	if a.stem == b.stem || alike(a, b) || akin(a, b) || acronym(a, c.source[from:to+1]) || acronym(b, c.words[i:end+1]) {
		return
	}
	p := c.at(KindName, Partly, i+said, i+said, "it says “"+a.text+"” where its evidence says “"+b.text+"”")
	p.Evidence = b.text
	switch {
	case opposed(a, b):
		p.Kind, p.Status = KindDirection, Contradicted
	case c.elsewhere(a):
		p.Status = Contradicted // the evidence says it, but of something else
	case a.name || nounlike(a.lower):
		p.Status = NotShown
	}
	c.add(p)
}

// thing is the last word of a few that names something, or -1.
func thing(list []token) int {
	for k := len(list) - 1; k >= 0; k-- {
		if list[k].content && list[k].figure == nil && !reporting[list[k].lower] {
			return k
		}
	}
	return -1
}

// elsewhere says that the evidence has a word.
func (c *comparison) elsewhere(a token) bool {
	for _, t := range c.source {
		if t.content && t.stem == a.stem {
			return true
		}
	}
	return false
}

// nounlike says that a word has no ending of verbs, adverbs and most adjectives,
// which a retelling may put for others.
func nounlike(word string) bool {
	for _, ending := range []string{"ed", "ing", "ly", "ive", "able", "ible", "ous", "ful", "less", "est"} {
		if strings.HasSuffix(word, ending) {
			return false
		}
	}
	return len(word) > 2 && axes[word].axis == 0
}

// akin says that two words are of one family: reduce and reduction.
func akin(a, b token) bool {
	n := 0
	for n < min(len(a.lower), len(b.lower)) && a.lower[n] == b.lower[n] {
		n++
	}
	return n >= 5 && 5*n >= 3*max(len(a.stem), len(b.stem))
}

// acronym says that a name is made of the first letters of the words.
func acronym(name token, words []token) bool {
	if !name.name || len(name.lower) < 2 || len(words) < 2 {
		return false
	}
	var letters strings.Builder
	for _, t := range words {
		letters.WriteByte(t.lower[0])
	}
	return strings.Contains(letters.String(), strings.TrimSuffix(name.lower, "s"))
}

// names looks for names that the evidence does not have.
func (c *comparison) names() {
	for i, t := range c.words {
		if !t.name || t.figure != nil || c.pairs.matched(i) || c.speaksOf(t) || acronym(t, c.source) || acronym(t, c.about) || acronym(t, c.words) {
			continue
		}
		c.add(c.at(KindName, NotShown, i, i, "“"+t.text+"” is not named in its evidence"))
	}
}

// speaksOf says that the evidence has a word of the claim, in its text, title or
// heading.
func (c *comparison) speaksOf(t token) bool {
	return hasWord(c.source, t) || hasWord(c.about, t)
}

func hasWord(list []token, t token) bool {
	return slices.ContainsFunc(list, func(s token) bool { return says(s, t) })
}

// says says that a word of the evidence is one of the claim, or its like.
func says(s, t token) bool {
	return s.stem == t.stem || s.content && t.content && (alike(t, s) || akin(t, s) && !opposed(t, s))
}

// The shares of a claim's content words, from which the evidence shows the claim,
// and from which it shows part of it.
const (
	coverShown  = 0.7
	coverPartly = 0.5
)

// near is within how many words two words of a claim that stand together stand
// in evidence that says the same.
const near = 8

// covered measures how much of the claim the evidence speaks of. A word counts
// half where only the title has it, which says what a source is about, not what
// it found; and where the evidence has it apart from the words beside it.
func (c *comparison) covered() {
	var asked []token
	for _, t := range c.words {
		if t.content && t.figure == nil && !reporting[t.lower] && !hedges[t.lower] && !deriving[t.lower] {
			asked = append(asked, t)
		}
	}
	if len(asked) == 0 {
		return
	}
	found, missing := c.found(asked)
	c.coverage = found / float64(len(asked))
	if c.coverage >= coverShown {
		return
	}
	status := Partly
	if c.coverage < coverPartly {
		status = NotShown
	}
	reason := "its evidence does not speak of " + strings.Join(missing, ", ")
	if len(missing) == 0 {
		reason = "its words stand in its evidence, but not together"
	}
	c.add(Problem{Kind: KindCoverage, Status: status, Reason: reason})
}

// found counts the words that the evidence has, and names some that it has not.
func (c *comparison) found(asked []token) (count float64, missing []string) {
	places := make([][]int, len(asked)+2) // with an empty one at either end
	for i, t := range asked {
		places[i+1] = placesOf(c.source, t)
	}
	for i, t := range asked {
		here := places[i+1]
		switch {
		case len(here) > 0 && (len(asked) == 1 || together(here, places[i]) || together(here, places[i+2])):
			count++
		case len(here) > 0 || hasWord(c.about, t):
			count += 0.5
		case len(missing) < 6:
			missing = append(missing, "“"+t.text+"”")
		}
	}
	return count, missing
}

func placesOf(list []token, t token) []int {
	var places []int
	for k, s := range list {
		if says(s, t) {
			places = append(places, k)
		}
	}
	return places
}

func together(a, b []int) bool {
	return slices.ContainsFunc(a, func(i int) bool {
		return slices.ContainsFunc(b, func(j int) bool { return i-j <= near && j-i <= near })
	})
}

// english says that a text reads like English: its commonest words are there.
// What is too short to tell, is.
func english(list []token) bool {
	words, common := 0, 0
	for _, t := range list {
		if t.figure == nil && t.text[0] > '9' && !t.name {
			words++
			if functionWord(t.lower) {
				common++
			}
		}
	}
	return words < 8 || 8*common >= words
}

// translated holds a claim against evidence in another language: its figures
// only, since its words cannot be found there.
func (c *comparison) translated() {
	c.foreign = true
	c.figures()
	if !slices.ContainsFunc(c.words, func(t token) bool { return t.content && !reporting[t.lower] }) {
		return // nothing but the telling of a quotation
	}
	c.coverage = 0
	c.add(Problem{Kind: KindCoverage, Status: Partly, Reason: "its evidence is in another language; only its figures and quotations were held against it"})
}
