package citation

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// CSLJSON writes records as CSL-JSON, which Zotero, Mendeley and pandoc read.
func CSLJSON(records []Record) ([]byte, error) {
	kept := make([]Record, len(records))
	for i, key := range keys(records) {
		kept[i] = records[i]
		kept[i].ID = key
	}
	text, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing CSL-JSON: %w", err)
	}
	return append(text, '\n'), nil
}

// BibTeX writes records as entries of BibTeX, in UTF-8.
func BibTeX(records []Record) string {
	var out strings.Builder
	for i, key := range keys(records) {
		r := records[i]
		kind, holder, publisher := bibNamesOf(r.Kind)
		fmt.Fprintf(&out, "@%s{%s,\n", kind, key)
		field := func(name, value string) {
			if value != "" {
				fmt.Fprintf(&out, "  %s = {%s},\n", name, value)
			}
		}
		field("author", bibPeople(r.Authors))
		field("editor", bibPeople(r.Editors))
		if title := laTeX(r.Title); title != "" {
			field("title", "{"+title+"}") // its capitals stay
		}
		field(holder, laTeX(r.Container))
		field(publisher, laTeX(r.Publisher))
		field("address", laTeX(r.Place))
		field("volume", laTeX(r.Volume))
		field("number", laTeX(orElse(r.Issue, r.Number)))
		field("edition", laTeX(r.Edition))
		field("pages", strings.NewReplacer("–", "--").Replace(laTeX(r.Pages)))
		field("year", positive(r.Issued.Year))
		if r.Issued.Month > 0 {
			fmt.Fprintf(&out, "  month = %s,\n", strings.ToLower(r.Issued.month()[:3]))
		}
		field("type", laTeX(r.Genre))
		field("doi", laTeX(r.DOI))
		field("isbn", laTeX(r.ISBN))
		field("issn", laTeX(r.ISSN))
		field("url", strings.NewReplacer("{", "%7B", "}", "%7D", `\`, "%5C").Replace(oneLine(r.URL)))
		field("urldate", isoDate(r.Accessed, "-"))
		field("language", laTeX(r.Language))
		out.WriteString("}\n\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func bibNamesOf(kind Kind) (entry, container, publisher string) {
	switch kind {
	case KindArticle, KindNewspaper:
		return "article", "journal", "publisher"
	case KindBook:
		return "book", "booktitle", "publisher"
	case KindChapter:
		return "incollection", "booktitle", "publisher"
	case KindPaper:
		return "inproceedings", "booktitle", "publisher"
	case KindReport:
		return "techreport", "journal", "institution"
	case KindThesis:
		return "phdthesis", "journal", "school"
	case KindWebpage:
		return "online", "website", "organization"
	case KindDataset:
		return "dataset", "website", "publisher"
	}
	return "misc", "website", "publisher"
}

func bibPeople(names []Creator) string {
	return strings.Join(each(names, func(n Creator) string {
		if n.Literal != "" || n.Family == "" {
			return "{" + laTeX(n.whole()) + "}"
		}
		return joined(", ", laTeX(n.Family), laTeX(n.Suffix), laTeX(n.Given))
	}), " and ")
}

func isoDate(d Date, between string) string {
	if d.Year == 0 {
		return ""
	}
	text := fmt.Sprintf("%04d", d.Year)
	if d.Month > 0 {
		text += fmt.Sprintf("%s%02d", between, d.Month)
		if d.Day > 0 {
			text += fmt.Sprintf("%s%02d", between, d.Day)
		}
	}
	return text
}

// keys name records for a library: their ids, or family name, year and the
// first word of the title, each once.
func keys(records []Record) []string {
	taken, next := map[string]bool{}, map[string]int{}
	all := make([]string, len(records))
	for i, r := range records {
		key := keyText(r.ID)
		if key == "" {
			who := ""
			if len(r.Authors) > 0 {
				who = strings.Join(strings.Fields(r.Authors[0].whole()), "")
			}
			first, _, _ := strings.Cut(r.title(), " ")
			key = orElse(strings.ToLower(keyText(who+positive(r.Issued.Year)+first)), "source")
		}
		unique := key
		for taken[unique] {
			unique = key + "-" + letter(next[key])
			next[key]++
		}
		taken[unique], all[i] = true, unique
	}
	return all
}

// keyText keeps what every program takes in a key.
func keyText(text string) string {
	return strings.Map(func(c rune) rune {
		if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("-_:.", c)) {
			return c
		}
		return -1
	}, norm.NFD.String(text))
}

// RIS writes records as RIS, which EndNote and reference managers read.
func RIS(records []Record) string {
	var out strings.Builder
	for i, key := range keys(records) {
		r := records[i]
		line := func(tag, value string) {
			if value = oneLine(value); value != "" {
				fmt.Fprintf(&out, "%s  - %s\r\n", tag, value)
			}
		}
		line("TY", risType(r.Kind))
		line("ID", key)
		for _, name := range r.Authors {
			line("AU", risName(name))
		}
		for _, name := range r.Editors {
			line("ED", risName(name))
		}
		line("TI", r.Title)
		line("T2", r.Container)
		line("PY", positive(r.Issued.Year))
		if r.Issued.Month > 0 {
			line("DA", isoDate(r.Issued, "/"))
		}
		line("VL", r.Volume)
		line("IS", orElse(r.Issue, r.Number))
		first, last, _ := strings.Cut(strings.ReplaceAll(r.pages("-"), "--", "-"), "-")
		line("SP", first)
		line("EP", last)
		line("ET", r.Edition)
		line("PB", r.Publisher)
		line("CY", r.Place)
		line("M3", r.Genre)
		line("DO", r.DOI)
		line("SN", orElse(r.ISSN, r.ISBN))
		line("UR", r.URL)
		line("Y2", isoDate(r.Accessed, "/"))
		line("LA", r.Language)
		out.WriteString("ER  - \r\n\r\n")
	}
	return out.String()
}

func risName(n Creator) string {
	if n.Literal != "" || n.Family == "" {
		return n.whole()
	}
	return joined(", ", n.Family, n.Given, n.Suffix)
}
