package analyst

import (
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// maxGroups is how many groups of a table are followed one by one at most.
const maxGroups = 3

// trendTasks follows a table over time: what runs across its columns; in a table
// with one row for each time, its measures; else the number of its rows, and the
// sum of what can be added up. Drawn are the first, what is of all rows, and what the
// topic names.
func trendTasks(t tools.TableProfile, topic prose.Topic) []task {
	clock, timed := timeColumn(t)
	var tasks []task
	switch {
	case t.Periods != nil:
		tasks = acrossTasks(t)
	case timed:
		tasks = timedTasks(t, clock, topic)
	}
	for i := range tasks {
		where := tasks[i].input.(trendInput).Where
		tasks[i].charted = i == 0 || len(where) == 0 || slices.ContainsFunc(where, func(c tools.Condition) bool { return named(t, c) })
	}
	return tasks
}

// named says that the topic names the value of a condition.
func named(t tools.TableProfile, condition tools.Condition) bool {
	return slices.ContainsFunc(t.Columns, func(c tools.ColumnProfile) bool {
		return c.Name == condition.Column && slices.Contains(c.Named, condition.Equals)
	})
}

func timedTasks(t tools.TableProfile, clock tools.ColumnProfile, topic prose.Topic) []task {
	base := trendInput{Table: t.ID, Time: clock.Name, Period: "year"}
	paced := base
	paced.Period = periodFor(clock)
	measured := measures(t, clock.Name, topic)
	by := panel(t, clock.Name)
	var tasks []task
	switch {
	case len(by) > 0 && len(measured) > 0:
		paced.Value, paced.Aggregate = measured[0].Name, aggregateFor(measured[0])
		gaps := pairs(by)*clock.Distinct > t.Rows-clock.Empty
		for _, where := range rowsOfInterest(by, gaps && paced.Aggregate == "sum") {
			paced.Where = where
			tasks = append(tasks, follow(t, clock, paced, len(where) == len(by)))
		}
	case series(t, clock) && len(measured) > 0:
		for _, m := range measured[:min(2, len(measured))] {
			paced.Value, paced.Aggregate = m.Name, aggregateFor(m)
			tasks = append(tasks, follow(t, clock, paced, clock.Distinct == t.Rows-clock.Empty))
		}
	case yearly(clock) && (len(by) > 0 || clock.Distinct == t.Rows-clock.Empty):
		// every year has the same number of rows by design
	default:
		for _, where := range append(namedGroup(t), nil) {
			base.Where = where
			base.Value, base.Aggregate = "", "count"
			tasks = append(tasks, follow(t, clock, base, false))
			if i := slices.IndexFunc(measured, additive); i >= 0 {
				base.Value, base.Aggregate = measured[i].Name, "sum"
				tasks = append(tasks, follow(t, clock, base, false))
			}
		}
	}
	return tasks
}

// fewYears is how many years are too few to be followed by the year.
const fewYears = 8

// periodFor is the period by which a measure is followed: a year, or where there
// are few, the month or quarter in which its times follow each other.
func periodFor(clock tools.ColumnProfile) string {
	pace := paceOf(clock)
	if yearOf(clock.Max)-yearOf(clock.Min)+1 >= fewYears || pace == "" {
		return "year"
	}
	if pace == "day" {
		return "month"
	}
	return pace
}

// follow makes the task of a series. Where it has at most one row for each time, and
// the period is that of its times, the figure itself is shown.
func follow(t tools.TableProfile, clock tools.ColumnProfile, in trendInput, once bool) task {
	single := once && (yearly(clock) || in.Period == paceOf(clock))
	if single {
		in.Aggregate = "mean" // of one: a year without a row has no figure, where a sum would be 0
	}
	return task{tool: toolTrend, input: in, table: prose.TableName(t.Title), column: clock.Name, single: single, read: readTrend}
}

// groupsOfInterest says which rows of a table with a row for each time and group
// are followed: those of the groups that the topic names; else of what sums up
// the others; else all, and each group where they are few. Of groups that can only
// be looked at apart, the first few.
func groupsOfInterest(by tools.ColumnProfile, apart bool) [][]tools.Condition {
	of := func(value string) []tools.Condition { return []tools.Condition{{Column: by.Name, Equals: value}} }
	var chosen [][]tools.Condition
	switch {
	case len(by.Named) > 0:
		for _, value := range by.Named[:min(maxGroups, len(by.Named))] {
			chosen = append(chosen, of(value))
		}
	case by.Total != "":
		chosen = append(chosen, of(by.Total))
	default:
		if !apart || len(by.Top) == 0 {
			chosen = append(chosen, nil)
		}
		if apart || by.Distinct <= maxGroups {
			for _, top := range by.Top[:min(maxGroups, len(by.Top))] {
				chosen = append(chosen, of(top.Value))
			}
		}
	}
	return chosen
}

// namedGroup is the condition for the first value that the topic names in a column
// of recurring ones, if it names any.
func namedGroup(t tools.TableProfile) [][]tools.Condition {
	for _, c := range t.Columns {
		if len(c.Named) > 0 && 2*c.Distinct <= t.Rows {
			return groupsOfInterest(c, false)[:1]
		}
	}
	return nil
}

// pairs is how many combinations of their values columns have.
func pairs(columns []tools.ColumnProfile) int {
	n := 1
	for _, c := range columns {
		n *= c.Distinct
	}
	return n
}

// rowsOfInterest are the combinations of the groups of interest of columns that
// together tell rows apart: of several, each is looked at apart.
func rowsOfInterest(by []tools.ColumnProfile, apart bool) [][]tools.Condition {
	chosen := [][]tools.Condition{nil}
	for _, c := range by {
		var more [][]tools.Condition
		for _, so := range chosen {
			for _, group := range groupsOfInterest(c, apart || len(by) > 1 || isIndicator(c)) {
				more = append(more, slices.Concat(so, group))
			}
		}
		chosen = more
	}
	return chosen[:min(maxGroups+1, len(chosen))]
}

// acrossTasks follows the rows of interest of a table that has a column for each
// period, by the year where there are many.
func acrossTasks(t tools.TableProfile) []task {
	title := prose.TableName(t.Title)
	var always []tools.Condition
	if i := slices.IndexFunc(t.Columns, func(c tools.ColumnProfile) bool { return isIndicator(c) && c.Distinct == 1 && len(c.Top) == 1 }); i >= 0 {
		always = []tools.Condition{{Column: t.Columns[i].Name, Equals: t.Columns[i].Top[0].Value}}
	}
	by := panel(t, t.Periods.Years)
	rows := rowsOfInterest(by, false)
	if group := namedGroup(t); len(by) == 0 && len(group) > 0 {
		rows = group
	}
	var tasks []task
	for _, where := range rows {
		kind := tools.ColumnProfile{Name: title, Type: tools.TypeNumber}
		if t.Periods.Whole {
			kind.Type = tools.TypeInteger
		}
		in := trendInput{Table: t.ID, Across: true, Where: slices.Concat(always, where)}
		for _, condition := range in.Where {
			if slices.ContainsFunc(t.Columns, func(c tools.ColumnProfile) bool { return c.Name == condition.Column && isIndicator(c) }) {
				kind.Name = condition.Equals
			}
		}
		in.Aggregate = aggregateFor(kind)
		single := oneRowEach(t, by, where)
		if t.Periods.Unit != tools.Year && yearsAcross(t) >= fewYears {
			in.Period, single = string(tools.Year), false
		}
		tasks = append(tasks, task{tool: toolTrend, input: in, table: title, column: kind.Name, single: single, read: readTrend})
	}
	return tasks
}

// oneRowEach says that conditions leave one row for each period.
func oneRowEach(t tools.TableProfile, by []tools.ColumnProfile, where []tools.Condition) bool {
	if len(by) > 0 {
		return len(where) == len(by)
	}
	return t.Rows == 1 || slices.ContainsFunc(t.Columns, func(c tools.ColumnProfile) bool { return c.Name == t.Periods.Years && c.Distinct == t.Rows })
}

// yearsAcross is how many years the columns of months or quarters are of.
func yearsAcross(t tools.TableProfile) int {
	if i := slices.IndexFunc(t.Columns, func(c tools.ColumnProfile) bool { return c.Name == t.Periods.Years }); i >= 0 {
		return t.Columns[i].Distinct
	}
	return t.Periods.Columns / map[tools.Unit]int{tools.Quarter: 4, tools.Month: 12}[t.Periods.Unit]
}

// isIndicator says that a column tells what the figures of each row are of.
func isIndicator(c tools.ColumnProfile) bool {
	return c.Type == tools.TypeText && !identifies(c.Name) && (len(c.Top) > 0 && !strings.HasSuffix(c.Top[0].Value, "…") || len(c.Named) > 0) &&
		nameScore(c.Name, " indicator series variable measure metric item subject statistic ") > 0
}

// yearly says that a column has at most one value for each year it spans.
func yearly(clock tools.ColumnProfile) bool {
	return clock.Distinct <= yearOf(clock.Max)-yearOf(clock.Min)+1
}

func yearOf(text string) int {
	n, err := strconv.Atoi(text[:min(4, len(text))])
	if err != nil {
		return 0
	}
	return n
}

// aggregateFor adds up what can be added (sales, events) and averages the rest
// (temperatures, rates), for which a sum says nothing.
func aggregateFor(c tools.ColumnProfile) string {
	if averaged(c.Name) {
		return "mean"
	}
	if c.Type == tools.TypeInteger || additive(c) {
		return "sum"
	}
	return "mean"
}

func averaged(name string) bool {
	return strings.Contains(name, "%") || nameScore(name, " rate rates price prices percent percentage share ratio index mean median average score per temperature temp degrees level concentration speed age duration days hours minutes ppm pressure depth width height length weight expectancy prevalence incidence probability ") > 0
}

// additive says by its name that a column holds amounts of something.
func additive(c tools.ColumnProfile) bool {
	return !averaged(c.Name) && nameScore(c.Name, " total count number amount sales revenue turnover volume kwh mwh gwh twh generation production consumption units quantity cost costs spend spending expenditure budget spent paid fees profit donations grants funding investment emissions rainfall precipitation exports imports ") > 0
}
