package analyst

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

func questionTables(in Input) []tools.TableProfile {
	var tables []tools.TableProfile
	for _, id := range in.Question.Tables {
		for _, t := range in.Survey.Value.Tables {
			if t.ID == id {
				tables = append(tables, t)
			}
		}
	}
	return tables
}

// timeColumn picks the column that dates a row best: complete, and by its name
// the date on which the thing itself happened rather than was filed.
func timeColumn(t tools.TableProfile) (tools.ColumnProfile, bool) {
	var best tools.ColumnProfile
	highest, found := 0.0, false
	for _, c := range t.Columns {
		if c.Type != tools.TypeDate && !prose.YearColumn(c.Name, c.Min, c.Max) || c.Distinct < 2 {
			continue
		}
		score := nameScore(c.Name, " decision approved approval granted publication published release released issued effective event occurrence incident closed completed dtdec yrdec order invoice sale purchase start started ") -
			10*share(c.Empty, t.Rows)
		if nameScore(c.Name, " received report reported filed submitted updated modified created entered dtrec yrrec ") > 0 {
			score -= 0.5
		}
		if c.Type == tools.TypeDate {
			score += 0.5 // a date shows whether the last year is complete
		}
		if !found || score > highest {
			best, highest, found = c, score, true
		}
	}
	return best, found
}

func nameScore(name, words string) float64 {
	for _, word := range prose.Words(prose.ColumnName(name) + " " + name) {
		if strings.Contains(words, " "+word+" ") {
			return 2
		}
	}
	return 0
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// measures are the numeric columns that measure something: no ids, codes,
// flags, years or counts of rows. Those that the topic names come first.
func measures(t tools.TableProfile, clock string, topic prose.Topic) []tools.ColumnProfile {
	var list []tools.ColumnProfile
	for _, c := range t.Columns {
		numeric := c.Type == tools.TypeInteger || c.Type == tools.TypeNumber
		if numeric && c.Name != clock && c.Distinct > 2 && !numbersRows(t, c) && 2*c.Empty < t.Rows && !identifies(c.Name) && !prose.YearColumn(c.Name, c.Min, c.Max) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b tools.ColumnProfile) int {
		return cmp.Or(cmp.Compare(nearness(topic, b.Name), nearness(topic, a.Name)), cmp.Compare(typeRank(a), typeRank(b)))
	})
	return list
}

// nearness says how far the name of a column meets a topic.
func nearness(topic prose.Topic, name string) int {
	switch name = prose.ColumnName(name); {
	case topic.Touches(name):
		return 2
	case topic.NamesPart(name):
		return 1
	}
	return 0
}

// numbersRows says that a column numbers the rows from one.
func numbersRows(t tools.TableProfile, c tools.ColumnProfile) bool {
	return c.Min == "1" && c.Max == strconv.Itoa(t.Rows) && c.Distinct == t.Rows
}

func typeRank(c tools.ColumnProfile) int {
	if c.Type == tools.TypeNumber {
		return 0
	}
	return 1
}

// identifies says that a column only tells rows apart, sends post to them, or
// says when they were within a year. The name says it by what it is of ("Order
// number", "Day of week"), not by a unit ("Demand (litres per day)"), by what is
// counted ("Number of deaths"), nor by a word on the way ("Phone subscriptions").
func identifies(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(prose.ColumnName(name)), "(")
	words := prose.Words(name)
	if at := slices.IndexFunc(words, func(word string) bool { return strings.Contains(" of per in by for ", " "+word+" ") }); at > 0 {
		words = words[:at]
	}
	for len(words) > 1 && strings.Trim(words[len(words)-1], "0123456789") == "" {
		words = words[:len(words)-1] // "Address 2"
	}
	if len(words) == 0 {
		return false
	}
	first, last := words[0], words[len(words)-1]
	switch {
	case last == "index": // another is a measure: "Consumer price index"
		return len(words) == 1 || first == "row"
	case last == "number" && (len(words) == 1 || first == "total"):
		return false
	}
	return nameScore(last, " id ids key keys code codes zip postcode postal phone fax street street1 street2 address uri url link email row nr no number lat latitude lon lng longitude month day week hour quarter weekday uuid guid hash isin iban sku ") > 0 ||
		nameScore(first, " id ids zip postcode street address uuid guid ") > 0 ||
		len(words) == 1 && (strings.HasSuffix(last, "id") && len(last) <= 8 || strings.HasSuffix(last, "number"))
}

