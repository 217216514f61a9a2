package citation

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Kind is what a source is, in the words of CSL.
type Kind string

// The kinds that styles tell apart.
const (
	KindArticle   Kind = "article-journal"
	KindNewspaper Kind = "article-newspaper"
	KindBook      Kind = "book"
	KindChapter   Kind = "chapter"
	KindPaper     Kind = "paper-conference"
	KindReport    Kind = "report"
	KindThesis    Kind = "thesis"
	KindWebpage   Kind = "webpage"
	KindDataset   Kind = "dataset"
	KindDocument  Kind = "document"
)

// Record is what is known of a source. Its JSON is an item of CSL-JSON 1.0.2
// (https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html). Styles
// leave out what is empty, and print pages and titles as they are given.
type Record struct {
	ID        string    `json:"id,omitempty"`
	Kind      Kind      `json:"type,omitempty"`
	Title     string    `json:"title,omitempty"`
	Authors   []Creator `json:"author,omitempty"`
	Editors   []Creator `json:"editor,omitempty"`
	Issued    Date      `json:"issued,omitzero"`
	Accessed  Date      `json:"accessed,omitzero"`
	Container string    `json:"container-title,omitempty"` // journal, book, proceedings or site
	Publisher string    `json:"publisher,omitempty"`
	Place     string    `json:"publisher-place,omitempty"`
	Volume    string    `json:"volume,omitempty"`
	Issue     string    `json:"issue,omitempty"`
	Pages     string    `json:"page,omitempty"`
	Edition   string    `json:"edition,omitempty"`
	Number    string    `json:"number,omitempty"` // of a report
	Genre     string    `json:"genre,omitempty"`  // such as PhD dissertation
	DOI       string    `json:"DOI,omitempty"`    // without https://doi.org/
	ISBN      string    `json:"ISBN,omitempty"`
	ISSN      string    `json:"ISSN,omitempty"`
	URL       string    `json:"URL,omitempty"`
	Language  string    `json:"language,omitempty"`

	letter string // tells works of one author and year apart: 2019a
}

// Creator is a person, by family and given names, or an organisation, by Literal.
type Creator struct {
	Family  string `json:"family,omitempty"` // with its particle: van der Berg
	Given   string `json:"given,omitempty"`
	Suffix  string `json:"suffix,omitempty"` // Jr., III
	Literal string `json:"literal,omitempty"`
}

// Date is a year, and a month and a day where they are known; 0 where not.
type Date struct{ Year, Month, Day int }

// MarshalJSON writes a date as CSL does.
func (d Date) MarshalJSON() ([]byte, error) {
	parts := []int{d.Year}
	if d.Month > 0 {
		parts = append(parts, d.Month)
		if d.Day > 0 {
			parts = append(parts, d.Day)
		}
	}
	return json.Marshal(map[string][][]int{"date-parts": {parts}})
}

