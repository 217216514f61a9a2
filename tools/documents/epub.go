package documents

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// book is what the package file of an EPUB says.
type book struct {
	facts    properties
	files    map[string]string // of the manifest, by id
	chapters []string
}

// epub reads the chapters of a book in the order of its spine, each as a page
// of HTML.
func (a *archive) epub(limits Limits) (Extracted, error) {
	if a.has("META-INF/encryption.xml") && a.has("META-INF/rights.xml") {
		return Extracted{}, errEncrypted
	}
	part := ""
	err := a.eachElement("META-INF/container.xml", func(_ *xmlReader, element xml.StartElement) error {
		if element.Name.Local == "rootfile" && part == "" {
			part = attr(element, "full-path")
		}
		return nil
	})
	if err != nil {
		return Extracted{}, err
	}
	b, err := a.book(part)
	if err != nil {
		return Extracted{}, err
	}
	out := Extracted{Title: b.facts.title, Author: b.facts.author, Published: b.facts.published, Year: yearIn(b.facts.published)}
	var text strings.Builder
	for i, chapter := range b.chapters {
		if text.Len() > limits.Text {
			out.Parts = append(out.Parts, Part{
				Name: "the rest", Gap: fmt.Sprintf("only the first %d of its %d chapters were read; split it into parts", i, len(b.chapters)),
			})
			break
		}
		if err := a.chapter(chapter, &out, &text, limits); err != nil {
			return Extracted{}, err
		}
	}
	out.Text = text.String()
	return out, nil
}

func (a *archive) book(part string) (book, error) {
	b := book{files: map[string]string{}}
	folder := path.Dir(part)
	into := map[string]*string{"title": &b.facts.title, "creator": &b.facts.author, "date": &b.facts.published}
	err := a.eachElement(part, func(r *xmlReader, element xml.StartElement) error {
		switch name := element.Name.Local; name {
		case "title", "creator", "date":
			text, err := r.text()
			if *into[name] == "" {
				*into[name] = foldSpace(text)
			}
			return err
		case "item":
			if strings.Contains(attr(element, "media-type"), "html") {
				if href, err := url.PathUnescape(attr(element, "href")); err == nil {
					b.files[attr(element, "id")] = path.Join(folder, href)
				}
			}
		case "itemref":
			if file, ok := b.files[attr(element, "idref")]; ok {
				b.chapters = append(b.chapters, file)
			}
		}
		return nil
	})
	b.facts.author = cleanTitle(b.facts.author)
	b.facts.published = isoDay(b.facts.published)
	return b, err
}

// chapter adds one chapter. One that is missing or damaged is a gap, and the
// rest of the book is read.
func (a *archive) chapter(file string, out *Extracted, text *strings.Builder, limits Limits) error {
	data, err := a.read(file)
	switch {
	case errors.Is(err, errBomb), a.ctx.Err() != nil:
		return err
	case err != nil:
		out.Parts = append(out.Parts, Part{Name: file, Gap: "the chapter cannot be read: " + err.Error()})
		return nil //nolint:nilerr // it is told as a gap
	}
	read, err := extractHTML(file, data, limits)
	var unreadable *ReadError
	if errors.As(err, &unreadable) {
		if unreadable.Problem != ProblemNoText { // a cover, a picture
			out.Parts = append(out.Parts, Part{Name: file, Gap: "the chapter cannot be read: " + unreadable.Reason()})
		}
		return nil
	}
	if err != nil {
		return err
	}
	out.takeTables(read)
	offset := text.Len()
	text.WriteString(read.Text)
	for _, segment := range read.Segments {
		if segment.Heading == "" {
			segment.Heading = read.Title
		}
		for i := range segment.Blocks {
			segment.Blocks[i].Start += offset
			segment.Blocks[i].End += offset
		}
		out.Segments = append(out.Segments, segment)
	}
	return nil
}
