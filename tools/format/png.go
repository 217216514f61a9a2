package format

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// pngScale is how many pixels a unit of a chart has.
const pngScale = 2.5

// PNG draws a chart, without its title, as [SVG] does: 1800 pixels wide, for
// documents that hold no vector graphics.
func PNG(chart Chart) ([]byte, error) { return paint(drawChart(chart, wideChart, false), 0) }

// paint draws what SVG draws, on paper with a margin around it, in its units.
func paint(svg []byte, margin float64) ([]byte, error) {
	drawn, err := shapesOf(svg)
	if err != nil {
		return nil, err
	}
	drawn.move(margin)
	p := &painter{faces: newFaces(false), fonts: map[string]font.Face{}}
	p.image = image.NewRGBA(image.Rect(0, 0, int(math.Ceil(drawn.width*pngScale)), int(math.Ceil(drawn.height*pngScale))))
	draw.Draw(p.image, p.image.Bounds(), image.White, image.Point{}, draw.Src)
	for _, s := range drawn.shapes {
		if err := p.shape(s); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, p.image); err != nil {
		return nil, fmt.Errorf("writing a chart as PNG: %w", err)
	}
	return out.Bytes(), nil
}

// painter draws shapes as pixels.
type painter struct {
	image *image.RGBA
	faces *faces
	fonts map[string]font.Face
}

func (p *painter) shape(s shape) error {
	switch s.kind {
	case "line":
		p.stroke(s, [2]float64{s.x, s.y}, [2]float64{s.x2, s.y2})
	case "rect":
		p.fill(s.fill, [][2]float64{{s.x, s.y}, {s.x + s.width, s.y}, {s.x + s.width, s.y + s.height}, {s.x, s.y + s.height}})
	case "circle":
		p.disc(s.fill, s.x, s.y, s.radius)
	case "path":
		for _, line := range s.points {
			for i := 1; i < len(line); i++ {
				p.stroke(s, line[i-1], line[i])
				p.disc(s.stroke, line[i][0], line[i][1], s.pen/2)
			}
		}
	case "text":
		return p.text(s)
	}
	return nil
}

// stroke draws a line as the rectangle that it covers.
func (p *painter) stroke(s shape, from, to [2]float64) {
	dx, dy := to[0]-from[0], to[1]-from[1]
	length := math.Hypot(dx, dy)
	if length == 0 {
		return
	}
	nx, ny := -dy/length*s.pen/2, dx/length*s.pen/2
	p.fill(s.stroke, [][2]float64{{from[0] + nx, from[1] + ny}, {to[0] + nx, to[1] + ny}, {to[0] - nx, to[1] - ny}, {from[0] - nx, from[1] - ny}})
}

func (p *painter) disc(c colour, x, y, radius float64) {
	const corners = 32
	points := make([][2]float64, corners)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		points[i] = [2]float64{x + radius*cos, y + radius*sin}
	}
	p.fill(c, points)
}

// fill covers a convex area. Only the part of the picture around it is touched.
func (p *painter) fill(c colour, points [][2]float64) {
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, point := range points {
		for axis := range 2 {
			low[axis], high[axis] = min(low[axis], point[axis]*pngScale), max(high[axis], point[axis]*pngScale)
		}
	}
	area := image.Rect(int(math.Floor(low[0])), int(math.Floor(low[1])), int(math.Ceil(high[0]))+1, int(math.Ceil(high[1]))+1).Intersect(p.image.Bounds())
	if area.Empty() {
		return
	}
	r := vector.NewRasterizer(area.Dx(), area.Dy())
	at := func(point [2]float64) (x, y float32) {
		return float32(point[0]*pngScale - float64(area.Min.X)), float32(point[1]*pngScale - float64(area.Min.Y))
	}
	r.MoveTo(at(points[0]))
	for _, point := range points[1:] {
		r.LineTo(at(point))
	}
	r.ClosePath()
	r.Draw(p.image, area, image.NewUniform(color.RGBA{c.r, c.g, c.b, 255}), image.Point{})
}

func (p *painter) text(s shape) error {
	style := faceRegular
	if s.bold {
		style = faceBold
	}
	parts := p.faces.pieces(style, s.text)
	width := fixed.Int26_6(0)
	for _, part := range parts {
		letters, err := p.letters(part.face, s.size)
		if err != nil {
			return err
		}
		width += font.MeasureString(letters, part.text)
	}
	x := s.x * pngScale
	switch s.anchor {
	case "middle":
		x -= float64(width) / 128
	case "end":
		x -= float64(width) / 64
	}
	if s.above {
		left, wide := x/pngScale-1, float64(width)/64/pngScale+2
		p.fill(colour{255, 255, 255}, [][2]float64{{left, s.y - s.size*0.8}, {left + wide, s.y - s.size*0.8}, {left + wide, s.y + s.size*0.12}, {left, s.y + s.size*0.12}})
	}
	dot := fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(s.y * pngScale * 64)}
	for _, part := range parts {
		letters, err := p.letters(part.face, s.size)
		if err != nil {
			return err
		}
		drawer := font.Drawer{Dst: p.image, Src: image.NewUniform(color.RGBA{s.fill.r, s.fill.g, s.fill.b, 255}), Face: letters, Dot: dot}
		drawer.DrawString(part.text)
		dot = drawer.Dot
	}
	return nil
}

func (p *painter) letters(name string, size float64) (font.Face, error) {
	key := fmt.Sprintf("%s %g", name, size)
	if found, ok := p.fonts[key]; ok {
		return found, nil
	}
	parsed, err := opentype.Parse(p.faces.byName[name].data)
	if err != nil {
		return nil, fmt.Errorf("reading a font: %w", err)
	}
	made, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size * pngScale, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("sizing a font: %w", err)
	}
	p.fonts[key] = made
	return made, nil
}
