package documents

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"path"
	"strings"
)

// properties are what an office document says of itself.
type properties struct {
	title, author, published string
}

// readProperties reads docProps/core.xml. What is not there, or damaged, is no
// reason to refuse the document.
func (a *archive) readProperties() (properties, error) {
	var p properties
	var modified string
	err := a.eachElement("docProps/core.xml", func(r *xmlReader, element xml.StartElement) error {
		var into *string
		switch element.Name.Local {
		case "title":
			into = &p.title
		case "creator":
			into = &p.author
		case "created":
			into = &p.published
		case "modified":
			into = &modified
		default:
			return nil
		}
		text, err := r.text()
		*into = strings.TrimSpace(text)
		return err
	})
	if fatal := a.ctx.Err(); fatal != nil || errors.Is(err, errBomb) {
		return p, err
	}
	if p.published = isoDay(p.published); p.published == "" {
		p.published = isoDay(modified)
	}
	p.author = cleanTitle(p.author)
	if madeTitle(p.title) {
		p.title = ""
	}
	return p, nil
}

// madeTitle says that a program and no author gave the title.
func madeTitle(title string) bool {
	lower := strings.ToLower(strings.TrimSpace(title))
	for _, begin := range []string{"microsoft ", "untitled", "powerpoint presentation", "powerpoint-", "word document", "presentation title"} {
		if strings.HasPrefix(lower, begin) {
			return true
		}
	}
	return !strings.Contains(lower, " ") && strings.Contains(lower, ".")
}

// relation is a part that another part names by an id.
type relation struct {
	kind   string // the last element of its type
	target string // in the archive
}

// relations reads which parts belong to a part; none is no error. Parts outside
// of the archive are left out: nothing is fetched.
func (a *archive) relations(part string) (map[string]relation, error) {
	folder, file := path.Split(part)
	list := path.Join(folder, "_rels", file+".rels")
	related := map[string]relation{}
	if !a.has(list) {
		return related, nil
	}
	err := a.eachElement(list, func(_ *xmlReader, element xml.StartElement) error {
		if element.Name.Local != "Relationship" || attr(element, "TargetMode") == "External" {
			return nil
		}
		target := attr(element, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(folder, target)
		}
		related[attr(element, "Id")] = relation{kind: path.Base(attr(element, "Type")), target: entryName(target)}
		return nil
	})
	return related, err
}

// mainPart is the part a document begins with.
func (a *archive) mainPart(otherwise string) (string, error) {
	related, err := a.relations("")
	if err != nil {
		return "", err
	}
	for _, r := range related {
		if r.kind == "officeDocument" && a.has(r.target) {
			return r.target, nil
		}
	}
	return otherwise, nil
}

// oleProblem names what is wrong with a document in the old container: an
// encrypted one, or one of the formats before 2007.
func oleProblem(name string, data []byte) error {
	utf16 := func(text string) []byte {
		var wide []byte
		for i := range len(text) {
			wide = append(wide, text[i], 0)
		}
		return wide
	}
	if bytes.Contains(data, utf16("EncryptedPackage")) {
		return locked(name)
	}
	return &ReadError{
		name, ProblemUnsupported, "it is in a format of Microsoft Office before 2007 (DOC, XLS, PPT, MSG)",
		"save it as DOCX, XLSX or PPTX, and a message as EML",
	}
}

func (e *Extractor) extractArchive(ctx context.Context, name, mediaType string, data []byte) (Extracted, error) {
	a, err := openArchive(ctx, name, data, e.limits)
	if err != nil {
		return Extracted{}, err
	}
	var out Extracted
	switch mediaType {
	case DOCX:
		out, err = a.docx(e.limits)
	case XLSX:
		out, err = a.xlsx(data, e.limits)
	case PPTX:
		out, err = a.pptx(e.limits)
	default:
		out, err = a.epub(e.limits)
	}
	if err != nil {
		return Extracted{}, a.fault(err)
	}
	if strings.TrimSpace(out.Text) == "" && len(out.Parts) == 0 {
		return Extracted{}, noText(name, "the document holds no text")
	}
	return out, nil
}
