package documents

import (
	"encoding/xml"
	"errors"
	"strconv"
	"strings"
)

// docx reads a word processor's document: headings by their styles, items of
// lists, tables, and footnotes below a heading of their own. Text that was
// deleted with changes tracked is left out, what was inserted is read.
func (a *archive) docx(limits Limits) (Extracted, error) {
	facts, err := a.readProperties()
	if err != nil {
		return Extracted{}, err
	}
	part, err := a.mainPart("word/document.xml")
	if err != nil {
		return Extracted{}, err
	}
	reader := docxReader{snapshot: &snapshot{limits: limits}}
	related, err := a.relations(part)
	if err != nil {
		return Extracted{}, err
	}
	notes := map[string]string{}
	for _, r := range related {
		switch r.kind {
		case "styles":
			if reader.levels, err = a.headingStyles(r.target); err != nil && !errors.Is(err, errNoPart) {
				return Extracted{}, err
			}
		case "footnotes", "endnotes":
			notes[r.kind] = r.target
		}
	}
	if err := reader.part(a, part); err != nil {
		return Extracted{}, err
	}
	for _, kind := range []string{"footnotes", "endnotes"} {
		if target, ok := notes[kind]; ok && a.has(target) {
			reader.snapshot.outline.heading("Notes")
			if err := reader.part(a, target); err != nil {
				return Extracted{}, err
			}
		}
	}
	return reader.snapshot.extracted(facts), nil
}

// Levels of styles that are no heading's.
const (
	levelTitle = 0
	levelBody  = -1
	levelSkip  = -2 // the lines of a table of contents
)

// headingStyles gives the level of the styles that head something, by their id.
// Their names are English in whatever language the document was written.
func (a *archive) headingStyles(part string) (map[string]int, error) {
	levels := map[string]int{}
	based := map[string]string{}
	id := ""
	err := a.eachElement(part, func(_ *xmlReader, element xml.StartElement) error {
		switch element.Name.Local {
		case "style":
			id = attr(element, "styleId")
		case "name":
			if level := styleLevel(attr(element, "val")); level != levelBody && id != "" {
				levels[id] = level
			}
		case "basedOn":
			based[id] = attr(element, "val")
		case "outlineLvl":
			if n, err := strconv.Atoi(attr(element, "val")); err == nil && n >= 0 && n < 9 && id != "" {
				levels[id] = n + 1
			}
		}
		return nil
	})
	for id := range based {
		if _, known := levels[id]; known {
			continue
		}
		for parent, steps := based[id], 0; parent != "" && steps < 10; parent, steps = based[parent], steps+1 {
			if level, ok := levels[parent]; ok {
				levels[id] = level
				break
			}
		}
	}
	return levels, err
}

func styleLevel(name string) int {
	name = strings.ToLower(name)
	if name == "title" {
		return levelTitle
	}
	if strings.HasPrefix(name, "toc ") {
		return levelSkip
	}
	if number, ok := strings.CutPrefix(name, "heading "); ok {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			return n
		}
	}
	return levelBody
}

type docxReader struct {
	snapshot *snapshot
	levels   map[string]int
}

// paragraphRead is one paragraph: its text and what it is.
type paragraphRead struct {
	text  strings.Builder
	level int
	item  bool
}

// part reads the paragraphs and tables of one part.
func (d *docxReader) part(a *archive, name string) error { return a.eachElement(name, d.block) }

func (d *docxReader) block(reader *xmlReader, element xml.StartElement) error {
	switch element.Name.Local {
	case "p":
		p, err := d.paragraph(reader)
		if err == nil {
			d.add(p)
		}
		return err
	case "tbl":
		rows, err := reader.table("tc", d.cell)
		if err == nil && len(rows) > 0 {
			d.snapshot.table("", rows, 0)
		}
		return err
	case "Fallback", "sectPr", "del", "moveFrom":
		return reader.skip()
	}
	return nil
}

func (d *docxReader) add(p *paragraphRead) {
	text := p.text.String()
	switch {
	case p.level == levelSkip:
	case p.level >= levelTitle:
		d.snapshot.heading(text, p.level)
	case p.item:
		d.snapshot.paragraph(BlockItem, text)
	default:
		d.snapshot.paragraph(BlockParagraph, text)
	}
}

// paragraph reads on to the end of a paragraph.
func (d *docxReader) paragraph(reader *xmlReader) (*paragraphRead, error) {
	p := &paragraphRead{level: levelBody}
	for depth := reader.depth - 1; reader.depth > depth; {
		token, err := reader.next()
		if err != nil {
			return nil, err
		}
		if element, ok := token.(xml.StartElement); ok {
			if err := d.inline(reader, element, p); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

func (d *docxReader) inline(reader *xmlReader, element xml.StartElement, p *paragraphRead) error {
	switch element.Name.Local {
	case "t":
		text, err := reader.text()
		p.text.WriteString(text)
		return err
	case "tab", "br", "cr":
		p.text.WriteByte(' ')
	case "noBreakHyphen":
		p.text.WriteByte('-')
	case "pStyle":
		if level, ok := d.levels[attr(element, "val")]; ok {
			p.level = level
		} else if level := styleLevel(spacedStyle(attr(element, "val"))); d.levels == nil {
			p.level = level
		}
	case "numPr":
		p.item = true
	case "txbxContent": // a box with paragraphs of its own, inside of this one
		return d.box(reader)
	case "Fallback", "del", "moveFrom", "delText", "instrText", "pPrChange", "rPrChange", "delInstrText":
		return reader.skip()
	}
	return nil
}

// spacedStyle makes of the usual id of a style its name, for documents that
// have no list of styles: Heading1.
func spacedStyle(id string) string {
	if n := len(id); n > 1 && asciiDigit(id[n-1]) {
		return id[:n-1] + " " + id[n-1:]
	}
	return id
}

func (d *docxReader) box(reader *xmlReader) error {
	for depth := reader.depth - 1; reader.depth > depth; {
		token, err := reader.next()
		if err != nil {
			return err
		}
		if element, ok := token.(xml.StartElement); ok {
			if err := d.block(reader, element); err != nil {
				return err
			}
		}
	}
	return nil
}

// cell reads a cell of a table; a table inside it is read as its text.
func (d *docxReader) cell(reader *xmlReader) (text string, span int, err error) {
	var lines []string
	span = 1
	for depth := reader.depth - 1; reader.depth > depth; {
		token, err := reader.next()
		if err != nil {
			return "", 0, err
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch element.Name.Local {
		case "gridSpan":
			span, _ = strconv.Atoi(attr(element, "val"))
		case "p":
			p, err := d.paragraph(reader)
			if err != nil {
				return "", 0, err
			}
			if line := foldSpace(p.text.String()); line != "" {
				lines = append(lines, line)
			}
		case "Fallback", "del", "moveFrom":
			if err := reader.skip(); err != nil {
				return "", 0, err
			}
		}
	}
	return strings.Join(lines, " "), span, nil
}
