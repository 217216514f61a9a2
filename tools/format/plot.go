package format

import (
	"fmt"
	"math"
	"regexp"
	"strings"
)

// plot is the area between the axes.
type plot struct{ left, right, top, bottom float64 }

// columns draws a line, or bars that stand, and returns the height.
func (d *drawing) columns(low, high float64) float64 {
	if d.chart.Kind == KindBar && low < 0 {
		low -= (high - low) * 0.06 // for the value below the bar
	}
	a := newAxis(low, high, d.chart.Kind == KindBar, 5)
	height := math.Round(inside(d.width*0.5, 230, 340))
	area := plot{left: 12, right: d.width - 14, top: d.top + 10}
	for _, tick := range a.ticks {
		area.left = max(area.left, textWidth(a.label(tick), textSize)+10)
	}
	if d.chart.YLabel != "" {
		for _, line := range wrap(plain(d.chart.YLabel), d.width, textSize, 2) {
			d.text(0, area.top+4, "start", muted, line)
			area.top += lineHeight
		}
		area.top += 8
	}
	area.bottom = area.top + height - 60
	for _, tick := range a.ticks {
		y := a.at(tick, area.bottom, area.top)
		style := rule
		if tick == 0 {
			style = base
		}
		d.line(area.left, y, area.right, y, style)
		d.text(area.left-8, y+4.5, "end", muted, a.label(tick))
	}
	places := d.places(area)
	if d.chart.Kind == KindBar {
		d.standingBars(a, area, places)
	} else {
		d.polyline(a, area, places)
	}
	return d.xLabels(area, places)
}

// places are the horizontal middles of the points or bars.
func (d *drawing) places(area plot) []float64 {
	room := area.right - area.left
	if d.chart.Kind == KindBar {
		slot := room / float64(len(d.labels))
		places := make([]float64, len(d.labels))
		for i := range places {
			places[i] = area.left + slot*(float64(i)+0.5)
		}
		return places
	}
	places, _ := positions(d.labels)
	margin := min(16, room/20)
	for i, place := range places {
		places[i] = area.left + margin + place*(room-2*margin)
	}
	return places
}

// xLabels writes as many labels as fit, at equal steps, and what they are.
func (d *drawing) xLabels(area plot, places []float64) float64 {
	ticks := d.xTicks()
	widest := 0.0
	for _, tick := range ticks {
		widest = max(widest, textWidth(tick.label, textSize))
	}
	narrowest := area.right - area.left
	for i := 1; i < len(ticks); i++ {
		narrowest = min(narrowest, places[ticks[i].at]-places[ticks[i-1].at])
	}
	step := 1
	for _, step = range []int{1, 2, 3, 4, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 5000} {
		if narrowest*float64(step) >= widest+10 {
			break
		}
	}
	y := area.bottom + lineHeight + 3
	for i := 0; i < len(ticks); i += step {
		tick := ticks[i]
		half := textWidth(tick.label, textSize) / 2
		if len(ticks) < len(places) || step > 1 || d.chart.Kind == KindLine {
			d.line(places[tick.at], area.bottom, places[tick.at], area.bottom+4, base)
		}
		d.text(inside(places[tick.at], half, max(half, d.width-half)), y, "middle", muted, tick.label)
	}
	if d.chart.XLabel != "" {
		y += lineHeight + 4
		d.text((area.left+area.right)/2, y, "middle", muted, shorten(plain(d.chart.XLabel), int(d.width/8)))
	}
	return y + 8
}

// xTick is a label below the plot and the value it belongs to.
type xTick struct {
	at    int
	label string
}

var isoDate = regexp.MustCompile(`^\d{4}-\d{2}(-\d{2})?$`)

// xTicks are the labels that may stand below the plot: each value's own, or for
// dates over several years the years, where they begin.
func (d *drawing) xTicks() []xTick {
	var all, years []xTick
	dates := true
	for i, label := range d.labels {
		all = append(all, xTick{i, shorten(label, 16)})
		if dates = dates && isoDate.MatchString(label); !dates {
			continue
		}
		if i == 0 && strings.HasPrefix(label[4:], "-01") || i > 0 && d.labels[i-1][:4] != label[:4] {
			years = append(years, xTick{i, label[:4]})
		}
	}
	if dates && len(years) >= 3 && len(years) < len(all) {
		return years
	}
	return all
}

func (d *drawing) standingBars(a axis, area plot, places []float64) {
	slot := (area.right - area.left) / float64(len(places))
	width := min(slot*0.72, 56)
	zero := a.at(0, area.bottom, area.top)
	labelled := len(places) <= 20
	for i := range places {
		if v := d.chart.value(i); !math.IsNaN(v) {
			labelled = labelled && textWidth(valueLabel(v), textSize) <= slot-2
		}
	}
	for i, x := range places {
		v := d.chart.value(i)
		if math.IsNaN(v) {
			d.text(x, zero-5, "middle", muted, "–")
			continue
		}
		y := a.at(v, area.bottom, area.top)
		d.bar(i, x-width/2, min(y, zero), width, math.Abs(y-zero))
		if labelled {
			at := min(y, zero) - 5
			if v < 0 {
				at = max(y, zero) + lineHeight - 2
			}
			d.text(x, at, "middle", raised, valueLabel(v))
		}
	}
}

