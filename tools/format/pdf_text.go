package format

import "strings"

// span is a text of one look. Spans follow each other without space but their
// own.
type span struct {
	text, style string
	size        float64
	colour      colour
	link        int    // a place in the document, 0 for none
	url         string // an address outside
}

// fragment is a piece of a line in one face.
type fragment struct {
	text, face, style string
	size              float64
	colour            colour
	link              int
	url               string
}

// word is what is not broken: fragments without space between them.
type word struct {
	fragments []fragment
	width     float64
}

func (w *pdfWriter) use(f fragment) {
	family, style := "text", f.face
	if f.face == faceOther {
		family, style = faceOther, ""
	}
	w.pdf.SetFont(family, style, f.size)
}

func (w *pdfWriter) width(fragments []fragment) float64 {
	total := 0.0
	for _, f := range fragments {
		w.use(f)
		total += w.pdf.GetStringWidth(f.text)
	}
	return total
}

// put prints fragments beside each other and gives the place behind them.
func (w *pdfWriter) put(x, baseline float64, fragments []fragment) float64 {
	for _, f := range fragments {
		for _, part := range w.faces.pieces(f.style, f.text) {
			shown := f
			shown.text, shown.face = part.text, part.face
			w.use(shown)
			w.pdf.SetTextColor(rgb(f.colour))
			w.pdf.Text(x, baseline, part.text)
			width := w.pdf.GetStringWidth(part.text)
			switch {
			case f.url != "":
				w.pdf.LinkString(x, baseline-f.size, width, f.size*1.25, f.url)
			case f.link != 0:
				w.pdf.Link(x, baseline-f.size, width, f.size*1.25, f.link)
			}
			x += width
		}
	}
	return x
}

// words divides spans at their spaces.
func (w *pdfWriter) words(spans []span) []word {
	var words []word
	var current word
	flush := func() {
		if len(current.fragments) > 0 {
			words = append(words, current)
		}
		current = word{}
	}
	for _, s := range spans {
		if s.colour == (colour{}) {
			s.colour = pdfInk()
		}
		for i, text := range strings.Split(s.text, " ") {
			if i > 0 {
				flush()
			}
			for _, part := range w.faces.pieces(s.style, text) {
				f := fragment{part.text, part.face, s.style, s.size, s.colour, s.link, s.url}
				current.fragments = append(current.fragments, f)
				current.width += w.width([]fragment{f})
			}
		}
	}
	flush()
	return words
}

// lines fills lines of a width. A word that is wider than a line is broken.
func (w *pdfWriter) lines(spans []span, width float64) [][]word {
	var lines [][]word
	var line []word
	used := 0.0
	for _, next := range w.words(spans) {
		space := 0.0
		if len(line) > 0 {
			space = w.space(next)
		}
		if len(line) > 0 && used+space+next.width > width {
			lines, line, used, space = append(lines, line), nil, 0, 0
		}
		for next.width > width {
			var head word
			if head, next = w.cut(next, width); len(head.fragments) == 0 {
				break
			}
			lines = append(lines, []word{head})
		}
		if len(next.fragments) > 0 {
			line = append(line, next)
			used += space + next.width
		}
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// space is the width of the space before a word.
func (w *pdfWriter) space(next word) float64 {
	w.pdf.SetFont("text", next.fragments[0].style, next.fragments[0].size)
	return w.pdf.GetStringWidth(" ")
}

// cut divides a word so that its head fits a width; a head has at least one
// character.
func (w *pdfWriter) cut(long word, width float64) (head, rest word) {
	left := width
	for i, f := range long.fragments {
		size := w.width([]fragment{f})
		if size <= left {
			head.fragments = append(head.fragments, f)
			head.width += size
			left -= size
			continue
		}
		chars := []rune(f.text)
		fitting := 0
		for w.use(f); fitting < len(chars) && w.pdf.GetStringWidth(string(chars[:fitting+1])) <= left; fitting++ {
			w.use(f)
		}
		if fitting == 0 && len(head.fragments) == 0 {
			fitting = 1
		}
		before, after := f, f
		before.text, after.text = string(chars[:fitting]), string(chars[fitting:])
		if fitting > 0 {
			head.fragments = append(head.fragments, before)
			head.width += w.width([]fragment{before})
		}
		if after.text != "" {
			rest.fragments = append(rest.fragments, after)
		}
		rest.fragments = append(rest.fragments, long.fragments[i+1:]...)
		rest.width = w.width(rest.fragments)
		return head, rest
	}
	return head, rest
}

// flow prints spans in lines of a width, over as many pages as they need.
func (w *pdfWriter) flow(spans []span, left, width, leading float64) {
	for _, line := range w.lines(spans, width) {
		w.room(leading)
		w.line(line, left, w.y)
		w.y += leading
	}
}

// line prints words. Words of one look are one text, with their spaces, so that
// who takes the text out of the page finds them.
func (w *pdfWriter) line(words []word, x, top float64) {
	var joined []fragment
	size := 0.0
	for i, word := range words {
		for j, f := range word.fragments {
			size = max(size, f.size)
			if i > 0 && j == 0 {
				f.text = " " + f.text
			}
			last := len(joined) - 1
			if last >= 0 && sameLook(joined[last], f) {
				joined[last].text += f.text
				continue
			}
			joined = append(joined, f)
		}
	}
	w.put(x, top+size, joined)
}

func sameLook(a, b fragment) bool {
	a.text, b.text = "", ""
	return a == b
}
