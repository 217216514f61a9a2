package factcheck

import (
	"regexp"
	"slices"
	"strings"
)

// strongSetting is from how many words around a figure or a word that stand in
// the evidence too, around what stands in its place there, the two places are
// the same.
const strongSetting = 3

// figures holds each figure of the claim against the evidence: the one in its
// place, or else one that is equal, in the same unit, anywhere in it.
func (c *comparison) figures() {
	for i, t := range c.words {
		if t.figure == nil {
			continue
		}
		j := c.pairs.other[i]
		if j >= 0 && c.source[j].figure != nil {
			if other := *c.source[j].figure; t.figure.same(other) && t.figure.fits(other) || c.inPlace(i, j) {
				continue
			}
		}
		equal, unitAside := c.figureElsewhere(i)
		switch {
		case equal, c.derived(i), unitAside != nil && c.foreign:
		case unitAside != nil && (t.figure.unit != unit{} || c.countsInstead(i, *unitAside)):
			c.addFigure(KindUnit, NotShown, i, *unitAside)
		case unitAside != nil: // the unit is left out, or written as a word nobody can be sure of
			c.add(c.at(KindUnit, Partly, i, i, "the figure "+t.text+" stands in its evidence as "+unitAside.figure.label))
		default:
			c.addFigure(c.figureKind(i), NotShown, i, token{})
		}
	}
}

// inPlace says that the figure j of the evidence stands where i stands in the
// claim, all around them being the same, and that it is another.
func (c *comparison) inPlace(i, j int) bool {
	setting := c.pairs.setting(i)
	if setting < strongSetting {
		return false
	}
	q, other := c.words[i].figure, c.source[j].figure
	switch {
	case q.same(*other) || q.value == other.value:
		if c.dropsUnit(i, j) {
			return false
		}
		c.addFigure(KindUnit, Contradicted, i, c.source[j])
	case setting >= 2*strongSetting || !c.derived(i):
		c.addFigure(c.figureKind(i), Contradicted, i, c.source[j])
	default:
		return false
	}
	return true
}

func (c *comparison) dropsUnit(i, j int) bool {
	return c.words[i].figure.unit == unit{} && c.source[j].figure.unit.dimension != ""
}

// countsInstead says that a claim counts things ("12 patients") where its
// evidence has a share or an amount of money.
func (c *comparison) countsInstead(i int, instead token) bool {
	switch instead.figure.unit.dimension {
	case "share", "dollars", "euros", "pounds", "yen":
	default:
		return false
	}
	if i+1 >= len(c.words) {
		return false
	}
	next := c.words[i+1]
	return next.content && !next.clause && strings.Trim(c.claim.Text[c.words[i].end:next.start], " -") == ""
}

func (c *comparison) figureKind(i int) string {
	if c.words[i].figure.year(c.words[i].text) {
		return KindDate
	}
	return KindNumber
}

func (c *comparison) addFigure(kind string, status Status, i int, instead token) {
	last := min(i+c.words[i].figure.words, len(c.words)-1)
	name := map[string]string{KindDate: "year", KindUnit: "unit of"}[kind]
	if name == "" {
		name = "figure"
	}
	p := c.at(kind, status, i, last, "")
	p.Reason = "the " + name + " " + p.Text + " does not follow from its evidence"
	if instead.figure != nil {
		p.Evidence = instead.figure.label
		p.Reason = "it says " + p.Text + " where its evidence says " + p.Evidence
	}
	c.add(p)
}

// figureElsewhere looks for an equal figure anywhere in the evidence, its title
// and heading; and for one that is equal but for its unit.
func (c *comparison) figureElsewhere(i int) (equal bool, unitAside *token) {
	q := c.words[i].figure
	for _, list := range [2][]token{c.source, c.about} {
		for k := range list {
			other := list[k].figure
			switch {
			case other == nil:
			case q.fits(*other) && q.same(*other):
				return true, nil
			case q.value == other.value && unitAside == nil:
				unitAside = &list[k]
			}
		}
	}
	for _, e := range c.held {
		if q.year(c.words[i].text) && int(q.value) == e.Year {
			return true, nil
		}
	}
	return false, unitAside
}

// deriving are words that say a figure was computed from others.
var deriving = setOf(`difference differences total altogether combined sum together ratio times fold twice change net`)

// derived says that a claim names a figure as computed from others, and that it
// follows from two of its evidence, or from all of one kind: a difference, a sum,
// a ratio, a change in per cent.
func (c *comparison) derived(i int) bool {
	q := c.words[i].figure
	if q.year(c.words[i].text) {
		return false
	}
	said := false
	for k := max(0, i-6); k < min(len(c.words), i+7); k++ {
		said = said || deriving[c.words[k].lower]
	}
	said = said || i > 0 && c.words[i-1].lower == "by" // rose by 10 points
	if !said && q.unit.dimension != "share" {
		return false
	}
	var values []quantity
	for _, t := range c.source {
		if t.figure != nil && !t.figure.year(t.text) && len(values) < maxDerived {
			values = append(values, *t.figure)
		}
	}
	for a, x := range values {
		for b, y := range values {
			if a != b && q.follows(x, y, said) {
				return true
			}
		}
	}
	return false
}

// maxDerived bounds the figures that are tried in pairs: with many of them some
// pair fits by chance.
const maxDerived = 8

// follows says that a figure is computed from two others.
func (q quantity) follows(x, y quantity, said bool) bool {
	if x.unit.dimension != y.unit.dimension || y.base() == 0 {
		return false
	}
	like := func(value float64, dimension string) bool {
		d := q.unit.dimension
		return (d == dimension || d == "percentage points" && dimension == "share") &&
			q.same(quantity{value: value / q.unit.factorOr1(), decimals: 9, unit: q.unit})
	}
	share := x.unit.dimension == "" && x.base() < y.base() && like(100*x.base()/y.base(), "share")
	if !said {
		return share && q.decimals > 0 // a whole per cent fits too many pairs
	}
	return share || like(x.base()-y.base(), x.unit.dimension) || like(x.base()+y.base(), x.unit.dimension) ||
		like(x.base()/y.base(), "fold") || like(100*(x.base()-y.base())/y.base(), "share") || like(100*(y.base()-x.base())/y.base(), "share")
}

var ownCount = regexp.MustCompile(`(?i)\b(\d+|no|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty(-\w+)?|thirty(-\w+)?|forty(-\w+)?) (sources?|quotations?|tables?|documents?|series)\b`)

// ownThings are the words with which ownCount ends.
var ownThings = map[string]bool{
	"source": true, "sources": true, "quotation": true, "quotations": true, "table": true, "tables": true,
	"document": true, "documents": true, "series": true,
}

// maxOwn is the longest sentence, in words, that only speaks of the report's own
// sources.
const maxOwn = 26

// ownCounts says that a claim counts the report's own sources ("Effects are
// reported by five sources."). What it says of them is no evidence's to show.
func (c *comparison) ownCounts() bool {
	counted := func(t token) bool { return ownThings[t.lower] } // most claims speak of none
	if len(c.words) > maxOwn || len(c.claim.Evidence) < 1 || !slices.ContainsFunc(c.words, counted) || !ownCount.MatchString(c.claim.Text) {
		return false
	}
	rest := ownCount.ReplaceAllString(c.claim.Text, "")
	for _, t := range tokens(rest) {
		if t.figure != nil && strings.ContainsAny(t.text, "0123456789") {
			return false
		}
	}
	return true
}
