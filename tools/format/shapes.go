package format

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// shape is one element of a chart as SVG draws it: other forms draw the same
// shapes, so that a chart is the same everywhere.
type shape struct {
	kind                   string // text, line, rect, circle, path
	x, y, x2, y2           float64
	width, height, radius  float64
	points                 [][][2]float64 // the lines of a path
	anchor, text           string
	fill, stroke           colour
	filled, stroked, above bool // above: on a ground of paper, to stand off
	pen, size              float64
	bold                   bool
}

type colour struct{ r, g, b uint8 }

// picture is a chart as shapes on a ground of a size.
type picture struct {
	width, height float64
	shapes        []shape
}

// move leaves a margin all around.
func (p *picture) move(margin float64) {
	p.width, p.height = p.width+2*margin, p.height+2*margin
	for i := range p.shapes {
		s := &p.shapes[i]
		s.x, s.y, s.x2, s.y2 = s.x+margin, s.y+margin, s.x2+margin, s.y2+margin
		for _, line := range s.points {
			for j := range line {
				line[j][0], line[j][1] = line[j][0]+margin, line[j][1]+margin
			}
		}
	}
}

// shapesOf reads the SVG that [SVG] draws, and no other.
func shapesOf(svg []byte) (picture, error) {
	var p picture
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	open := -1 // the text whose words come next
	for {
		token, err := decoder.Token()
		if err == io.EOF { //nolint:errorlint // the decoder gives it bare
			return p, nil
		}
		if err != nil {
			return p, fmt.Errorf("reading a chart: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = p.add(token)
		case xml.EndElement:
			open = -1
		case xml.CharData:
			if open >= 0 {
				p.shapes[open].text += string(token)
			}
		}
	}
}

// add takes an element, and gives its place when it is a text, else -1.
func (p *picture) add(element xml.StartElement) int {
	attributes := map[string]string{}
	for _, a := range element.Attr {
		attributes[a.Name.Local] = a.Value
	}
	number := func(name string) float64 {
		value, _ := strconv.ParseFloat(attributes[name], 64)
		return value
	}
	s := shape{kind: element.Name.Local, size: textSize, pen: 1, filled: true, anchor: attributes["text-anchor"]}
	switch s.kind {
	case "svg":
		p.width, p.height = number("width"), number("height")
		return -1
	case "text", "rect":
		s.x, s.y, s.width, s.height = number("x"), number("y"), number("width"), number("height")
	case "line":
		s.x, s.y, s.x2, s.y2 = number("x1"), number("y1"), number("x2"), number("y2")
	case "circle":
		s.x, s.y, s.radius = number("cx"), number("cy"), number("r")
	case "path":
		s.points = pathPoints(attributes["d"])
	default:
		return -1
	}
	s.styled(attributes["style"])
	p.shapes = append(p.shapes, s)
	if s.kind == "text" {
		return len(p.shapes) - 1
	}
	return -1
}

var hexColour = regexp.MustCompile(`#([0-9a-fA-F]{6})`)

func (s *shape) styled(style string) {
	for rule := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(rule, ":")
		found := hexColour.FindStringSubmatch(value)
		var c colour
		if found != nil {
			n, _ := strconv.ParseUint(found[1], 16, 32)
			c = colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}
		}
		size, _ := strconv.ParseFloat(strings.TrimSuffix(value, "px"), 64)
		switch name {
		case "fill":
			s.fill, s.filled = c, found != nil
		case "stroke":
			s.stroke, s.stroked = c, found != nil
		case "stroke-width":
			s.pen = size
		case "font-size":
			s.size = size
		case "font-weight":
			s.bold = size >= 600
		case "paint-order":
			s.above = true
		}
	}
}

// pathPoints reads a path of M and L, as [SVG] writes it.
func pathPoints(d string) [][][2]float64 {
	var lines [][][2]float64
	for part := range strings.SplitSeq(d, "M") {
		var line [][2]float64
		for point := range strings.SplitSeq(part, "L") {
			first, second, ok := strings.Cut(strings.TrimSpace(point), " ")
			x, errX := strconv.ParseFloat(first, 64)
			y, errY := strconv.ParseFloat(second, 64)
			if ok && errX == nil && errY == nil {
				line = append(line, [2]float64{x, y})
			}
		}
		if len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}
