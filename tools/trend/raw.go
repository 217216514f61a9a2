package trend

import (
	"math"
	"slices"

	"github.com/quaestor-run/quaestor/tools"
)

// rawFrame lays raw values out: by their times when they have any, else in
// steps 1, 2, 3, …
func rawFrame(in Input) (frame, Input, error) {
	if len(in.Times) > 0 {
		return timedFrame(in)
	}
	if in.From+in.To+in.Period+in.Aggregate != "" {
		return frame{}, in, inputErrorf("times", "from, to, period and aggregate need the times of the values")
	}
	f := frame{first: 1, values: tools.Floats(in.Values)}
	if len(in.Series) > 0 {
		var err error
		if f, err = seriesFrame(in); err != nil {
			return frame{}, in, err
		}
	}
	if len(f.values) > maxPeriods {
		return frame{}, in, inputErrorf("values", "%d values are more than %d", len(f.values), maxPeriods)
	}
	return f, in, nil
}

func seriesFrame(in Input) (frame, error) {
	f := frame{first: 1}
	if len(in.Series) > maxSites {
		return f, inputErrorf("series", "%d series are more than %d", len(in.Series), maxSites)
	}
	for i, numbers := range in.Series {
		values := tools.Floats(numbers)
		if len(values) != len(in.Series[0]) {
			return f, inputErrorf("series", "series %d has %d values and the first has %d", i+1, len(values), len(in.Series[0]))
		}
		f.sites = append(f.sites, site{f.label(i), values})
	}
	if in.Method == "partial" {
		f.values, f.covariate, f.sites = f.sites[0].values, f.sites[1].values, nil
		return f, nil
	}
	f.values = make([]float64, len(in.Series[0]))
	for i := range f.values {
		var across []float64
		for _, s := range f.sites {
			if !math.IsNaN(s.values[i]) {
				across = append(across, s.values[i])
			}
		}
		f.values[i] = mean(across)
	}
	f.notes = append(f.notes, "The series shown is the mean over the sites.")
	return f, nil
}

func timedFrame(in Input) (frame, Input, error) {
	r := records{}
	finest := day
	for i, text := range in.Times {
		t, u, err := parseTime(text)
		if err != nil {
			return frame{}, in, inputErrorf("times", "%v (time %d)", err, i+1)
		}
		finest = coarser(finest, u)
		r.kept = append(r.kept, record{day: dayNumber(t), value: float64(in.Values[i]), covariate: math.NaN()})
		r.days = append(r.days, dayNumber(t))
	}
	slices.Sort(r.days)
	if in.Period == "" {
		in.Period = string(finest)
	}
	if r.unit = unit(in.Period); coarser(finest, r.unit) != r.unit {
		return frame{}, in, inputErrorf("period", "the times tell only the %s, so the period cannot be %s", finest, r.unit)
	}
	r.dates = slices.Compact(slices.Clone(r.days))
	f, err := r.frame(in)
	return f, in, err
}
