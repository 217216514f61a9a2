package activity

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
)

// conflictsCaption names the table in which a draft sets figures side by side
// that sources give differently. It is made by code, and made anew at each check.
const conflictsCaption = "Conflicting figures: what sources give differently for the same quantity"

// tabulate sets side by side what the run's sources give differently, each with
// its source, in the analysis of a draft. Nothing is made of the figures.
func (a *Activities) tabulate(ctx context.Context, j judge, draft *agents.Draft) {
	for i := range draft.Sections {
		section := &draft.Sections[i]
		section.Tables = slices.DeleteFunc(section.Tables, func(t agents.DataTable) bool { return t.Caption == conflictsCaption })
	}
	conflicts := j.reader.Conflicts(slices.Collect(maps.Keys(j.known)))
	if len(conflicts) == 0 {
		return
	}
	table := agents.DataTable{Caption: conflictsCaption, Columns: []string{"Quantity", "Figure", "Source", "Words"}}
	for _, conflict := range conflicts {
		var ids []string
		for _, stated := range conflict.Figures {
			ids = append(ids, stated.Evidence)
		}
		sound := a.soundEvidence(ctx, j.known, ids)
		if ids = keepSound(ids, sound); len(ids) < 2 {
			continue
		}
		for _, stated := range conflict.Figures {
			if !sound[stated.Evidence] {
				continue
			}
			e := j.known[stated.Evidence]
			source := e.Title
			if e.Year > 0 {
				source = fmt.Sprintf("%s (%d)", e.Title, e.Year)
			}
			table.Rows = append(table.Rows, []string{conflict.Quantity, stated.Figure, source, e.Quote})
		}
		table.Evidence = append(table.Evidence, ids...)
	}
	if len(table.Rows) == 0 || len(draft.Sections) == 0 {
		return
	}
	at := slices.IndexFunc(draft.Sections, func(s agents.Section) bool { return s.Kind == agents.SectionAnalysis })
	if at < 0 {
		at = len(draft.Sections) - 1
	}
	draft.Sections[at].Tables = append(draft.Sections[at].Tables, table)
}
