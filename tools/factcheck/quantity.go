package factcheck

import (
	"math"
	"strconv"
	"strings"
)

// quantity is a figure with what it counts: value times scale, in a unit.
type quantity struct {
	value    float64
	decimals int
	unit     unit
	words    int    // how many tokens after it are its unit or scale
	label    string // as it is written, with its unit
}

var plainDigits = strings.NewReplacer(",", "", "·", ".")

func readFigure(text string) *quantity {
	plain := plainDigits.Replace(text)
	value, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return nil
	}
	_, fraction, _ := strings.Cut(plain, ".")
	return &quantity{value: value, decimals: len(fraction)}
}

// year says that a figure is written like a year and counts nothing.
func (q quantity) year(written string) bool {
	return len(written) == 4 && q.decimals == 0 && q.unit == unit{} && q.value >= 1700 && q.value < 2100
}

// base is the figure in the unit that all of its dimension share.
func (q quantity) base() float64 { return q.value * q.unit.factorOr1() }

// same says that two figures are equal after rounding to the decimals of the
// first, in whatever units of one dimension they are written.
func (q quantity) same(other quantity) bool {
	factor := q.unit.factorOr1()
	step := math.Pow(10, -float64(q.decimals)) * factor
	tolerance := 0.5 * step * (1 + 1e-9)
	if q.decimals >= other.decimals && q.unit == other.unit {
		tolerance = 1e-9 * math.Max(1, math.Abs(q.value)) * factor // the claim says it at least as exactly
	}
	return math.Abs(q.base()-other.base()) <= tolerance
}

// fits says that two figures are of one dimension. A figure whose unit is not
// written fits a plain count only.
func (q quantity) fits(other quantity) bool { return q.unit.dimension == other.unit.dimension }

// numberWords are the words for numbers; tens take units, and scales multiply.
var numberWords = numberTable(
	"zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
	"twenty thirty forty fifty sixty seventy eighty ninety")

func numberTable(small, tens string) map[string]float64 {
	table := map[string]float64{"hundred": 100, "thousand": 1000}
	for i, word := range strings.Fields(small) {
		table[word] = float64(i)
	}
	for i, word := range strings.Fields(tens) {
		table[word] = float64(10 * (i + 2))
	}
	return table
}

// joinNumberWords makes one token of the words of a number: "one thousand
// ninety-nine". "One" by itself is a pronoun more often than a number.
func joinNumberWords(list []token, text string) []token {
	var out []token
	for i := 0; i < len(list); i++ {
		n, value := numberPhrase(list[i:], text)
		if n == 0 || n == 1 && (value == 1 || list[i].lower == "hundred" || list[i].lower == "thousand") {
			out = append(out, list[i])
			continue
		}
		t := list[i]
		t.end, t.text = list[i+n-1].end, text[t.start:list[i+n-1].end]
		t.lower, t.name, t.content = strings.ToLower(t.text), false, false
		t.stem = t.lower
		t.figure = &quantity{value: value}
		out = append(out, t)
		i += n - 1
	}
	return out
}

func numberPhrase(list []token, text string) (n int, value float64) {
	total, group, last := 0.0, 0.0, math.Inf(1)
	for i, t := range list {
		if i > 0 {
			if gap := text[list[i-1].end:t.start]; gap != " " && gap != "-" {
				break
			}
		}
		if t.lower == "and" && n == i && last == 100 && i+1 < len(list) {
			continue // four hundred and ninety
		}
		v, ok := numberWords[t.lower]
		switch {
		case !ok:
			return n, total + group
		case v == 1000 && i > 0:
			total, group = total+group*v, 0
		case v == 100 && i > 0:
			group *= v
		case v >= 100 || n > 0 && v >= last || n > 0 && last < 20:
			return n, total + group
		default:
			group += v
		}
		n, last = i+1, v
		if v >= 100 {
			last = v
		}
	}
	return n, total + group
}
