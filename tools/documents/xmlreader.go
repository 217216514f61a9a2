package documents

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// maxXMLDepth bounds elements inside each other.
const maxXMLDepth = 400

var errXMLDepth = fmt.Errorf("its elements stand more than %d deep in each other", maxXMLDepth)

// xmlReader reads the elements of a part of a document one after the other. It
// knows no document types: entities are neither expanded nor fetched, and what
// declares any is refused.
type xmlReader struct {
	decoder *xml.Decoder
	depth   int
}

func newXMLReader(content io.Reader) *xmlReader {
	return &xmlReader{decoder: xml.NewDecoder(content)}
}

// next gives the next token; io.EOF at the end.
func (r *xmlReader) next() (xml.Token, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case xml.StartElement:
		if r.depth++; r.depth > maxXMLDepth {
			return nil, errXMLDepth
		}
	case xml.EndElement:
		r.depth--
	case xml.Directive:
		if bytes.Contains(bytes.ToUpper(t[:min(len(t), 64)]), []byte("DOCTYPE")) {
			return nil, errors.New("it declares a document type of its own, which no document needs")
		}
	}
	return token, nil
}

// skip passes over the element whose start was read last.
func (r *xmlReader) skip() error {
	for depth := r.depth - 1; r.depth > depth; {
		if _, err := r.next(); err != nil {
			return err
		}
	}
	return nil
}

// text is the text of the element whose start was read last.
func (r *xmlReader) text() (string, error) {
	var text []byte
	for depth := r.depth - 1; r.depth > depth; {
		token, err := r.next()
		if err != nil {
			return "", err
		}
		if part, ok := token.(xml.CharData); ok {
			text = append(text, part...)
		}
	}
	return string(text), nil
}

// eachElement calls visit with every element of a part. What visit reads of an
// element is not visited.
func (a *archive) eachElement(part string, visit func(*xmlReader, xml.StartElement) error) error {
	content, err := a.open(part)
	if err != nil {
		return err
	}
	defer content.Close()
	reader := newXMLReader(content)
	for {
		token, err := reader.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", part, err)
		}
		if element, ok := token.(xml.StartElement); ok {
			if err := visit(reader, element); err != nil {
				return fmt.Errorf("reading %s: %w", part, err)
			}
		}
	}
}

func attr(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// maxTableCells bounds the cells of one table in a text.
const maxTableCells = 1_000_000

func tooManyCells() error {
	return &ReadError{"", ProblemTooLarge, fmt.Sprintf("one of its tables has more than %d cells", maxTableCells), "split it into parts"}
}

// table reads the rows of the table the reader stands at: read gives the text of
// an element that is a cell, and over how many columns it goes. What was deleted
// from a document is none of it.
func (r *xmlReader) table(cell string, read func(*xmlReader) (text string, span int, err error)) ([][]string, error) {
	var rows [][]string
	cells := 0
	for depth := r.depth - 1; r.depth > depth; {
		token, err := r.next()
		if err != nil {
			return nil, err
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch element.Name.Local {
		case "tr":
			rows = append(rows, nil)
		case cell:
			text, n, err := read(r)
			if err != nil {
				return nil, err
			}
			if len(rows) == 0 {
				continue
			}
			span := max(1, min(n, 100))
			if cells += span; cells > maxTableCells {
				return nil, tooManyCells()
			}
			last := len(rows) - 1
			rows[last] = append(append(rows[last], text), make([]string, span-1)...)
		case "del", "moveFrom", "Fallback":
			if err := r.skip(); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}
