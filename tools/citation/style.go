package citation

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Style is a way to print references.
type Style string

// The styles, each after its manual. None sets type in italics: references are
// plain text.
const (
	// Plain is "Title (year). URI", cited by number.
	Plain Style = "plain"
	// APA is the Publication Manual of the American Psychological Association,
	// 7th edition, chapters 8 to 10.
	APA Style = "apa"
	// Chicago is the author-date system of The Chicago Manual of Style, 17th
	// edition, chapter 15.
	Chicago Style = "chicago"
	// IEEE is the IEEE Reference Guide, cited by number.
	IEEE Style = "ieee"
	// Vancouver is Citing Medicine of the National Library of Medicine, 2nd
	// edition, with the ICMJE's limit of six authors, cited by number.
	Vancouver Style = "vancouver"
	// Harvard is Harvard as in Cite Them Right, 12th edition.
	Harvard Style = "harvard"
)

// Styles lists the styles.
func Styles() []Style { return []Style{Plain, APA, Chicago, IEEE, Vancouver, Harvard} }

// Named reports whether the style cites by author and year instead of by
// number.
func (s Style) Named() bool { return s == APA || s == Chicago || s == Harvard }

// Print prints a record as an entry of the list of references, without its
// number.
func (s Style) Print(r Record) string {
	switch s {
	case APA:
		return apa(r)
	case Chicago:
		return chicago(r)
	case IEEE:
		return ieee(r)
	case Vancouver:
		return vancouver(r)
	case Harvard:
		return harvard(r)
	}
	return render(Reference{Title: r.Title, URI: cmp.Or(r.URL, r.link()), Year: r.Issued.Year})
}

// Label is how the text cites a record, without parentheses; empty in styles
// that cite by number.
func (s Style) Label(r Record) string {
	names := each(r.Authors, Creator.whole)
	if len(names) == 0 {
		names = each(r.Editors, Creator.whole)
	}
	title := quotedShort(r.title())
	switch s {
	case APA: // section 8.17, table 8.1
		if len(names) > 2 {
			names = []string{names[0] + " et al."}
		}
		if len(names) == 0 {
			return "“" + title + ",” " + r.year("n.d.")
		}
		return listed(names, ", ", " & ", ", & ") + ", " + r.year("n.d.")
	case Chicago: // sections 15.7 and 15.29
		if len(names) > 3 {
			names = []string{names[0] + " et al."}
		}
		between := " "
		if r.Issued.Year == 0 {
			between = ", "
		}
		if len(names) == 0 {
			return "“" + title + "”" + between + r.year("n.d.")
		}
		return listed(names, ", ", " and ", ", and ") + between + r.year("n.d.")
	case Harvard:
		if len(names) > 3 {
			names = []string{names[0] + " et al."}
		}
		if len(names) == 0 {
			return title + ", " + r.year("no date")
		}
		return listed(names, ", ", " and ", " and ") + ", " + r.year("no date")
	}
	return ""
}

// quotedShort is the beginning of a title, for a citation without an author.
func quotedShort(title string) string {
	head, _, _ := strings.Cut(title, ":")
	words := strings.Fields(head)
	return strings.TrimRight(strings.Join(words[:min(5, len(words))], " "), ",;")
}

// year is the year of issue with its letter, or what the style says where it is
// unknown.
func (r Record) year(unknown string) string {
	if r.Issued.Year == 0 {
		if r.letter != "" {
			return unknown + "-" + r.letter
		}
		return unknown
	}
	return strconv.Itoa(r.Issued.Year) + r.letter
}

func (d Date) month() string {
	if d.Month < 1 || d.Month > 12 {
		return ""
	}
	return time.Month(d.Month).String()
}

// shortMonth is the month in the abbreviation of most styles: May, June and
// July stay whole where long is set, as IEEE has them.
func (d Date) shortMonth(long bool) string {
	month := d.month()
	switch {
	case month == "" || len(month) <= 3:
		return month
	case long && len(month) == 4:
		return month
	case long && d.Month == 9:
		return "Sept."
	case long:
		return month[:3] + "."
	}
	return month[:3]
}

// Printed is a reference as a style prints it.
type Printed struct {
	Text  string // of the entry in the list
	Label string // in the text; empty where the style cites by number
	Place int    // in the list, from 0
}

// PrintAll prints records that stand in one list, in the order given. Works
// that the text could not tell apart get letters after their years; the list of
// a style that cites by author is in alphabetical order.
func (s Style) PrintAll(records []Record) []Printed {
	records = slices.Clone(records)
	if s.Named() {
		s.letters(records)
	}
	printed := make([]Printed, len(records))
	order := make([]int, len(records))
	for i, record := range records {
		printed[i] = Printed{Text: s.Print(record), Label: s.Label(record)}
		order[i] = i
	}
	if s.Named() {
		slices.SortStableFunc(order, func(a, b int) int {
			return strings.Compare(sortKey(printed[a].Text), sortKey(printed[b].Text))
		})
	}
	for place, i := range order {
		printed[i].Place = place
	}
	return printed
}

func sortKey(text string) string { return strings.ToLower(strings.TrimLeft(text, "“‘\"'")) }

// letters tells records with the same label apart, in the order of their
// titles.
func (s Style) letters(records []Record) {
	same := map[string][]int{}
	for i, record := range records {
		label := s.Label(record)
		same[label] = append(same[label], i)
	}
	for _, group := range same {
		if len(group) < 2 {
			continue
		}
		slices.SortStableFunc(group, func(a, b int) int { return cmp.Compare(sortKey(records[a].Title), sortKey(records[b].Title)) })
		for n, i := range group {
			records[i].letter = letter(n)
		}
	}
}

// letter is a, b, … z, aa, ab, …
func letter(n int) string {
	if n < 26 {
		return string(rune('a' + n))
	}
	return letter(n/26-1) + letter(n%26)
}
