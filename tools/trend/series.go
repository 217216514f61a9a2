package trend

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/quaestor-run/quaestor/tools"
)

// frame is a series laid over periods without gaps; NaN where a period has no
// value.
type frame struct {
	unit      unit // "" for raw values without times
	first     int
	values    []float64
	covariate []float64
	sites     []site
	excluded  []Excluded
	notes     []string
}

type site struct {
	name   string
	values []float64
}

func (f frame) label(i int) string {
	if f.unit == "" {
		return strconv.Itoa(f.first + i)
	}
	return f.unit.label(f.first + i)
}

// largest is the size of a figure up to which products of differences stay
// finite.
const largest = 1e100

func tooLarge(v float64) bool { return math.Abs(v) > largest }

// span is a range of period keys, both included.
type span struct{ first, last int }

// frame lays the records over the periods that the arguments and the data give.
func (r records) frame(in Input) (frame, error) {
	if len(r.kept) == 0 {
		return frame{}, inputErrorf("time", "no row has a time")
	}
	for _, k := range r.kept {
		if tooLarge(k.value) || tooLarge(k.covariate) {
			return frame{}, inputErrorf("value", "the table holds figures beyond ±%g, too large to compute with", largest)
		}
	}
	f := frame{unit: r.unit, notes: r.notes}
	if r.untimed > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%d rows without a time were left out.", r.untimed))
	}
	// A count is zero wherever the record reaches; a measured value is known
	// only between its own first and last row.
	keys := make([]int, 0, len(r.days))
	if in.Aggregate == "count" {
		for _, d := range r.days {
			keys = append(keys, r.unit.key(date(d)))
		}
	} else {
		for _, k := range r.kept {
			keys = append(keys, r.unit.key(date(k.day)))
		}
		slices.Sort(keys)
	}
	over := span{keys[0], keys[len(keys)-1]}
	if in.From == "" {
		if start := leadIn(keys); start > over.first {
			f.excluded = append(f.excluded, r.excludedSpan(in, span{over.first, start - 1},
				fmt.Sprintf("sparse beginning: at least two empty %ss follow, and at most 5 %% of the rows come before", r.unit)))
			over.first = start
		}
	}
	if err := over.limit(r.unit, in); err != nil {
		return frame{}, err
	}
	over = r.complete(in, over, &f)
	if over.last-over.first >= maxPeriods {
		return frame{}, inputErrorf("period", "%d %ss are more than %d; choose a longer period, or from and to", over.last-over.first+1, r.unit, maxPeriods)
	}
	if over.last < over.first {
		return frame{}, tooShort(0, f.excluded)
	}
	f.first = over.first
	if err := r.fill(in, over, &f); err != nil {
		return frame{}, err
	}
	return f, nil
}

// leadIn is the first period of the record proper. A sparse beginning is cut
// off where all of this holds: a stretch of at least two empty periods, longer
// than any empty stretch after it, has at most 5 % of the rows before it, and
// leaves enough periods for a test. keys are the periods of the rows, sorted.
func leadIn(keys []int) int {
	longest := 0
	for i := len(keys) - 1; i > 0; i-- {
		empty := keys[i] - keys[i-1] - 1
		if empty >= 2 && empty > longest && 20*i <= len(keys) && keys[len(keys)-1]-keys[i] >= minPeriods {
			return keys[i]
		}
		longest = max(longest, empty)
	}
	return keys[0]
}

// limit narrows the span to the arguments from and to.
func (s *span) limit(u unit, in Input) error {
	if in.From != "" {
		t, _, err := parseTime(in.From)
		if err != nil {
			return inputErrorf("from", "%v", err)
		}
		s.first = max(s.first, u.key(t))
	}
	if in.To != "" {
		t, said, err := parseTime(in.To)
		if err != nil {
			return inputErrorf("to", "%v", err)
		}
		end := said.start(said.key(t)+1).AddDate(0, 0, -1)
		s.last = min(s.last, u.key(end))
	}
	if s.first > s.last {
		return inputErrorf("from", "no period of the data lies between %q and %q", in.From, in.To)
	}
	return nil
}

// complete takes a first and a last period that the dates cover only in part
// out of the span.
func (r records) complete(in Input, over span, f *frame) span {
	if len(r.dates) == 0 {
		return over
	}
	c := coverage{unit: r.unit, days: r.dates}
	full := over
	if key := r.unit.key(date(r.dates[0])); key == over.first {
		if reason := c.firstIncomplete(); reason != "" {
			full.first = r.exclude(in, key, reason, over.first, over.first+1, f)
		}
	}
	if key := r.unit.key(date(r.dates[len(r.dates)-1])); key == over.last {
		if reason := c.lastIncomplete(); reason != "" {
			full.last = r.exclude(in, key, reason, over.last, over.last-1, f)
		}
	}
	return full
}

