package documents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
)

// preparedDocument is a document cut into passages and its words counted: what
// of an index depends on the document alone.
type preparedDocument struct {
	terms    []string // in the order they were met
	passages []preparedPassage
	sketch   sketch
}

type preparedPassage struct {
	Passage
	length uint32 // in terms
	counts []termCount
}

// termCount says how often a passage has the term at a place in terms.
type termCount struct{ term, count uint32 }

// preparer makes prepared documents. Its memory of words makes the next
// document quicker; it is not safe for concurrent use.
type preparer struct {
	stems  map[string]string // of words met before; empty for those not indexed
	places map[string]uint32 // of the terms of the document at hand
	counts map[uint32]uint32 // of the passage at hand
}

// maxStems bounds the words a preparer remembers.
const maxStems = 200_000

func newPreparer() *preparer {
	return &preparer{stems: map[string]string{}, places: map[string]uint32{}, counts: map[uint32]uint32{}}
}

func (p *preparer) prepare(text string, segments []Segment) preparedDocument {
	clear(p.places)
	var doc preparedDocument
	sketching := newSketcher()
	for _, passage := range Passages(text, segments) {
		clear(p.counts)
		prepared := preparedPassage{Passage: passage}
		for i, part := range []string{text[passage.Start:passage.End], passage.Heading} {
			eachWord(part, func(word string) {
				if i == 0 {
					sketching.word(word)
				}
				if stem := p.stem(word); stem != "" {
					p.counts[p.place(&doc, stem)]++
					prepared.length++
				}
			})
		}
		prepared.counts = make([]termCount, 0, len(p.counts))
		for place, count := range p.counts {
			prepared.counts = append(prepared.counts, termCount{place, count})
		}
		doc.passages = append(doc.passages, prepared)
	}
	doc.sketch = sketching.sketch()
	return doc
}

func (p *preparer) stem(word string) string {
	if stem, ok := p.stems[word]; ok {
		return stem
	}
	if len(p.stems) >= maxStems {
		clear(p.stems)
	}
	stem := ""
	if !stopWords[word] {
		stem = strings.Clone(term(word))
	}
	p.stems[strings.Clone(word)] = stem
	return stem
}

func (p *preparer) place(doc *preparedDocument, stem string) uint32 {
	place, ok := p.places[stem]
	if !ok {
		place = uint32(len(doc.terms))
		p.places[stem] = place
		doc.terms = append(doc.terms, stem)
	}
	return place
}

// preparedVersion begins what [Prepare] gives. It changes with whatever changes
// the passages or the terms of a text.
const preparedVersion = "quaestor terms 1\n"

// Prepare does the part of indexing that depends on one document alone, in a
// form to be kept: [Source.Prepared]. It is about a third as large as the text.
func Prepare(text string, segments []Segment) []byte {
	doc := newPreparer().prepare(text, segments)
	out := encoder{data: make([]byte, 0, len(text)/3+1024)}
	out.data = append(out.data, preparedVersion...)
	out.number(len(text))
	for _, value := range doc.sketch {
		out.data = binary.LittleEndian.AppendUint32(out.data, value)
	}
	out.number(len(doc.terms))
	for _, stem := range doc.terms {
		out.text(stem)
	}
	out.number(len(doc.passages))
	for i := range doc.passages {
		out.passage(&doc.passages[i])
	}
	return out.data
}

// Prepared says whether data is what this version of [Prepare] gives.
func Prepared(data []byte) bool { return bytes.HasPrefix(data, []byte(preparedVersion)) }

var errPrepared = errors.New("prepared terms are damaged")

// decodePrepared reads what [Prepare] gave for a text. Damaged data gives an
// error and never a passage outside of the text.
func decodePrepared(data []byte, text string) (doc preparedDocument, err error) {
	in := decoder{data: data[len(preparedVersion):], most: len(text)}
	if in.number() != len(text) {
		return doc, errPrepared
	}
	for i := range doc.sketch {
		doc.sketch[i] = in.fixed()
	}
	doc.terms = make([]string, in.count())
	for i := range doc.terms {
		doc.terms[i] = in.text()
	}
	doc.passages = make([]preparedPassage, in.count())
	for i := range doc.passages {
		if !in.passage(&doc.passages[i], len(doc.terms)) {
			return doc, errPrepared
		}
	}
	if in.bad || len(in.data) > 0 {
		return doc, errPrepared
	}
	return doc, nil
}

// encoder writes numbers; places in the text follow on the last one.
type encoder struct {
	data    []byte
	heading string
	at      int
}

func (e *encoder) passage(p *preparedPassage) {
	if p.Heading == e.heading {
		e.number(0)
	} else {
		e.number(1)
		e.text(p.Heading)
		e.heading = p.Heading
	}
	e.number(p.Start - e.at)
	e.number(p.End - p.Start)
	e.number(p.Page)
	e.number(p.Words)
	e.number(len(p.Sentences))
	e.at = p.Start
	for _, sentence := range p.Sentences {
		e.number(sentence.Start - e.at)
		e.number(sentence.End - sentence.Start)
		e.number(sentence.Page)
		e.at = sentence.End
	}
	e.at = p.End
	e.number(int(p.length))
	e.number(len(p.counts))
	for _, c := range p.counts {
		e.number(int(c.term))
		e.number(int(c.count))
	}
}

func (e *encoder) number(n int) { e.data = binary.AppendUvarint(e.data, uint64(n)) }

func (e *encoder) text(text string) {
	e.number(len(text))
	e.data = append(e.data, text...)
}

// decoder reads numbers that are at most most, or it goes bad and gives zeros.
type decoder struct {
	data    []byte
	most    int // the length of the text
	bad     bool
	heading string
	at      int
}

// passage reads one passage; false for what is none of this text.
func (d *decoder) passage(p *preparedPassage, terms int) bool {
	if d.number() == 1 {
		d.heading = d.text()
	}
	p.Heading = d.heading
	p.Start = d.at + d.number()
	p.End = p.Start + d.number()
	p.Page, p.Words = d.number(), d.number()
	p.Sentences = make([]Sentence, d.count())
	d.at = p.Start
	for i := range p.Sentences {
		s := &p.Sentences[i]
		s.Start = d.at + d.number()
		s.End = s.Start + d.number()
		s.Page = d.number()
		d.at = s.End
	}
	if d.at > p.End || p.End > d.most {
		return false
	}
	d.at = p.End
	p.length = uint32(d.number())
	p.counts = make([]termCount, d.count())
	for i := range p.counts {
		term := d.number()
		p.counts[i] = termCount{term: uint32(term), count: uint32(d.number())}
		if term >= terms {
			return false
		}
	}
	return !d.bad
}

func (d *decoder) number() int {
	n, size := binary.Uvarint(d.data)
	if size <= 0 || n > uint64(d.most) {
		d.bad, d.data = true, nil
		return 0
	}
	d.data = d.data[size:]
	return int(n)
}

// count is a number of things that take at least a byte each.
func (d *decoder) count() int {
	n := d.number()
	if n > len(d.data) {
		d.bad = true
		return 0
	}
	return n
}

func (d *decoder) text() string {
	n := d.count()
	text := string(d.data[:n])
	d.data = d.data[n:]
	return text
}

func (d *decoder) fixed() uint32 {
	if len(d.data) < 4 {
		d.bad = true
		return 0
	}
	value := binary.LittleEndian.Uint32(d.data)
	d.data = d.data[4:]
	return value
}
