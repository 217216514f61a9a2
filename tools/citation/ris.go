package citation

import (
	"fmt"
	"strings"
)

// risType is the type of a kind in RIS.
func risType(kind Kind) string {
	switch kind {
	case KindArticle:
		return "JOUR"
	case KindNewspaper:
		return "NEWS"
	case KindBook:
		return "BOOK"
	case KindChapter:
		return "CHAP"
	case KindPaper:
		return "CPAPER"
	case KindReport:
		return "RPRT"
	case KindThesis:
		return "THES"
	case KindWebpage:
		return "ELEC"
	case KindDataset:
		return "DATA"
	}
	return "GEN"
}

func risKind(text string) Kind {
	switch strings.ToUpper(text) {
	case "JOUR", "JFULL", "EJOUR", "ABST", "MGZN":
		return KindArticle
	case "NEWS":
		return KindNewspaper
	case "BOOK", "EBOOK", "EDBOOK":
		return KindBook
	case "CHAP", "ECHAP":
		return KindChapter
	case "CPAPER", "CONF":
		return KindPaper
	case "RPRT", "GOVDOC", "STAND":
		return KindReport
	case "THES":
		return KindThesis
	case "ELEC", "WEB", "ICOMM", "BLOG":
		return KindWebpage
	case "DATA", "AGGR":
		return KindDataset
	}
	return KindDocument
}

// ReadRIS reads the references of an RIS text. A line that has no tag goes on
// with the one before. A reference without its end is given all the same; a
// text in which none begins is an error.
func ReadRIS(text string) ([]Record, error) {
	if len(text) > maxLibrary {
		return nil, fmt.Errorf("reading RIS: the text has %d bytes, and at most %d are read; divide it", len(text), maxLibrary)
	}
	text = strings.TrimPrefix(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "\ufffd")), "\ufeff")
	var records []Record
	var open *risEntry
	end := func() {
		if open != nil {
			records = append(records, open.record())
		}
		open = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		tag, value, ok := risLine(line)
		switch {
		case !ok && open != nil:
			open.more(line)
		case !ok:
		case tag == "TY":
			end()
			open = &risEntry{values: map[string][]string{"TY": {value}}}
		case tag == "ER":
			end()
		case open != nil:
			open.add(tag, value)
		}
	}
	end()
	if len(records) == 0 && strings.TrimSpace(text) != "" {
		return nil, fmt.Errorf("reading RIS: no reference begins with a line \"TY  - \"")
	}
	return records, nil
}

// risLine divides "TI  - A title". Programs differ in the spaces.
func risLine(line string) (tag, value string, ok bool) {
	tag, value, ok = strings.Cut(line, "-")
	tag = strings.TrimSpace(tag)
	if !ok || len(tag) != 2 || tag[0] < 'A' || tag[0] > 'Z' || !strings.HasPrefix(line[2:], " ") {
		return "", "", false
	}
	return tag, strings.TrimSpace(value), true
}

// risEntry is a reference while its lines are read.
type risEntry struct {
	values map[string][]string
	last   string
	bytes  int
}

func (e *risEntry) add(tag, value string) {
	e.values[tag], e.last = append(e.values[tag], value), tag
}

func (e *risEntry) more(line string) {
	line = strings.TrimSpace(line)
	all := e.values[e.last]
	if line == "" || len(all) == 0 || e.bytes > 1<<16 {
		return
	}
	e.bytes += len(line)
	all[len(all)-1] += " " + line
}

func (e *risEntry) first(tags ...string) string {
	for _, tag := range tags {
		for _, value := range e.values[tag] {
			if value = oneLine(value); value != "" {
				return value
			}
		}
	}
	return ""
}

func (e *risEntry) names(tags ...string) []Creator {
	var names []Creator
	for _, tag := range tags {
		for _, value := range e.values[tag] {
			if value = oneLine(value); value == "" {
				continue
			}
			// RIS puts the suffix last: Family, Given, Suffix.
			parts := strings.SplitN(value, ",", 3)
			if len(parts) == 1 {
				names = append(names, Creator{Literal: value})
				continue
			}
			name := Creator{Family: oneLine(parts[0]), Given: oneLine(parts[1])}
			if len(parts) == 3 {
				name.Suffix = oneLine(parts[2])
			}
			if name.Family == "" || name.Given == "" {
				name = Creator{Literal: strings.Trim(value, ", ")}
			}
			if name.whole() != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

func (e *risEntry) record() Record {
	r := Record{
		ID: e.first("ID"), Kind: risKind(e.first("TY")), Title: e.first("TI", "T1", "CT", "BT"),
		Authors: e.names("AU", "A1"), Editors: e.names("ED", "A2"),
		Container: e.first("T2", "JO", "JF", "JA", "J2", "BT"), Publisher: e.first("PB"), Place: e.first("CY", "PP"),
		Volume: e.first("VL"), Issue: e.first("IS"), Edition: e.first("ET"), Genre: e.first("M3"), DOI: readDOI(e.first("DO")),
		URL: e.first("UR", "L2"), Language: e.first("LA"), Accessed: readDate(e.first("Y2")), Pages: e.first("SP"),
	}
	if r.Container == r.Title {
		r.Container = ""
	}
	if last := e.first("EP"); last != "" && r.Pages != "" && !strings.Contains(r.Pages, "-") {
		r.Pages += "–" + last
	}
	if number := e.first("SN"); r.Kind == KindBook || r.Kind == KindChapter {
		r.ISBN = number
	} else {
		r.ISSN = number
	}
	if r.Kind == KindReport {
		r.Number, r.Issue = r.Issue, ""
	}
	if r.Issued = readDate(e.first("DA")); r.Issued.Year == 0 {
		year, _, _ := strings.Cut(e.first("PY", "Y1"), "/")
		if r.Issued = readDate(e.first("PY", "Y1")); r.Issued.Year == 0 {
			r.Issued = readDate(year)
		}
	}
	return r
}
