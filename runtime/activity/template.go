package activity

import (
	"cmp"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/format"
	"github.com/quaestor-run/quaestor/workflows"
)

// Template is how a house wants its reports: what is printed, in which order and
// under which titles, and how it looks.
type Template struct {
	Sections []TemplateSection `json:"sections,omitempty"` // empty is all of them, as they stand
	Style    format.Style      `json:"style,omitzero"`
}

// TemplateSection is a kind of section. Without a title it keeps its own; the
// findings always do.
type TemplateSection struct {
	Kind  agents.SectionKind `json:"kind"`
	Title string             `json:"title,omitempty"`
}

// print gives the draft as the template prints it, under its own headings: by
// those the claims are known.
func (t Template) print(draft agents.Draft) agents.Draft {
	if len(t.Sections) == 0 {
		return draft
	}
	printed := agents.Draft{Title: draft.Title}
	for _, wanted := range t.Sections {
		for _, section := range draft.Sections {
			if section.Kind == wanted.Kind {
				printed.Sections = append(printed.Sections, section)
			}
		}
	}
	return printed
}

// dress puts the titles and the looks of the template on what was laid out from
// a printed draft, section by section.
func (t Template) dress(document *format.Document, printed agents.Draft) {
	if t.Style != (format.Style{}) {
		document.Style = &t.Style
	}
	for i, section := range printed.Sections {
		at := slices.IndexFunc(t.Sections, func(s TemplateSection) bool { return s.Kind == section.Kind })
		if at < 0 || t.Sections[at].Title == "" || section.Kind == agents.SectionFindings {
			continue
		}
		document.Sections[i].Name, document.Sections[i].Heading = section.Heading, t.Sections[at].Title
	}
}

// template gives the template of a request, nil where it wants none. A run that
// waited while its template was taken from the configuration is published
// without, and says so.
func (a *Activities) template(request workflows.ResearchRequest) *Template {
	t, known := a.Templates[request.Template]
	if request.Template == "" || !known {
		return nil
	}
	return &t
}

// retitle gives changes and comments the headings under which their sections
// are printed. Changes in sections that are not printed are left out.
func retitle(document *format.Document) {
	headings := map[string]string{}
	for _, section := range document.Sections {
		headings[cmp.Or(section.Name, section.Heading)] = section.Heading
	}
	if document.Style == nil && !slices.ContainsFunc(document.Sections, func(s format.Section) bool { return s.Name != "" }) {
		return
	}
	document.Changes = slices.DeleteFunc(document.Changes, func(c format.Change) bool { return headings[c.Section] == "" })
	for i := range document.Changes {
		document.Changes[i].Section = headings[document.Changes[i].Section]
	}
	for i := range document.Comments {
		document.Comments[i].Section = headings[document.Comments[i].Section]
	}
}

// reasonOfChange is why the text of a change came, or went, for the last time.
func reasonOfChange(drafts []store.DraftRecord, wanted agents.Change) string {
	for _, draft := range slices.Backward(drafts) {
		for _, change := range draft.Changes {
			if change.Kind != agents.ChangeRefused && (wanted.After != "" && change.After == wanted.After || wanted.After == "" && change.Before == wanted.Before) {
				return change.Reason
			}
		}
	}
	return ""
}
