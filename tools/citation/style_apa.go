package citation

import (
	"fmt"
	"strings"
)

// apa follows the Publication Manual, 7th edition: sections 9.7 to 9.12 (names),
// 9.13 to 9.17 (dates), 9.18 to 9.22 (titles), 9.23 to 9.37 (sources).
func apa(r Record) string {
	title, source := r.title(), ""
	switch r.Kind {
	case KindArticle, KindNewspaper:
		volume := oneLine(r.Volume)
		if r.Issue != "" {
			volume += "(" + oneLine(r.Issue) + ")"
		}
		source = joined(", ", oneLine(r.Container), volume, r.pages("–"))
	case KindChapter, KindPaper:
		source = joined("", "In ", before("", apaEditors(r.Editors)), oneLine(r.Container), inBrackets(joined(", ", apaEdition(r), apaPages(r))))
		if r.Container == "" {
			source = ""
		}
		source = sentences(source, oneLine(r.Publisher))
	case KindThesis:
		title += fmt.Sprintf(" [%s]", joined(", ", orElse(oneLine(r.Genre), "Doctoral dissertation"), oneLine(r.Publisher)))
	default:
		title += inBrackets(joined(", ", apaEdition(r), oneLine(r.Number)))
		if r.Kind == KindDataset {
			title += " [Data set]"
		}
		if r.Kind == KindWebpage && !r.by(r.Container) {
			source = oneLine(r.Container)
		}
		if !r.by(r.Publisher) {
			source = joined(". ", source, oneLine(r.Publisher))
		}
	}
	who := apaNames(r.Authors)
	if who == "" && r.Kind != KindChapter && r.Kind != KindPaper {
		if who = apaNames(r.Editors); who != "" {
			who += apaRole(r.Editors)
		}
	}
	date := "(" + r.apaDate() + ")"
	text := sentences(who, date, title, source)
	if who == "" {
		text = sentences(title, date, source)
	}
	return joined(" ", text, r.link())
}

// apaNames lists up to 20 names; of more, the first 19 and the last.
func apaNames(names []Creator) string {
	all := each(names, Creator.inverted)
	if len(all) > 20 {
		return strings.Join(all[:19], ", ") + ", . . . " + all[len(all)-1]
	}
	if len(all) == 2 && names[0].Literal != "" {
		return listed(all, ", ", " & ", ", & ")
	}
	return listed(all, ", ", ", & ", ", & ")
}

func apaRole(editors []Creator) string {
	if len(editors) > 1 {
		return " (Eds.)"
	}
	return " (Ed.)"
}

func apaEditors(editors []Creator) string {
	if len(editors) == 0 {
		return ""
	}
	return listed(each(editors, Creator.upright), ", ", " & ", ", & ") + apaRole(editors) + ", "
}

// apaDate is the year; of pages and newspapers, which change or appear daily,
// the day.
func (r Record) apaDate() string {
	year := r.year("n.d.")
	if r.Kind != KindWebpage && r.Kind != KindNewspaper || r.Issued.Month == 0 || r.Issued.Year == 0 {
		return year
	}
	day := r.Issued.month()
	if r.Issued.Day > 0 {
		day += fmt.Sprintf(" %d", r.Issued.Day)
	}
	return year + ", " + day
}

func apaEdition(r Record) string {
	if edition := r.edition(); edition != "" {
		return strings.TrimSuffix(edition, ".") + " ed."
	}
	return ""
}

func apaPages(r Record) string {
	switch {
	case r.Pages == "":
		return ""
	case r.manyPages():
		return "pp. " + r.pages("–")
	}
	return "p. " + r.pages("–")
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
