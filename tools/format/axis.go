package format

import (
	"math"
	"strconv"
	"time"
	"unicode"
)

// axis is a scale of values with its ticks.
type axis struct {
	low, high float64
	ticks     []float64
	step      float64
}

// newAxis chooses about count ticks at round values. Bars always start at zero;
// lines do when their values come near it.
func newAxis(low, high float64, bars bool, count int) axis {
	if bars || low > 0 && low <= high/2 {
		low = min(low, 0)
	}
	if bars || high < 0 && high >= low/2 {
		high = max(high, 0)
	}
	if low == high {
		room := max(math.Abs(low)/10, 1e-9)
		if low == 0 {
			room = 1
		}
		low, high = low-room, high+room
	}
	step := niceStep((high - low) / float64(count))
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	a := axis{low: first * step, high: last * step, step: step}
	for i := first; i <= last; i++ {
		a.ticks = append(a.ticks, i*step)
	}
	return a
}

// niceStep is the smallest of 1, 2, 2.5 and 5 times a power of ten that is not
// below raw.
func niceStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, factor := range []float64{1, 2, 2.5, 5} {
		if factor*power >= raw*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// at is the place of a value on a line from start to end.
func (a axis) at(value, start, end float64) float64 {
	return start + (value-a.low)/(a.high-a.low)*(end-start)
}

// label writes a tick with the decimals that its axis needs.
func (a axis) label(tick float64) string {
	return axisNumber(tick, a.step, max(math.Abs(a.low), math.Abs(a.high)))
}

func axisNumber(value, step, largest float64) string {
	if largest < 1e-4 || largest >= 1e15 {
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	unit := ""
	for _, scale := range []struct {
		from float64
		unit string
	}{{1e12, " tn"}, {1e9, " bn"}, {1e6, " M"}} {
		if largest >= scale.from {
			value, step, unit = value/scale.from, step/scale.from, scale.unit
			break
		}
	}
	decimals := 0
	for scaled := step; decimals < 8 && math.Abs(scaled-math.Round(scaled)) > 1e-6; scaled *= 10 {
		decimals++
	}
	text := grouped(strconv.FormatFloat(value, 'f', decimals, 64))
	if text == "0" {
		return text
	}
	return text + unit
}

// valueLabel writes a value beside its bar or point: three or four digits are
// enough there, the data has them all.
func valueLabel(value float64) string {
	size := math.Abs(value)
	switch {
	case size >= 1e6:
		return axisNumber(value, math.Pow(10, math.Floor(math.Log10(size))-2), size)
	case size >= 1000 || value == math.Trunc(value):
		return formatNumber(math.Round(value))
	case size < 1e-3:
		return formatNumber(value)
	}
	return formatNumber(rounded(value, 3))
}

func rounded(value float64, digits int) float64 {
	scale := math.Pow(10, float64(digits-1)-math.Floor(math.Log10(math.Abs(value))))
	return math.Round(value*scale) / scale
}

// positions places labels between 0 and 1. Labels that are rising numbers or
// dates are placed to scale, so that a missing year shows; others at equal
// distances.
func positions(labels []string) (places []float64, scaled bool) {
	places = make([]float64, len(labels))
	values, ok := rising(labels)
	for i := range places {
		switch {
		case len(labels) == 1:
			places[i] = 0.5
		case ok:
			places[i] = (values[i] - values[0]) / (values[len(values)-1] - values[0])
		default:
			places[i] = float64(i) / float64(len(labels)-1)
		}
	}
	return places, ok
}

func rising(labels []string) ([]float64, bool) {
	values := make([]float64, len(labels))
	for i, label := range labels {
		value, ok := labelValue(plain(label))
		if !ok || i > 0 && value <= values[i-1] {
			return nil, false
		}
		values[i] = value
	}
	return values, len(values) > 0
}

// labelValue reads a label as a number, or as a date in days.
func labelValue(label string) (float64, bool) {
	if value, err := strconv.ParseFloat(label, 64); err == nil && !math.IsInf(value, 0) && !math.IsNaN(value) {
		return value, true
	}
	for _, layout := range []string{"2006-01-02", "2006-01", "2006/01/02", "Jan 2006", "January 2006", "2 January 2006"} {
		if date, err := time.Parse(layout, label); err == nil {
			return float64(date.Unix()) / 86400, true
		}
	}
	return 0, false
}

// textWidth estimates the width of a text set in a sans-serif face.
func textWidth(text string, size float64) float64 {
	width := 0.0
	for _, char := range text {
		switch {
		case unicode.In(char, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			width++
		case unicode.IsUpper(char):
			width += 0.72
		case unicode.IsDigit(char):
			width += 0.64
		case char == ' ' || char == '.' || char == ',' || char == 'i' || char == 'l':
			width += 0.33
		default:
			width += 0.6
		}
	}
	return width * size
}
