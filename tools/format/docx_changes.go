package format

import (
	"fmt"
	"strings"
)

// revisions are the changes of a document that are not printed yet, by section.
type revisions map[string][]*Change

func newRevisions(document Document) revisions {
	r := revisions{}
	for _, change := range document.Changes {
		change.Section, change.Before, change.After = plain(change.Section), plain(change.Before), plain(change.After)
		r[change.Section] = append(r[change.Section], &change)
	}
	return r
}

// of takes the change that made a sentence what it is; nil when none did.
func (r revisions) of(section, sentence string) *Change {
	for i, change := range r[section] {
		if change.Kind != ChangeRemoved && change.After == sentence {
			r[section] = append(r[section][:i:i], r[section][i+1:]...)
			return change
		}
	}
	return nil
}

func author(change Change) string { return escapeXML(or(plain(change.Author), "Quaestor")) }

// revised encloses runs that were inserted ("ins") or deleted ("del").
func (w *docxWriter) revised(kind string, change Change, runs string) string {
	if runs == "" {
		return ""
	}
	return fmt.Sprintf(`<w:%s w:id="%d" w:author="%s"%s>%s</w:%s>`, kind, w.nextID(), author(change), dateXML(change.Date), runs, kind)
}

// paragraphMark says that a paragraph itself was inserted or deleted with what
// it holds; without a change, or with one inside a sentence, it says nothing.
func (w *docxWriter) paragraphMark(kind string, change *Change) string {
	if change == nil || kind == "ins" && change.Kind != ChangeAdded {
		return ""
	}
	return fmt.Sprintf(`<w:%s w:id="%d" w:author="%s"%s/>`, kind, w.nextID(), author(*change), dateXML(change.Date))
}

// removed prints what a section lost, as deleted paragraphs at its end.
func (w *docxWriter) removed(section string) {
	for _, change := range w.pending[section] {
		if change.Kind == ChangeAdded || change.Before == "" {
			continue
		}
		content := w.revised("del", *change, runXML("", "w:delText", change.Before))
		if change.Reason != "" {
			content = w.remark(Comment{Author: change.Author, Date: change.Date, Text: change.Reason}, content)
		}
		w.paragraph("Normal", w.paragraphMark("del", change), content)
	}
	delete(w.pending, section)
}

// lostSections prints the sections that are there no more.
func (w *docxWriter) lostSections() {
	for _, section := range sortedKeys(w.pending) {
		changes := w.pending[section]
		if len(changes) == 0 {
			continue
		}
		heading := w.revised("del", *changes[0], runXML("", "w:delText", or(section, "Section")))
		w.paragraph("Heading1", w.paragraphMark("del", changes[0]), heading)
		w.removed(section)
	}
}

// difference shows how a sentence was changed, word by word.
func (w *docxWriter) difference(change Change, after string) string {
	var out strings.Builder
	for _, step := range wordDiff(change.Before, after) {
		switch step.kind {
		case "":
			out.WriteString(textRun("", step.text))
		case "ins":
			out.WriteString(w.revised("ins", change, textRun("", step.text)))
		case "del":
			out.WriteString(w.revised("del", change, runXML("", "w:delText", step.text)))
		}
	}
	return out.String()
}

// step is a stretch of words that was kept (""), inserted or deleted.
type step struct{ kind, text string }

// maxDiffWords bounds the comparison, whose time grows with the square; what is
// longer is shown as replaced.
const maxDiffWords = 600

// wordDiff compares two sentences by their words: what is kept is the longest
// common row of them.
func wordDiff(before, after string) []step {
	a, b := strings.SplitAfter(before, " "), strings.SplitAfter(after, " ")
	if len(a) > maxDiffWords || len(b) > maxDiffWords {
		return []step{{"del", before}, {"ins", after}}
	}
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var steps []step
	add := func(kind, text string) {
		if last := len(steps) - 1; last >= 0 && steps[last].kind == kind {
			steps[last].text += text
			return
		}
		steps = append(steps, step{kind, text})
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			add("", a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			add("del", a[i])
			i++
		default:
			add("ins", b[j])
			j++
		}
	}
	return steps
}
