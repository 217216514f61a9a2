package factcheck

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

var (
	jsonNumber = regexp.MustCompile(`\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`)
	digests    = regexp.MustCompile(`"[0-9a-f]{64}"`) // are no figures
	figuresIn  = regexp.MustCompile(`\d[\d,]*(?:[.·]\d+)?`)
)

// valuesOf are the figures that evidence gives, in whatever place: a computed
// one also those of its input and result.
func valuesOf(e Evidence) []float64 {
	values := []float64{float64(e.Year), float64(e.Page)}
	for _, text := range []string{e.Quote, e.Title, e.Heading} {
		for _, written := range figuresIn.FindAllString(text, -1) {
			if q := readFigure(strings.TrimRight(written, ",")); q != nil {
				values = append(values, q.value)
			}
		}
	}
	if e.Computation != nil {
		values = append(values, computed(e.Computation.Input, e.Computation.Result)...)
	}
	return values
}

// grouped is the part of a computation that sums by group.
type grouped struct {
	Group struct {
		Groups []struct {
			Name string  `json:"name"`
			Sum  float64 `json:"sum"`
		} `json:"groups"`
	} `json:"group"`
}

// computed lists the figures of a computation's input and result; where it sums
// by group, also the total and each group's share of it. A group that holds the
// others ("World") is none of them.
func computed(input, result json.RawMessage) []float64 {
	var values []float64
	var g grouped
	if json.Unmarshal(result, &g) == nil && len(g.Group.Groups) > 0 {
		total := 0.0
		for _, group := range g.Group.Groups {
			if !tools.IsWhole(group.Name) {
				total += group.Sum
			}
		}
		values = append(values, total)
		for _, group := range g.Group.Groups {
			values = append(values, group.Sum/total)
		}
	}
	text := digests.ReplaceAllString(string(input)+" "+string(result), `""`)
	for _, match := range jsonNumber.FindAllString(text, -1) {
		if v, err := strconv.ParseFloat(match, 64); err == nil {
			values = append(values, v)
		}
	}
	return values
}

// stands says that a figure as written follows from one of the values: equal
// after rounding to the figure's decimals, as it is or as a percentage.
func (q quantity) stands(values []float64) bool {
	scale := math.Pow(10, float64(q.decimals))
	written := q.value
	if q.unit.scale() {
		written *= q.unit.factor
	}
	near := func(v float64) bool {
		return math.Abs(math.Abs(v)-written) <= 0.5/scale*(1+1e-9)*math.Max(1, written/math.Max(q.value, 1e-300))+1e-12*math.Abs(v)
	}
	return slices.ContainsFunc(values, func(v float64) bool { return near(v) || near(100*v) })
}

// computedFigures holds figures against what was computed. Thresholds
// (p < 0.001) are no figures of it.
func (c *comparison) computedFigures() {
	for i, t := range c.words {
		if t.figure == nil || t.text[0] > '9' || c.threshold(i) {
			continue
		}
		if !slices.ContainsFunc(c.held, func(e *exhibit) bool { return t.figure.stands(e.values) }) {
			c.add(c.at(KindNumber, NotShown, i, i, "the figure "+t.text+" does not follow from its evidence"))
		}
	}
}

func (c *comparison) threshold(i int) bool {
	return i > 0 && strings.ContainsAny(c.words[i-1].text, "<>≤≥")
}

var computedSign = regexp.MustCompile(`"(?:direction|trend)":"(increasing|decreasing)"`)

// computedDirection holds "rose" and "fell" against the direction of a trend
// test, where all the computations cited have the same.
func (c *comparison) computedDirection() {
	sign := 0
	for _, e := range c.held {
		if e.Computation == nil {
			return
		}
		for _, found := range computedSign.FindAllStringSubmatch(string(e.Computation.Result), -1) {
			this := 1
			if found[1] == "decreasing" {
				this = -1
			}
			if sign != 0 && sign != this {
				return
			}
			sign = this
		}
	}
	if sign == 0 {
		return
	}
	for i, t := range c.words {
		p := axes[t.lower]
		if !moving[t.lower] || p.sign == sign || cues(c.words, i, negating) > 0 {
			continue
		}
		problem := c.at(KindDirection, Contradicted, i, i, "it says “"+t.text+"”, but the trend that was computed goes the other way")
		c.add(problem)
	}
}

// moving are words for a movement over time.
var moving = setOf(`increased rose grew risen grown increasing rising growing decreased fell declined dropped decreasing falling declining fallen`)

// ranges looks for a movement that its own figures contradict: rose from 12 to 6.
func (c *comparison) ranges() {
	for i, t := range c.words {
		if !moving[t.lower] {
			continue
		}
		for k := i + 1; k+3 < min(len(c.words), i+8); k++ {
			from, to := c.words[k+1].figure, c.words[k+1:]
			if c.words[k].lower != "from" || from == nil || from.year(c.words[k+1].text) {
				continue
			}
			at := 1 + from.words
			for at+1 < len(to) && at < 6 && to[at].lower != "to" {
				at++
			}
			if at+1 >= len(to) || to[at].lower != "to" || to[at+1].figure == nil {
				break
			}
			end := to[at+1].figure
			rises := end.base() > from.base()
			if from.fits(*end) && end.base() != from.base() && rises != (axes[t.lower].sign > 0) && cues(c.words, i, negating) == 0 {
				c.add(c.at(KindDirection, Contradicted, i, i, "it says “"+t.text+"”, but "+c.words[k+1].text+" to "+to[at+1].text+" goes the other way"))
			}
			break
		}
	}
}
