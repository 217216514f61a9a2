package format

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

const (
	barWidth   = 32 // characters of the longest bar
	labelWidth = 28 // characters of the longest label
	sparkWidth = 60 // points in one line of a long series
)

// rows are the chart's data as a table.
func (c Chart) rows() [][]string {
	rows := make([][]string, max(len(c.X), len(c.Y)))
	for i := range rows {
		value := math.NaN()
		if i < len(c.Y) {
			value = c.Y[i]
		}
		rows[i] = []string{cell(c.X, i), formatNumber(value)}
	}
	return rows
}

// value is the i-th value as it is drawn: NaN where there is none, or none that
// a scale of floating point numbers could show.
func (c Chart) value(i int) float64 {
	switch {
	case i >= len(c.Y) || math.Abs(c.Y[i]) > 1e200:
		return math.NaN()
	case math.Abs(c.Y[i]) < 1e-200:
		return 0
	}
	return c.Y[i]
}

// extent is the range of the values; ok is false when there is none.
func (c Chart) extent() (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for i := range c.Y {
		if v := c.value(i); !math.IsNaN(v) {
			low, high, ok = min(low, v), max(high, v), true
		}
	}
	return low, high, ok
}

// textChart draws a chart for a terminal: a bar for each value, or a line of
// blocks of rising height for a long series.
func textChart(chart Chart) []string {
	low, high, ok := chart.extent()
	if !ok {
		return []string{"(no values)"}
	}
	if len(chart.rows()) > manyPoints {
		return sparkLines(chart, low, high)
	}
	return barLines(chart, low, high)
}

func barLines(chart Chart, low, high float64) []string {
	rows := chart.rows()
	widest := 0
	for _, row := range rows {
		row[0] = shorten(row[0], labelWidth)
		widest = max(widest, utf8.RuneCountInString(row[0]))
	}
	low, high = min(low, 0), max(high, 0)
	left := 0 // characters for what is below zero
	if low < 0 {
		left = max(1, int(math.Round(barWidth*-low/(high-low))))
	}
	lines := make([]string, 0, len(rows))
	for i, row := range rows {
		label := row[0] + strings.Repeat(" ", widest-utf8.RuneCountInString(row[0]))
		bar := bar(chart.value(i), low, high, left)
		lines = append(lines, strings.TrimRight(label+" │"+bar+" "+row[1], " "))
	}
	return lines
}

// bar draws one value, with eighths of a character above zero and whole
// characters below.
func bar(value, low, high float64, left int) string {
	if math.IsNaN(value) || high == low {
		return strings.Repeat(" ", left)
	}
	if value < 0 {
		length := min(left, int(math.Ceil(float64(left)*value/low)))
		return strings.Repeat(" ", left-length) + strings.Repeat("█", length)
	}
	eighths := 0
	if high > 0 {
		eighths = int(math.Round(8 * float64(barWidth-left) * value / high))
	}
	text := strings.Repeat(" ", left) + strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return text
}

func sparkLines(chart Chart, low, high float64) []string {
	rows := chart.rows()
	lines := []string{fmt.Sprintf("▁ = %s, █ = %s", formatNumber(low), formatNumber(high))}
	for from := 0; from < len(rows); from += sparkWidth {
		to := min(from+sparkWidth, len(rows))
		var line strings.Builder
		for i := from; i < to; i++ {
			line.WriteRune(spark(chart.value(i), low, high))
		}
		lines = append(lines, fmt.Sprintf("%s  %s – %s", line.String(), rows[from][0], rows[to-1][0]))
	}
	return lines
}

func spark(value, low, high float64) rune {
	switch {
	case math.IsNaN(value):
		return ' '
	case high == low:
		return '▄'
	}
	return []rune("▁▂▃▄▅▆▇█")[min(7, int(8*(value-low)/(high-low)))]
}