func (d *drawing) polyline(a axis, area plot, places []float64) {
	var path strings.Builder
	pen := "M"
	for i, x := range places {
		v := d.chart.value(i)
		if math.IsNaN(v) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&path, "%s%s %s", pen, num(x), num(a.at(v, area.bottom, area.top)))
		pen = "L"
	}
	fmt.Fprintf(&d.out, `<path d="%s" style="fill:none;stroke:%s;stroke-width:2;stroke-linejoin:round;stroke-linecap:round"/>`, path.String(), accent)
	apart, radius := (area.right-area.left)/float64(len(places)), 3.2
	if apart < 12 {
		radius = 1.6
	}
	for i, x := range places {
		if v := d.chart.value(i); !math.IsNaN(v) && (apart >= 4 || d.alone(i)) {
			fmt.Fprintf(&d.out, `<circle cx="%s" cy="%s" r="%s" style="fill:%s"><title>%s</title></circle>`,
				num(x), num(a.at(v, area.bottom, area.top)), num(radius), accent, d.tooltip(i))
		}
	}
	for _, i := range d.spoken(area) {
		v := d.chart.value(i)
		half := textWidth(valueLabel(v), textSize) / 2
		y := a.at(v, area.bottom, area.top)
		at := y - 9
		if d.valley(i) && y+lineHeight+2 < area.bottom {
			at = y + lineHeight + 2
		}
		d.text(inside(places[i], half, d.width-half), at, "middle", raised, valueLabel(v))
	}
}

// alone reports whether a point has gaps on both sides: no line shows it.
func (d *drawing) alone(i int) bool {
	return (i == 0 || math.IsNaN(d.chart.value(i-1))) && math.IsNaN(d.chart.value(i+1))
}

// spoken are the points that show their value: all where there is room, else
// the first, the last and the extremes.
func (d *drawing) spoken(area plot) []int {
	count := len(d.labels)
	widest := 0.0
	lowest, highest, first, last := -1, -1, -1, -1
	for i := range count {
		v := d.chart.value(i)
		if math.IsNaN(v) {
			continue
		}
		widest = max(widest, textWidth(valueLabel(v), textSize))
		if first < 0 {
			first = i
		}
		last = i
		if lowest < 0 || v < d.chart.value(lowest) {
			lowest = i
		}
		if highest < 0 || v > d.chart.value(highest) {
			highest = i
		}
	}
	apart := int(math.Ceil((widest + 8) / ((area.right - area.left) / float64(count))))
	var chosen []int
	for _, i := range []int{last, highest, lowest, first} {
		chosen = appendApart(chosen, i, apart)
	}
	if apart <= 1 && count <= 14 {
		for i := range count {
			if !math.IsNaN(d.chart.value(i)) {
				chosen = appendApart(chosen, i, 1)
			}
		}
	}
	return chosen
}

func appendApart(chosen []int, i, apart int) []int {
	for _, other := range chosen {
		if i-other < apart && other-i < apart {
			return chosen
		}
	}
	return append(chosen, i)
}

// valley reports whether a point lies below its neighbours.
func (d *drawing) valley(i int) bool {
	v := d.chart.value(i)
	before, after := d.chart.value(max(0, i-1)), math.NaN()
	if i+1 < len(d.labels) {
		after = d.chart.value(i + 1)
	}
	return (before > v && !(after < v)) || (after > v && !(before < v) && i > 0)
}

// horizontalBars draws bars that lie, with room for long labels.
func (d *drawing) horizontalBars(low, high float64) float64 {
	a := newAxis(low, high, true, max(2, int(d.width/140)))
	column := 0.0
	for _, label := range d.labels {
		column = max(column, textWidth(label, textSize))
	}
	column = min(column+4, d.width*0.4)
	row := 28.0
	var labels [][]string
	for _, label := range d.labels {
		lines := wrap(label, column, textSize, 2)
		if len(lines) > 1 {
			row = 42
		}
		labels = append(labels, lines)
	}
	valueRoom := 0.0
	for i := range d.labels {
		valueRoom = max(valueRoom, textWidth(valueLabel(d.chart.value(i)), textSize)+8)
	}
	area := plot{left: column + 10, right: d.width - valueRoom, top: d.top + 4}
	if low < 0 {
		area.left += valueRoom
	}
	area.bottom = area.top + row*float64(len(labels))
	for _, tick := range a.ticks {
		x := a.at(tick, area.left, area.right)
		style := rule
		if tick == 0 {
			style = base
		}
		d.line(x, area.top, x, area.bottom, style)
		d.text(x, area.bottom+lineHeight, "middle", muted, a.label(tick))
	}
	for i, lines := range labels {
		middle := area.top + row*(float64(i)+0.5)
		for j, line := range lines {
			y := middle + 4.5 + lineHeight*(float64(j)-float64(len(lines)-1)/2)
			d.text(column, y, "end", ink, line)
		}
		d.lyingBar(a, area, i, middle, min(row*0.66, 22))
	}
	y := area.bottom + lineHeight
	if d.chart.YLabel != "" {
		y += lineHeight + 4
		d.text((area.left+area.right)/2, y, "middle", muted, shorten(plain(d.chart.YLabel), int((d.width-column)/7)))
	}
	return y + 8
}

func (d *drawing) lyingBar(a axis, area plot, i int, middle, thickness float64) {
	v, zero := d.chart.value(i), a.at(0, area.left, area.right)
	if math.IsNaN(v) {
		d.text(zero+6, middle+4.5, "start", muted, "–")
		return
	}
	end := a.at(v, area.left, area.right)
	d.bar(i, min(zero, end), middle-thickness/2, math.Abs(end-zero), thickness)
	if v < 0 {
		d.text(end-6, middle+4.5, "end", raised, valueLabel(v))
		return
	}
	d.text(end+6, middle+4.5, "start", raised, valueLabel(v))
}
