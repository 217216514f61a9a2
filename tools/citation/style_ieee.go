package citation

import (
	"fmt"
	"strings"
)

// ieee follows the IEEE Reference Guide (2023): part II, "Periodicals", "Books",
// "Conferences and conference proceedings", "Reports", "Theses" and "Websites".
func ieee(r Record) string {
	text := sentences(ieeeWork(r))
	if !r.online() {
		if r.DOI == "" {
			return joined(" ", text, r.link())
		}
		return text
	}
	accessed := ""
	if r.Accessed.Year > 0 && r.Accessed.Month > 0 {
		accessed = fmt.Sprintf("Accessed: %s, %d.", joined(" ", r.Accessed.shortMonth(true), positive(r.Accessed.Day)), r.Accessed.Year)
	}
	return joined(" ", text, accessed, "[Online]. Available: "+r.link())
}

// ieeeWork is the entry without the address.
func ieeeWork(r Record) string {
	title, who := r.title(), ieeeNames(r.Authors)
	cited := joined(", ", who, quoted(title, ","))
	pages := r.pages("–")
	if pages != "" && r.manyPages() {
		pages = "pp. " + pages
	} else {
		pages = before("p. ", pages)
	}
	date := joined(" ", r.Issued.shortMonth(true), positive(r.Issued.Year))
	imprint := joined(": ", oneLine(r.Place), oneLine(r.Publisher))
	doi := before("doi: ", oneLine(r.DOI))
	switch r.Kind {
	case KindArticle, KindNewspaper:
		return joined(" ", cited, joined(", ", oneLine(r.Container), before("vol. ", oneLine(r.Volume)), before("no. ", oneLine(r.Issue)), pages, date, doi))
	case KindPaper:
		return joined(" ", cited, joined(", ", before("in ", oneLine(r.Container)), oneLine(r.Place), date, pages, doi))
	case KindChapter:
		book := joined(", ", before("in ", oneLine(r.Container)), ieeeEdition(r), before("vol. ", oneLine(r.Volume)), ieeeEditors(r.Editors))
		return sentences(joined(" ", cited, book), joined(", ", imprint, positive(r.Issued.Year), pages, doi))
	case KindReport:
		number := oneLine(r.Number)
		if number != "" && !strings.Contains(strings.ToLower(number), "rep") {
			number = "Tech. Rep. " + number
		}
		return joined(" ", cited, joined(", ", oneLine(r.Publisher), oneLine(r.Place), number, date, doi))
	case KindThesis:
		return joined(" ", cited, joined(", ", orElse(oneLine(r.Genre), "Ph.D. dissertation"), oneLine(r.Publisher), oneLine(r.Place), positive(r.Issued.Year)))
	case KindBook:
		if who == "" {
			who = ieeeEditors(r.Editors)
		}
		return sentences(joined(", ", who, title, ieeeEdition(r), before("vol. ", oneLine(r.Volume))), joined(", ", imprint, positive(r.Issued.Year), pages, doi))
	}
	site := oneLine(r.Container)
	if r.by(site) {
		site = ""
	}
	return sentences(joined(", ", who, quoted(title, ".")), joined(", ", site, publisherUnlessAuthor(r), date), doi)
}

// ieeeNames lists up to six names; of more, the first.
func ieeeNames(names []Creator) string {
	all := each(names, Creator.upright)
	if len(all) > 6 {
		return all[0] + " et al."
	}
	return listed(all, ", ", " and ", ", and ")
}

func ieeeEditors(editors []Creator) string {
	names := ieeeNames(editors)
	switch {
	case names == "":
		return ""
	case len(editors) > 1:
		return names + ", Eds"
	}
	return names + ", Ed"
}

func ieeeEdition(r Record) string { return r.edition() + suffixIf(r.edition() != "", " ed.") }

func publisherUnlessAuthor(r Record) string {
	if r.by(r.Publisher) || strings.EqualFold(oneLine(r.Publisher), oneLine(r.Container)) {
		return ""
	}
	return oneLine(r.Publisher)
}
