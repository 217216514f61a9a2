package factcheck

import "strings"

// unit is a unit of measure, a currency or a scale. Figures of one dimension
// compare after their factors.
type unit struct {
	name      string
	dimension string
	factor    float64
}

func (u unit) factorOr1() float64 {
	if u.factor == 0 {
		return 1
	}
	return u.factor
}

// units has a dimension in each line, and after it its units: spellings, and
// their size in the dimension's first.
var units = unitTable(
	"share", "% percent percentage prozent|1 ‰ permille|0.1 percentile percentiles|1",
	"time", "s sec second seconds|1 ms millisecond milliseconds|0.001 min mins minute minutes|60 h hr hrs hour hours|3600 day days|86400 week weeks wk|604800",
	"months", "month months mo|1 year years yr yrs|12 decade decades|120",
	"mass", "g gm gram grams|1 mg milligram milligrams|0.001 µg μg ug mcg microgram micrograms|0.000001 ng|0.000000001 kg kilogram kilograms|1000 tonne tonnes|1000000",
	"length", "m metre metres meter meters|1 cm centimetre centimetres centimeter centimeters|0.01 mm millimetre millimetres millimeter millimeters|0.001 µm μm um|0.000001 nm|0.000000001 km kilometre kilometres kilometer kilometers|1000 mile miles|1609.344 inch inches|0.0254",
	"volume", "l litre litres liter liters|1 ml millilitre millilitres milliliter milliliters|0.001 dl|0.1 cc|0.001",
	"amount", "mol|1 mmol|0.001 µmol μmol umol|0.000001 nmol|0.000000001 pmol|0.000000000001",
	"pressure", "mmhg|1 kpa|7.50062 cmh2o|0.735559",
	"electric", "v volt volts|1 mv|0.001 kv|1000",
	"frequency", "hz|1 khz|1000 mhz|1000000",
	"dose", "gy|1 cgy|0.01 mgy|0.001",
	"activity", "iu|1",
	"dioptre", "d diopter diopters dioptre dioptres|1",
	"decibel", "db|1",
	"points", "points point|1",
	"fold", "fold times|1",
	"dollars", "$ dollar dollars usd|1 cent cents|0.01",
	"euros", "€ euro euros eur|1",
	"pounds", "£ gbp|1",
	"yen", "¥ yen|1",
	"count", "thousand thousands|1000 million millions|1000000 billion billions|1000000000 trillion trillions|1000000000000",
)

func unitTable(lines ...string) map[string]unit {
	table := map[string]unit{}
	for i := 0; i < len(lines); i += 2 {
		var names []string
		for _, word := range strings.Fields(lines[i+1]) {
			name, size, last := strings.Cut(word, "|")
			names = append(names, name)
			if !last {
				continue
			}
			factor := readFigure(size).value
			for _, n := range names {
				table[n] = unit{names[0], lines[i], factor}
			}
			names = nil
		}
	}
	for name, u := range table {
		if u.dimension == "count" {
			u.dimension = "" // a million is a count like any other
			table[name] = u
		}
	}
	return table
}

// scale says that a unit multiplies what it stands with: three million dollars.
func (u unit) scale() bool { return u.dimension == "" && u.factor > 1 }

// readUnits gives every figure the unit that stands beside it. In a range or a
// list ("10 to 20 mg") the unit of the last is that of all.
func readUnits(list []token, text string) {
	for i := len(list) - 1; i >= 0; i-- {
		q := list[i].figure
		if q == nil {
			continue
		}
		next := i + 1
		if next < len(list) && !apart(text[list[i].end:list[next].start]) {
			next = q.take(list, next)
		}
		for k := i + 1; k <= i+q.words; k++ {
			list[k].content = false // part of the figure
		}
		q.label = text[list[i].start:list[i+q.words].end]
		if i > 0 {
			q.currency(list[i-1], list[i])
		}
		if next < len(list) {
			q.share(list[next:], text[list[i].end:list[next].start])
		}
	}
}

// currency reads the sign of a currency right before a figure.
func (q *quantity) currency(before, t token) {
	if q.unit.dimension == "" && before.end == t.start && strings.ContainsAny(before.text, "$€£¥") {
		u := units[before.text]
		q.unit = unit{u.name, u.dimension, u.factor * q.unit.factorOr1()}
	}
}

// share gives a figure without a unit that of the next in its range or list.
func (q *quantity) share(after []token, between string) {
	switch {
	case q.words > 0 || q.unit != unit{}:
	case len(after) > 1 && joins(after[0].lower) && after[1].figure != nil:
		q.inherit(*after[1].figure)
	case after[0].figure != nil && ranged(between):
		q.inherit(*after[0].figure)
	}
}

func (q *quantity) inherit(other quantity) {
	if q.unit = other.unit; q.unit.name != "" {
		q.label += " " + q.unit.name
	}
}

// take reads the unit that begins at a token.
func (q *quantity) take(list []token, next int) int {
	u, n := unitAt(list[next:])
	if n == 0 {
		return next
	}
	q.unit, q.words = u, n
	next += n
	if u.scale() && next < len(list) {
		if of, m := unitAt(list[next:]); m > 0 && !of.scale() {
			q.unit, q.words = unit{of.name, of.dimension, of.factor * u.factor}, n+m
			next += m
		}
	}
	return next
}

func unitAt(list []token) (unit, int) {
	word := list[0].lower
	if len(list) > 1 {
		switch word + " " + list[1].lower {
		case "% points", "percentage points", "percentage point":
			return unit{"percentage points", "percentage points", 1}, 2
		}
	}
	if len(list[0].text) == 1 && list[0].text != list[0].lower && word != "d" && word != "l" && word != "v" {
		return unit{}, 0 // a capital that is no unit: 5 M
	}
	u, ok := units[word]
	if !ok || word == "d" && list[0].text != "D" {
		return unit{}, 0
	}
	return u, 1
}

// apart says that what stands between a figure and the next word parts them.
func apart(between string) bool { return strings.ContainsAny(between, ".,;:()[]") }

func joins(word string) bool {
	return word == "to" || word == "and" || word == "or" || word == "±" || word == "vs" || word == "versus"
}

func ranged(between string) bool {
	mark := strings.TrimSpace(between)
	return mark == "-" || mark == "–" || mark == "/" || mark == "+/-" || mark == ","
}