// exclude reports an incomplete period and gives the new end of the span.
func (r records) exclude(in Input, key int, reason string, old, next int, f *frame) int {
	if in.KeepIncomplete {
		f.notes = append(f.notes, fmt.Sprintf("%s is incomplete (%s) and was kept as asked.", r.unit.label(key), reason))
		return old
	}
	f.excluded = append(f.excluded, r.excludedSpan(in, span{key, key}, "incomplete: "+reason))
	return next
}

func (r records) excludedSpan(in Input, s span, reason string) Excluded {
	var values []float64
	for _, k := range r.kept {
		if key := r.unit.key(date(k.day)); key >= s.first && key <= s.last && !math.IsNaN(k.value) {
			values = append(values, k.value)
		}
	}
	label := r.unit.label(s.first)
	if s.last > s.first {
		label += "–" + r.unit.label(s.last)
	}
	return Excluded{Period: label, Value: tools.Number(aggregate(in.Aggregate, values)), Reason: reason}
}

// fill aggregates the records of each period.
func (r records) fill(in Input, over span, f *frame) error {
	n := over.last - over.first + 1
	all, other := make([][]float64, n), make([][]float64, n)
	bySite := map[string][][]float64{}
	for _, k := range r.kept {
		i := r.unit.key(date(k.day)) - over.first
		if i < 0 || i >= n {
			continue
		}
		if !math.IsNaN(k.covariate) {
			other[i] = append(other[i], k.covariate)
		}
		if math.IsNaN(k.value) {
			continue
		}
		all[i] = append(all[i], k.value)
		if in.By == "" || k.site == "" {
			continue
		}
		if bySite[k.site] == nil {
			if len(bySite) == maxSites {
				return inputErrorf("by", "column %q has more than %d values; narrow them with where", in.By, maxSites)
			}
			bySite[k.site] = make([][]float64, n)
		}
		bySite[k.site][i] = append(bySite[k.site][i], k.value)
	}
	if in.Aggregate == "" && slices.ContainsFunc(all, func(v []float64) bool { return len(v) > 1 }) {
		return inputErrorf("aggregate", "several values fall in one %s; say sum, mean or median", r.unit)
	}
	f.values = aggregates(in.Aggregate, all)
	if in.Across {
		f.leaveGaps(all, in.Aggregate == "sum")
	} else {
		f.noteEmpty(in.Aggregate, all)
	}
	if in.Covariate != "" {
		f.covariate = aggregates(in.Aggregate, other)
	}
	for name, buckets := range bySite {
		f.sites = append(f.sites, site{name, aggregates(in.Aggregate, buckets)})
	}
	slices.SortFunc(f.sites, func(a, b site) int { return cmp.Compare(a.name, b.name) })
	return nil
}

func (f *frame) noteEmpty(how string, buckets [][]float64) {
	empty, which := 0, ""
	for i, b := range buckets {
		if len(b) == 0 {
			if empty++; empty <= 3 {
				which += ", " + f.label(i)
			}
		}
	}
	if empty == 0 {
		return
	}
	if empty > 3 {
		which += ", …"
	}
	meaning := "count as missing"
	if how == "count" || how == "sum" {
		meaning = "count as 0"
	}
	f.notes = append(f.notes, fmt.Sprintf("Periods without rows %s (%d: %s).", meaning, empty, which[2:]))
}

func aggregates(how string, buckets [][]float64) []float64 {
	out := make([]float64, len(buckets))
	for i, b := range buckets {
		out[i] = aggregate(how, b)
	}
	return out
}

// aggregate gives one figure; of nothing, a count and a sum are 0 and the rest
// is missing.
func aggregate(how string, values []float64) float64 {
	switch how {
	case "count":
		return float64(len(values))
	case "sum":
		return sum(values)
	case "median":
		return median(values)
	default:
		return mean(values)
	}
}

func tooShort(n int, excluded []Excluded) error {
	reason := fmt.Sprintf("a trend needs at least %d complete periods, there are %d", minPeriods, n)
	for _, e := range excluded {
		reason += fmt.Sprintf("; %s left out (%s)", e.Period, e.Reason)
	}
	return &tools.InputError{Field: "period", Reason: reason + "; choose a shorter period or wider conditions"}
}
