package agents_test

import (
	"reflect"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
)

func draftOf(heading string, sentences ...string) agents.Draft {
	section := agents.Section{Kind: agents.SectionFindings, Heading: heading, Paragraphs: []agents.Paragraph{{}}}
	for _, text := range sentences {
		section.Paragraphs[0].Sentences = append(section.Paragraphs[0].Sentences, agents.Statement{Text: text})
	}
	return agents.Draft{Sections: []agents.Section{section}}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, after agents.Draft
		want          []agents.Change
	}{
		"nothing": {draftOf("A", "One stays."), draftOf("A", "One stays."), nil},
		"replaced": {
			draftOf("A", "Costs rose by 4 percent.", "One stays."), draftOf("A", "One stays.", "Costs rose by 5 percent."),
			[]agents.Change{{Kind: agents.ChangeReplaced, Section: "A", Before: "Costs rose by 4 percent.", After: "Costs rose by 5 percent."}},
		},
		"a repetition removed": {
			draftOf("A", "Twice.", "Twice."), draftOf("A", "Twice."),
			[]agents.Change{{Kind: agents.ChangeRemoved, Section: "A", Before: "Twice."}},
		},
		"a section for another": {
			draftOf("A", "Gone entirely."), draftOf("B", "New words here."),
			[]agents.Change{
				{Kind: agents.ChangeAdded, Section: "B", After: "New words here."},
				{Kind: agents.ChangeRemoved, Section: "A", Before: "Gone entirely."},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := agents.Changes(test.before, test.after); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
