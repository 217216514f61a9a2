package documents

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxSlides bounds the slides of a presentation.
const maxSlides = 2000

// pptx reads the slides of a presentation in their order: titles as headings,
// paragraphs, tables, and the speaker's notes. Pages are slides.
func (a *archive) pptx(limits Limits) (Extracted, error) {
	facts, err := a.readProperties()
	if err != nil {
		return Extracted{}, err
	}
	part, err := a.mainPart("ppt/presentation.xml")
	if err != nil {
		return Extracted{}, err
	}
	related, err := a.relations(part)
	if err != nil {
		return Extracted{}, err
	}
	var slides []string
	err = a.eachElement(part, func(_ *xmlReader, element xml.StartElement) error {
		if element.Name.Local == "sldId" {
			if slide := related[slideRelation(element)]; slide.kind == "slide" && a.has(slide.target) {
				slides = append(slides, slide.target)
			}
		}
		return nil
	})
	if err != nil {
		return Extracted{}, err
	}
	s := &snapshot{limits: limits}
	for i, slide := range slides {
		if i == maxSlides {
			s.gap("the rest", fmt.Sprintf("only the first %d slides of %d were read; split it into parts", maxSlides, len(slides)))
			break
		}
		s.page = i + 1
		if err := a.slide(s, slide); err != nil {
			return Extracted{}, err
		}
	}
	out := s.extracted(facts)
	out.Pages = len(slides)
	return out, nil
}

// slideRelation is the id of the relation of a slide, the one with a namespace.
func slideRelation(element xml.StartElement) string {
	for _, a := range element.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

func (a *archive) slide(s *snapshot, part string) error {
	if err := a.shapes(s, part, false); err != nil {
		return err
	}
	related, err := a.relations(part)
	if err != nil {
		return err
	}
	for _, r := range related {
		if r.kind == "notesSlide" && a.has(r.target) {
			return a.shapes(s, r.target, true)
		}
	}
	return nil
}

// slideReader reads the shapes of one slide.
type slideReader struct {
	snapshot *snapshot
	notes    bool
	kind     string // of the placeholder at hand
	headed   bool
}

func (a *archive) shapes(s *snapshot, part string, notes bool) error {
	content, err := a.open(part)
	if err != nil {
		return err
	}
	defer content.Close()
	reader := newXMLReader(content)
	slide := slideReader{snapshot: s, notes: notes}
	for {
		token, err := reader.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			if element, ok := token.(xml.StartElement); ok {
				err = slide.element(reader, element)
			}
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", part, err)
		}
	}
}

func (d *slideReader) element(reader *xmlReader, element xml.StartElement) error {
	switch element.Name.Local {
	case "sp":
		d.kind = ""
	case "ph":
		if d.kind = attr(element, "type"); d.kind == "" {
			d.kind = "body"
		}
	case "txBody":
		return d.body(reader)
	case "tbl":
		rows, err := reader.table("txBody", slideCell)
		if err == nil && len(rows) > 0 {
			d.snapshot.table("", rows, 0)
		}
		return err
	case "Fallback":
		return reader.skip()
	}
	return nil
}

func (d *slideReader) body(reader *xmlReader) error {
	lines, err := slideLines(reader)
	if err != nil {
		return err
	}
	switch d.kind {
	case "sldNum", "dt", "ftr", "hdr", "sldImg":
		return nil
	case "title", "ctrTitle":
		if !d.notes {
			level := 2
			if d.snapshot.page == 1 {
				level = 1
			}
			d.snapshot.heading(strings.Join(lines, " "), level)
			d.headed = true
			return nil
		}
	}
	if !d.headed && !d.notes {
		d.snapshot.outline.heading("") // a slide without a title is not the slide before it
		d.headed = true
	}
	for _, line := range lines {
		d.snapshot.paragraph(BlockItem, line)
	}
	return nil
}

// slideLines reads the paragraphs of a text.
func slideLines(reader *xmlReader) ([]string, error) {
	var lines []string
	var line strings.Builder
	for depth := reader.depth - 1; reader.depth > depth; {
		token, err := reader.next()
		if err != nil {
			return nil, err
		}
		switch element := token.(type) {
		case xml.StartElement:
			switch element.Name.Local {
			case "t":
				text, err := reader.text()
				if err != nil {
					return nil, err
				}
				line.WriteString(text)
			case "br", "tab":
				line.WriteByte(' ')
			}
		case xml.EndElement:
			if element.Name.Local == "p" {
				if text := foldSpace(line.String()); text != "" {
					lines = append(lines, text)
				}
				line.Reset()
			}
		}
	}
	return lines, nil
}

// slideCell reads the text of a cell.
func slideCell(reader *xmlReader) (text string, span int, err error) {
	lines, err := slideLines(reader)
	return strings.Join(lines, " "), 1, err
}
