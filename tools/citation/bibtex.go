package citation

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxLibrary is the largest BibTeX or RIS text that is read, in bytes.
const maxLibrary = 32 << 20

// ReadBibTeX reads the entries of a BibTeX or BibLaTeX text. Commands of LaTeX
// for letters become the letters; others lose their backslash. The error says at
// which line the text cannot be understood; the records before it are given
// with it.
func ReadBibTeX(text string) ([]Record, error) {
	if len(text) > maxLibrary {
		return nil, fmt.Errorf("reading BibTeX: the text has %d bytes, and at most %d are read; divide it", len(text), maxLibrary)
	}
	p := &bibParser{text: text, strings: map[string]string{}}
	for i, month := range []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"} {
		p.strings[month] = fmt.Sprint(i + 1)
	}
	var records []Record
	for p.seek('@') {
		record, ok, err := p.entry()
		if err != nil {
			return records, fmt.Errorf("reading BibTeX, line %d: %w", 1+strings.Count(text[:min(p.at, len(text))], "\n"), err)
		}
		if ok {
			records = append(records, record)
		}
	}
	return records, nil
}

// bibParser walks through a BibTeX text.
type bibParser struct {
	text    string
	at      int
	strings map[string]string // the abbreviations of @string
}

// seek goes behind the next mark.
func (p *bibParser) seek(mark byte) bool {
	i := strings.IndexByte(p.text[p.at:], mark)
	if i < 0 {
		p.at = len(p.text)
		return false
	}
	p.at += i + 1
	return true
}

func (p *bibParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *bibParser) peek() byte {
	p.space()
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// word takes what is neither space nor a mark of the syntax.
func (p *bibParser) word() string {
	p.space()
	from := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n{}(),=#\"@", p.text[p.at]) < 0 {
		p.at++
	}
	return p.text[from:p.at]
}

func (p *bibParser) entry() (record Record, ok bool, err error) {
	kind := strings.ToLower(p.word())
	opening := p.peek()
	if opening != '{' && opening != '(' {
		return record, false, nil // an address in a comment, such as a@b.c
	}
	closing := byte('}')
	if opening == '(' {
		closing = ')'
	}
	switch kind {
	case "comment", "preamble":
		if opening == '{' {
			_, err = p.braced()
		} else {
			p.seek(')')
		}
		return record, false, err
	}
	p.at++
	key := ""
	if kind != "string" {
		p.space()
		from := p.at
		for p.at < len(p.text) && p.text[p.at] != ',' && p.text[p.at] != closing {
			p.at++
		}
		key = strings.TrimSpace(p.text[from:p.at])
	}
	fields, err := p.fields(closing)
	if err != nil {
		return record, false, fmt.Errorf("entry %q: %w", key, err)
	}
	if kind == "string" {
		for name, value := range fields {
			p.strings[name] = value
		}
		return record, false, nil
	}
	return bibRecord(kind, key, fields), true, nil
}

func (p *bibParser) fields(closing byte) (map[string]string, error) {
	fields := map[string]string{}
	for {
		switch p.peek() {
		case closing:
			p.at++
			return fields, nil
		case ',':
			p.at++
			continue
		case 0:
			return nil, fmt.Errorf("it does not end; %q is missing", closing)
		}
		name := strings.ToLower(p.word())
		if p.peek() != '=' || name == "" {
			return nil, fmt.Errorf("the field %q needs a name, =, and a value", name)
		}
		p.at++
		value, err := p.value()
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		if _, taken := fields[name]; !taken {
			fields[name] = value
		}
	}
}

// value is a row of texts and abbreviations, joined by #. Its size is bounded,
// since abbreviations may name themselves over and over.
func (p *bibParser) value() (string, error) {
	var out strings.Builder
	for {
		var part string
		var err error
		switch p.peek() {
		case '{':
			part, err = p.braced()
		case '"':
			part, err = p.quotedText()
		default:
			word := p.word()
			if word == "" {
				return "", fmt.Errorf("it has no value")
			}
			part = word
			if known, ok := p.strings[strings.ToLower(word)]; ok {
				part = known
			}
		}
		if err != nil {
			return "", err
		}
		if out.Len()+len(part) > 1<<20 {
			return "", fmt.Errorf("it is longer than 1 MiB")
		}
		out.WriteString(part)
		if p.peek() != '#' {
			return out.String(), nil
		}
		p.at++
	}
}

func (p *bibParser) braced() (string, error) {
	p.at++
	from, depth := p.at, 1
	for ; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\\':
			p.at++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				p.at++
				return p.text[from : p.at-1], nil
			}
		}
	}
	p.at = len(p.text)
	return "", fmt.Errorf("a brace is not closed")
}

func (p *bibParser) quotedText() (string, error) {
	p.at++
	from, depth := p.at, 0
	for ; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\\':
			p.at++
		case '{':
			depth++
		case '}':
			depth--
		case '"':
			if depth <= 0 {
				p.at++
				return p.text[from : p.at-1], nil
			}
		}
	}
	p.at = len(p.text)
	return "", fmt.Errorf("a quotation mark is not closed")
}