// categories are the columns worth counting by, the most telling first.
func categories(t tools.TableProfile) []tools.ColumnProfile {
	type ranked struct {
		tools.ColumnProfile
		score float64
	}
	var list []ranked
	for _, c := range t.Columns {
		if c.Type != tools.TypeText || c.Distinct < 2 || 2*c.Distinct > t.Rows && c.Distinct > 12 || len(c.Top) == 0 {
			continue
		}
		if designed(c) || t.Panel != nil && slices.Contains(t.Panel.By, c.Name) || describes(c) {
			continue
		}
		score := nameScore(c.Name, " panel category type class sector industry region country status kind group segment department division product family party outcome result ") +
			nameScore(c.Name, " company applicant manufacturer vendor supplier customer state city source ")/2 -
			3*share(c.Empty, t.Rows)
		if c.Distinct <= 40 {
			score++
		}
		if identifies(c.Name) {
			score -= 2
		}
		if coded(c) {
			score -= 1.5
		}
		if top := share(c.Top[0].Count, t.Rows-c.Empty); top > 0.97 || top < 0.03 {
			score -= 1.5
		}
		list = append(list, ranked{c, score})
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	out := make([]tools.ColumnProfile, 0, len(list))
	for _, r := range list {
		if r.score > -1.5 {
			out = append(out, r.ColumnProfile)
		}
	}
	return out
}

// describes says that a column tells of each row where it is or what it is called.
func describes(c tools.ColumnProfile) bool {
	name := strings.ToLower(c.Name)
	return strings.Contains(name, "street") || strings.Contains(name, "address") ||
		c.Distinct > 60 && nameScore(c.Name, " name title description notes comment text date time ") > 0
}

// designed says that the values of a column have the same number of rows each,
// which is how the table was laid out and no finding.
func designed(c tools.ColumnProfile) bool {
	return len(c.Top) > 1 && c.Top[min(len(c.Top), c.Distinct)-1].Count == c.Top[0].Count
}

// coded says that the values of a column are codes which the table does not
// spell out.
func coded(c tools.ColumnProfile) bool {
	codes := 0
	for _, top := range c.Top {
		if isCode(top.Value) {
			codes++
		}
	}
	return 2*codes > len(c.Top)
}

func isCode(value string) bool {
	if len(value) > 5 || value == "" {
		return false
	}
	return !strings.ContainsFunc(value, unicode.IsLower)
}

// series says that a table has one row for each time, at the pace of a calendar:
// then its measures are followed, not its rows counted.
func series(t tools.TableProfile, clock tools.ColumnProfile) bool {
	return clock.Distinct >= 4 && 10*clock.Distinct >= 9*(t.Rows-clock.Empty) && paceOf(clock) != ""
}

// paceOf is the period in which the times of a column follow each other, with few
// gaps; empty where they keep none.
func paceOf(clock tools.ColumnProfile) string {
	if clock.Type != tools.TypeDate {
		return "year"
	}
	first, err := time.Parse(time.DateOnly, clock.Min)
	last, err2 := time.Parse(time.DateOnly, clock.Max)
	if err != nil || err2 != nil || clock.Distinct < 2 {
		return ""
	}
	days := last.Sub(first).Hours() / 24 / float64(clock.Distinct-1)
	for _, pace := range []struct {
		period   string
		from, to float64
	}{
		{"day", 0, 1.6}, {"day", 6.9, 7.4}, {"month", 26, 33}, {"quarter", 80, 98}, {"year", 300, 400}, // business days, weeks
	} {
		if days >= pace.from && days <= pace.to {
			return pace.period
		}
	}
	return ""
}

// panel gives the columns by which a table repeats each time: that of a column, or
// where time runs across the columns and there is none, the times of these.
func panel(t tools.TableProfile, clock string) []tools.ColumnProfile {
	if t.Panel == nil || clock != "" && !slices.Contains(t.Panel.Times, clock) {
		return nil
	}
	var by []tools.ColumnProfile
	for _, name := range t.Panel.By {
		if i := slices.IndexFunc(t.Columns, func(c tools.ColumnProfile) bool { return c.Name == name }); i >= 0 {
			by = append(by, t.Columns[i])
		}
	}
	return by
}
