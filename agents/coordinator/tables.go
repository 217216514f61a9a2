package coordinator

import (
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// tableRoles says which tables can answer which kind of question. A table of
// harms answers the question of harms only.
type tableRoles struct {
	timed       []tools.TableProfile // has a column of dates or years
	categorical []tools.TableProfile // has a column of recurring values, or a figure for each of its values
	harmful     []tools.TableProfile // by its name records something gone wrong
}

// maxTables bounds the tables of one question.
const maxTables = 3

func sortTables(topic prose.Topic, survey agents.Survey) tableRoles {
	var roles tableRoles
	for _, t := range relevantTables(topic, survey.Tables) {
		if harmful(t) && (timed(t) || categorical(t)) {
			roles.harmful = limited(roles.harmful, t)
			continue
		}
		if timed(t) {
			roles.timed = limited(roles.timed, t)
		}
		if categorical(t) || listed(t) {
			roles.categorical = limited(roles.categorical, t)
		}
	}
	return roles
}

func limited(list []tools.TableProfile, t tools.TableProfile) []tools.TableProfile {
	if len(list) == maxTables {
		return list
	}
	return append(list, t)
}

// relevantTables keeps the tables whose names meet the topic, and after them
// those that name a part of it; when none does, the tables are all there is to go
// by, unless they are many.
func relevantTables(topic prose.Topic, tables []tools.TableProfile) []tools.TableProfile {
	var kept, near []tools.TableProfile
	for _, t := range tables {
		text := tableText(t)
		switch {
		case topic.Touches(text), topic.Scope != "" && topic.Scoped(prose.TableName(t.Title)+" "+prose.TableName(t.URI)):
			kept = append(kept, t)
		case topic.NamesPart(text):
			near = append(near, t)
		}
	}
	kept = append(kept, near...)
	if len(kept) == 0 && len(tables) <= maxTables {
		return tables
	}
	return kept
}

func tableText(t tools.TableProfile) string {
	parts := []string{prose.TableName(t.Title), prose.TableName(t.URI)}
	for _, c := range t.Columns {
		parts = append(parts, prose.ColumnName(c.Name))
		for _, top := range c.Top[:min(5, len(c.Top))] {
			parts = append(parts, prose.ColumnName(top.Value))
		}
		parts = append(parts, c.Named...)
	}
	return strings.Join(parts, " . ")
}

func harmful(t tools.TableProfile) bool {
	name := prose.TableName(t.Title) + " " + prose.TableName(t.URI)
	for _, word := range prose.Words(name) {
		if strings.Contains(" adverse incident incidents accident accidents complaint complaints recall recalls failure failures breach breaches fatality fatalities injuries injury death deaths error errors outage outages violation violations claims losses fraud dispute disputes ", " "+word+" ") {
			return true
		}
	}
	return false
}

func timed(t tools.TableProfile) bool {
	if t.Periods != nil {
		return true
	}
	for _, c := range t.Columns {
		if c.Type == tools.TypeDate || prose.YearColumn(c.Name, c.Min, c.Max) {
			return true
		}
	}
	return false
}

func categorical(t tools.TableProfile) bool {
	for _, c := range t.Columns {
		if c.Type == tools.TypeText && c.Distinct >= 2 && 2*c.Distinct <= t.Rows {
			return true
		}
	}
	return false
}

// listed says that a table has a figure for each of its names: a whole number, or
// one for each period.
func listed(t tools.TableProfile) bool {
	_, named := t.Labels()
	if t.Periods != nil {
		return named && t.Periods.Years == ""
	}
	return named && !timed(t) && slices.ContainsFunc(t.Columns, func(c tools.ColumnProfile) bool { return c.Type == tools.TypeInteger })
}
