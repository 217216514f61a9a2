package citation

import (
	"fmt"
	"strings"
)

// harvard follows Cite Them Right, 12th edition: "Books", "Chapters", "Journal
// articles", "Conferences", "Reports", "Theses" and "Web pages".
func harvard(r Record) string {
	title := r.title()
	imprint := joined(": ", oneLine(r.Place), oneLine(r.Publisher))
	if r.by(r.Publisher) {
		imprint = ""
	}
	pages := r.pages("–")
	if pages != "" && r.manyPages() {
		pages = "pp. " + pages
	} else {
		pages = before("p. ", pages)
	}
	edition := r.edition() + suffixIf(r.edition() != "", " edn")
	switch r.Kind {
	case KindArticle, KindNewspaper:
		volume := oneLine(r.Volume)
		if r.Issue != "" {
			volume += "(" + oneLine(r.Issue) + ")"
		}
		title = "‘" + title + "’"
		return harvardEntry(r, title+before(", ", joined(", ", oneLine(r.Container), volume, pages)), "")
	case KindChapter, KindPaper:
		editors := harvardNames(r.Editors, Creator.tightUpright)
		if editors != "" {
			editors += map[bool]string{true: " (eds)", false: " (ed.)"}[len(r.Editors) > 1]
		}
		title = "‘" + title + "’"
		book := before(", in ", joined(" ", editors, oneLine(r.Container)))
		return harvardEntry(r, title+book, sentences(edition, joined(", ", imprint, pages)))
	case KindThesis:
		title = joined(". ", title, orElse(oneLine(r.Genre), "PhD thesis"))
		return harvardEntry(r, title, oneLine(r.Publisher))
	}
	return harvardEntry(r, title, sentences(oneLine(r.Number), edition, imprint))
}

func harvardEntry(r Record, title, rest string) string {
	who := harvardNames(r.Authors, Creator.tight)
	if who == "" && r.Kind != KindChapter && r.Kind != KindPaper && len(r.Editors) > 0 {
		who = harvardNames(r.Editors, Creator.tight) + map[bool]string{true: " (eds)", false: " (ed.)"}[len(r.Editors) > 1]
	}
	date := "(" + r.year("no date") + ")"
	head := joined(" ", who, date, title)
	if who == "" {
		head = joined(" ", title, date)
	}
	text := sentences(head, strings.TrimSuffix(rest, "."))
	link := r.link()
	if who == "" && rest == "" && link != "" {
		text = head
	}
	switch {
	case link == "":
		return text
	case !r.online() && r.DOI == "":
		return text + " " + link
	}
	text += " Available at: " + link
	if r.online() && r.Accessed.Year > 0 {
		text += fmt.Sprintf(" (Accessed: %s)", joined(" ", positive(r.Accessed.Day), r.Accessed.month(), positive(r.Accessed.Year)))
	}
	return text + "."
}

// harvardNames lists up to three names; of more, the first.
func harvardNames(names []Creator, write func(Creator) string) string {
	all := each(names, write)
	if len(all) > 3 {
		return all[0] + " et al."
	}
	return listed(all, ", ", " and ", " and ")
}
