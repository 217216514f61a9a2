package citation

import (
	"fmt"
	"strings"
)

// vancouver follows Samples of Formatted References for Authors of Journal
// Articles (National Library of Medicine for the ICMJE): 1 to 4 (articles), 26 to
// 33 (books and chapters), 34 (papers), 37 (reports), 38 (theses), 43 (web).
func vancouver(r Record) string {
	title := r.title()
	who := vancouverNames(r.Authors)
	if who == "" && len(r.Editors) > 0 && r.Kind != KindChapter && r.Kind != KindPaper {
		who = vancouverEditors(r.Editors)
	}
	year := positive(r.Issued.Year)
	imprint := joined("; ", joined(": ", oneLine(r.Place), oneLine(r.Publisher)), year)
	doi := before("doi: ", oneLine(r.DOI))
	if r.online() {
		if r.Kind != KindArticle && r.Kind != KindNewspaper {
			title += " [Internet]"
		}
		imprint += vancouverCited(r)
		doi = "Available from: " + r.link()
	} else if r.DOI == "" && r.link() != "" {
		doi = r.link()
	}
	switch r.Kind {
	case KindArticle, KindNewspaper:
		return finish(r, sentences(who, title, oneLine(r.Container), vancouverIssue(r)), doi)
	case KindChapter, KindPaper:
		book := joined(". ", vancouverEditors(r.Editors), oneLine(r.Container))
		return finish(r, sentences(who, title, before("In: ", book), vancouverEdition(r), imprint, before("p. ", r.pages("-"))), doi)
	case KindThesis:
		title += " [" + orElse(oneLine(r.Genre), "dissertation") + "]"
	case KindReport:
		return finish(r, sentences(who, title, vancouverEdition(r), imprint, before("Report No.: ", oneLine(r.Number))), doi)
	}
	if r.Kind == KindWebpage && r.Publisher == "" && !r.by(r.Container) {
		imprint = joined("; ", oneLine(r.Container), year) + vancouverCited(r)
	}
	return finish(r, sentences(who, title, vancouverEdition(r), imprint), doi)
}

// finish puts where the work is to be found at the end, without a full stop
// after an address.
func finish(r Record, text, where string) string {
	if strings.HasPrefix(where, "doi: ") {
		return sentences(text, where)
	}
	return joined(" ", text, where)
}

// vancouverNames lists up to six names; of more, six.
func vancouverNames(names []Creator) string {
	all := each(names, Creator.compact)
	if len(all) > 6 {
		return strings.Join(all[:6], ", ") + ", et al"
	}
	return strings.Join(all, ", ")
}

func vancouverEditors(editors []Creator) string {
	switch len(editors) {
	case 0:
		return ""
	case 1:
		return vancouverNames(editors) + ", editor"
	}
	return vancouverNames(editors) + ", editors"
}

// vancouverIssue is "2002 Jul 25;347(4):284-7".
func vancouverIssue(r Record) string {
	date := joined(" ", positive(r.Issued.Year), r.Issued.shortMonth(false))
	if r.Issued.Month > 0 {
		date = joined(" ", date, positive(r.Issued.Day))
	}
	if r.online() {
		date += vancouverCited(r)
	}
	volume := oneLine(r.Volume)
	if r.Issue != "" {
		volume += "(" + oneLine(r.Issue) + ")"
	}
	return joined(":", joined(";", date, volume), r.pages("-"))
}

func vancouverCited(r Record) string {
	if r.Accessed.Year == 0 {
		return ""
	}
	return fmt.Sprintf(" [cited %s]", joined(" ", positive(r.Accessed.Year), r.Accessed.shortMonth(false), positive(r.Accessed.Day)))
}

func vancouverEdition(r Record) string { return r.edition() + suffixIf(r.edition() != "", " ed.") }
