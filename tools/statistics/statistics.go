// Package statistics describes, counts, compares and relates the columns of a
// table, or raw values: summaries, frequencies, correlation, regression and the
// usual tests, to the last digits of a float64.
package statistics

import (
	"context"
	_ "embed"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "statistics"

//go:embed statistics.md
var description string

// New makes the tool over the tables.
func New(tables tools.Tables) (tools.Tool, error) {
	return tools.New(Name, description, func(ctx context.Context, scope tools.Scope, in Input) (Output, error) {
		if in.Table == "" {
			return Compute(nil, in)
		}
		table, err := tables.Table(ctx, scope, in.Table)
		if err != nil {
			return Output{}, err
		}
		return Compute(table, in)
	})
}

// Compute is the tool without its source of tables: in.Table names table, or is
// empty for raw values. Arguments that do not fit are a *tools.InputError.
func Compute(table *tools.Table, in Input) (Output, error) {
	in, err := in.resolved()
	if err != nil {
		return Output{}, err
	}
	d := data{table: table, in: in}
	if table != nil {
		d.in.Table = table.ID
		if d.rows, err = table.Select(in.Where); err != nil {
			return Output{}, err
		}
	}
	out, err := d.run()
	if err != nil {
		return Output{}, err
	}
	out.Operation, out.Alpha, out.Where = in.Operation, in.Alpha, in.Where
	if table == nil {
		return out, nil
	}
	out.Table, out.Title = table.ID, table.Title
	out.Column, out.By, out.X, out.Y = in.Column, in.By, in.X, in.Y
	if err := out.cite(table, d.in); err != nil {
		return Output{}, err
	}
	return out, nil
}

func (d data) run() (Output, error) {
	counting := d.in.Operation == "frequency" || d.in.Operation == "crosstab" || d.in.Operation == "group"
	if d.table == nil && counting {
		return Output{}, refused("operation", "%s needs a table", d.in.Operation)
	}
	switch d.in.Operation {
	case "describe":
		return d.describe()
	case "frequency":
		return d.frequency()
	case "crosstab":
		return d.crosstab()
	case "group":
		return d.group()
	case "correlation":
		return d.correlation()
	case "regression":
		return d.regression()
	case "t_test", "mann_whitney":
		return d.compareTwo()
	case "anova":
		return d.anova()
	case "chi_square":
		return d.chiSquare()
	case "adjust":
		return d.adjust()
	}
	return Output{}, refused("operation", "%q is none of describe, frequency, crosstab, group, correlation, regression, t_test, mann_whitney, anova, chi_square, adjust", d.in.Operation)
}