// UnmarshalJSON reads a date as CSL writes it, with numbers or their text.
func (d *Date) UnmarshalJSON(text []byte) error {
	var read struct {
		Parts [][]any `json:"date-parts"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return fmt.Errorf("reading a date of CSL-JSON: %w", err)
	}
	*d = Date{}
	if len(read.Parts) == 0 {
		return nil
	}
	for i, part := range read.Parts[0] {
		if i > 2 {
			break
		}
		value, err := strconv.Atoi(fmt.Sprint(part))
		if err != nil {
			return fmt.Errorf("reading a date of CSL-JSON: %v is no number", part)
		}
		*[]*int{&d.Year, &d.Month, &d.Day}[i] = value
	}
	*d = d.sound()
	return nil
}

// sound drops months and days that no calendar has.
func (d Date) sound() Date {
	if d.Year < -9999 || d.Year > 9999 {
		return Date{}
	}
	if d.Month < 1 || d.Month > 12 {
		return Date{Year: d.Year}
	}
	if d.Day < 1 || d.Day > 31 {
		d.Day = 0
	}
	return d
}

// readDate reads 2019, 2019-03, 2019-03-14, 2019/03/14, "March 14, 2019" and
// the like; nothing where it is none of them.
func readDate(text string) Date {
	text = strings.Trim(oneLine(text), "/ ")
	for _, layout := range []string{
		"2006-01-02", "2006/01/02", "2006/1/2", "2006-1-2", time.RFC3339, "January 2, 2006", "2 January 2006", "Jan 2, 2006", "2 Jan 2006",
		"2006-01-02 15:04:05", "2006-01-02T15:04:05",
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return Date{at.Year(), int(at.Month()), at.Day()}
		}
	}
	for _, layout := range []string{"2006-01", "2006/01", "2006-1", "2006/1", "January 2006", "Jan 2006"} {
		if at, err := time.Parse(layout, text); err == nil {
			return Date{Year: at.Year(), Month: int(at.Month())}
		}
	}
	if year, err := strconv.Atoi(text); err == nil && len(text) == 4 {
		return Date{Year: year}
	}
	return Date{}
}

// readDOI gives the bare DOI of a text, an address or "doi:10.…"; nothing where
// it is none.
func readDOI(text string) string {
	text = strings.TrimSpace(text)
	lower := strings.ToLower(text)
	for _, prefix := range []string{"https://", "http://", "dx.doi.org/", "doi.org/", "doi:", "doi"} {
		if strings.HasPrefix(lower, prefix) {
			text, lower = strings.TrimSpace(text[len(prefix):]), strings.TrimSpace(lower[len(prefix):])
		}
	}
	registrant, rest, ok := strings.Cut(strings.TrimPrefix(text, "10."), "/")
	if !ok || !strings.HasPrefix(text, "10.") || rest == "" || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }) ||
		strings.Trim(registrant, "0123456789.") != "" || registrant == "" {
		return ""
	}
	return text
}

// link is where the work is to be found: its DOI as an address, else its URL.
// Of a file only the name is told.
func (r Record) link() string {
	if r.DOI != "" {
		return "https://doi.org/" + oneLine(r.DOI)
	}
	url := oneLine(r.URL)
	if strings.HasPrefix(url, "file:") {
		return path.Base(url)
	}
	return url
}

// online reports whether the link is an address on the web without a DOI.
func (r Record) online() bool {
	return r.DOI == "" && (strings.HasPrefix(r.URL, "https://") || strings.HasPrefix(r.URL, "http://"))
}

// title is the title on one line, without its full stop.
func (r Record) title() string {
	if title := strings.TrimRight(oneLine(r.Title), ". "); title != "" {
		return title
	}
	if name := strings.Trim(path.Base(oneLine(r.URL)), "./ "); name != "" {
		return name
	}
	return "Untitled document"
}

// pages are the pages with a dash of the style's between them.
func (r Record) pages(dash string) string {
	return strings.NewReplacer("---", dash, "--", dash, "–", dash, "-", dash).Replace(oneLine(r.Pages))
}

// manyPages reports whether there is more than one page.
func (r Record) manyPages() bool { return strings.ContainsAny(r.Pages, "-–,") }

var ordinalEnd = regexp.MustCompile(`(?i)(st|nd|rd|th)?\.?\s*(ed|edn|edition)?\.?$`)

// edition is the edition as an ordinal, "2nd", or as it is given; nothing for
// the first.
func (r Record) edition() string {
	text := strings.TrimSuffix(oneLine(r.Edition), ".")
	number, err := strconv.Atoi(ordinalEnd.ReplaceAllString(text, ""))
	switch {
	case err != nil:
		return strings.TrimSuffix(strings.TrimSuffix(text, " edition"), " ed")
	case number == 1:
		return ""
	}
	return ordinal(number)
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// by reports whether a publisher or site is the author, so that it need not be
// named again.
func (r Record) by(name string) bool {
	return len(r.Authors) == 1 && strings.EqualFold(r.Authors[0].whole(), oneLine(name))
}
