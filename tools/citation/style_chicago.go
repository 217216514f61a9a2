package citation

import "fmt"

// chicago follows The Chicago Manual of Style, 17th edition, author-date:
// sections 15.5 to 15.20 (the entry), 14.76 and 15.9 (names), 15.46 to 15.49
// (journals), 15.50 (websites), 14.106 (chapters), 14.224 (theses).
func chicago(r Record) string {
	title, source := r.title(), ""
	imprint := joined(": ", oneLine(r.Place), oneLine(r.Publisher))
	switch r.Kind {
	case KindArticle, KindNewspaper:
		title = quoted(title, ".")
		source = chicagoJournal(r)
	case KindChapter, KindPaper:
		title = quoted(title, ".")
		source = before("In ", joined(", ", oneLine(r.Container), chicagoVolume(r), before("edited by ", chicagoNames(r.Editors, false)), r.pages("–")))
		source = sentences(source, chicagoEdition(r), imprint)
	case KindWebpage:
		title = quoted(title, ".")
		if !r.by(r.Container) {
			source = oneLine(r.Container)
		}
	case KindThesis:
		title = quoted(title, ".")
		source = joined(", ", orElse(oneLine(r.Genre), "PhD diss."), oneLine(r.Publisher))
	default:
		if r.by(r.Publisher) {
			imprint = oneLine(r.Place)
		}
		source = sentences(oneLine(r.Number), chicagoEdition(r), imprint)
	}
	who := chicagoNames(r.Authors, true)
	if who == "" && r.Kind != KindChapter && r.Kind != KindPaper && len(r.Editors) > 0 {
		who = chicagoNames(r.Editors, true) + ", eds"
		if len(r.Editors) == 1 {
			who = chicagoNames(r.Editors, true) + ", ed"
		}
	}
	accessed := ""
	if r.online() && r.Accessed.Year > 0 && r.Accessed.Month > 0 {
		accessed = fmt.Sprintf("Accessed %s, %d", joined(" ", r.Accessed.month(), positive(r.Accessed.Day)), r.Accessed.Year)
	}
	if who == "" {
		return sentences(title, r.year("n.d."), source, accessed, r.link())
	}
	return sentences(who, r.year("n.d."), title, source, accessed, r.link())
}

// chicagoNames lists up to ten names; of more, the first seven.
func chicagoNames(names []Creator, inverted bool) string {
	first := inverted
	all := each(names, func(n Creator) string {
		text := n.spelled(first)
		first = false
		return text
	})
	if len(all) > 10 {
		return listed(all[:7], ", ", ", ", ", ") + ", et al"
	}
	between := " and "
	if inverted {
		between = ", and "
	}
	return listed(all, ", ", between, ", and ")
}

// chicagoJournal is "Journal 11, no. 1 (Spring): 1–34" where the month is known
// (15.47), else "Journal 11 (1): 1–34" (15.49).
func chicagoJournal(r Record) string {
	text := joined(" ", oneLine(r.Container), oneLine(r.Volume))
	month, issue := r.Issued.month(), oneLine(r.Issue)
	switch {
	case month != "" && issue != "":
		text += ", no. " + issue + " (" + month + ")"
	case issue != "":
		text += " (" + issue + ")"
	case month != "":
		text += " (" + month + ")"
	}
	if pages := r.pages("–"); pages != "" && r.Volume != "" {
		return text + ": " + pages
	}
	return joined(", ", text, r.pages("–"))
}

func chicagoVolume(r Record) string { return before("vol. ", oneLine(r.Volume)) }

func chicagoEdition(r Record) string {
	return r.edition() + suffixIf(r.edition() != "", " ed")
}

func suffixIf(is bool, suffix string) string {
	if is {
		return suffix
	}
	return ""
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}