func bibRecord(kind, key string, fields map[string]string) Record {
	get := func(names ...string) string {
		for _, name := range names {
			if value := unLaTeX(fields[name]); value != "" {
				return value
			}
		}
		return ""
	}
	r := Record{
		ID: key, Kind: bibKind(kind, get("type")), Title: get("title"), Authors: bibNames(fields["author"]), Editors: bibNames(fields["editor"]),
		Container: get("journaltitle", "journal", "booktitle", "maintitle", "website"), Publisher: get("publisher", "institution", "school", "organization"),
		Place: get("address", "location"), Volume: get("volume"), Issue: get("number", "issue"), Edition: get("edition"),
		Pages: strings.ReplaceAll(get("pages"), "--", "–"), DOI: readDOI(get("doi")), ISBN: get("isbn"), ISSN: get("issn"),
		URL: bibAddress(fields["url"]), Language: get("language", "langid"), Accessed: readDate(get("urldate")),
	}
	if subtitle := get("subtitle"); subtitle != "" {
		r.Title = strings.TrimSuffix(r.Title, ":") + ": " + subtitle
	}
	if r.Kind == KindReport {
		r.Number, r.Issue = r.Issue, ""
	}
	if r.Kind == KindThesis {
		r.Genre = get("type")
		if r.Genre == "" && kind == "mastersthesis" {
			r.Genre = "Master’s thesis"
		}
	}
	if r.Issued = readDate(get("date")); r.Issued.Year == 0 {
		r.Issued = readDate(get("year"))
		r.Issued.Month, r.Issued.Day = readMonth(get("month")), 0
		r.Issued = r.Issued.sound()
	}
	return r
}

// bibAddress is an address as it is; writers that take it for LaTeX escape
// signs in it.
func bibAddress(text string) string {
	return oneLine(strings.ToValidUTF8(strings.NewReplacer(`\_`, "_", `\%`, "%", `\&`, "&", `\#`, "#", `\~`, "~", "{", "", "}", "").Replace(text), "\ufffd"))
}

func readMonth(text string) int {
	text, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(text)), " ") // "1 5" is January 5
	for i, month := range []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"} {
		if strings.HasPrefix(text, month) || text == fmt.Sprint(i+1) || text == fmt.Sprintf("%02d", i+1) {
			return i + 1
		}
	}
	return 0
}

func bibKind(kind, genre string) Kind {
	switch kind {
	case "article":
		return KindArticle
	case "book", "proceedings", "collection", "mvbook", "booklet":
		return KindBook
	case "incollection", "inbook":
		return KindChapter
	case "inproceedings", "conference":
		return KindPaper
	case "techreport", "report", "manual":
		return KindReport
	case "phdthesis", "mastersthesis", "thesis":
		return KindThesis
	case "online", "electronic", "www":
		return KindWebpage
	case "dataset":
		return KindDataset
	}
	return KindDocument
}

// bibNames divides names at "and" outside of braces.
func bibNames(text string) []Creator {
	var names []Creator
	depth, from := 0, 0
	add := func(part string) {
		part = strings.TrimSpace(part)
		whole := strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") && strings.Count(part, "{") == 1
		if name := unLaTeX(part); name != "" && name != "others" {
			if whole {
				names = append(names, Creator{Literal: name})
			} else {
				names = append(names, bibName(name))
			}
		}
	}
	text = strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' || c == '\t' {
			return ' '
		}
		return c
	}, text)
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
		case ' ':
			if depth <= 0 && len(text) >= i+5 && strings.EqualFold(text[i:i+5], " and ") {
				add(text[min(from, i):i])
				from = i + 5
			}
		}
	}
	add(text[min(from, len(text)):])
	return names
}

// bibName reads "von Last, First", "von Last, Jr, First" or "First von Last".
// Two words are always a person: BibTeX has braces for bodies.
func bibName(text string) Creator {
	name := readName(text)
	if words := strings.Fields(text); name.Literal != "" && !strings.Contains(text, ",") && len(words) > 1 && !organisation(words) {
		return Creator{Given: strings.Join(words[:len(words)-1], " "), Family: words[len(words)-1]}
	}
	return name
}

// unLaTeX turns commands of LaTeX into the letters they stand for, and drops
// braces.
func unLaTeX(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{', '}':
		case '~':
			out.WriteByte(' ')
		case '\\':
			i = latexCommand(&out, text, i+1) - 1
		case '-':
			dashes := len(text[i:]) - len(strings.TrimLeft(text[i:], "-"))
			out.WriteString(map[bool]string{true: "-", false: "–"}[dashes == 1])
			i += dashes - 1
		default:
			out.WriteByte(c)
		}
	}
	return oneLine(norm.NFC.String(strings.ToValidUTF8(out.String(), "\ufffd")))
}
