// Package sqlquery asks databases: it gives a model their schema, admits one
// reading SELECT at a time, and makes its result a snapshot that can be cited.
package sqlquery

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "sqlquery"

//go:embed sqlquery.md
var description string

// How much of a result the model sees. The snapshot holds all of it.
const (
	shownRows  = 50
	shownBytes = 16 << 10
	shownCell  = 400 // bytes
)

// Databases are what a scope may ask. A database that it may not is unknown to
// it: a *tools.InputError.
type Databases interface {
	// Names lists the databases of a scope, with their dialects.
	Names(ctx context.Context, scope tools.Scope) ([]Database, error)
	// Schema tells what a database holds, of the named tables only where there
	// are names.
	Schema(ctx context.Context, scope tools.Scope, database string, tables []string) (Schema, error)
	// Query checks a query, runs it and keeps the result.
	Query(ctx context.Context, scope tools.Scope, database, query string) (Result, error)
}

// Input is what the tool is asked. Without a database it lists them; without a
// query it tells the schema.
type Input struct {
	Database string   `json:"database,omitempty" jsonschema:"description=name of the database; leave it out to list them"`
	Query    string   `json:"query,omitempty" jsonschema:"description=one SELECT in the SQL of the database; leave it out to see the schema"`
	Tables   []string `json:"tables,omitempty" jsonschema:"description=tables to see the schema of; all where empty"`
}

// Database is one that may be asked.
type Database struct {
	Name    string  `json:"name"`
	Dialect Dialect `json:"dialect"`
}

// Schema is what a database holds, as far as it may be read.
type Schema struct {
	Tables  []Table `json:"tables"`
	Omitted int     `json:"omitted_tables,omitempty"` // beyond the limit; ask for them by name
}

// Table is a table or view. Rows is the database's own estimate, -1 where it
// has none.
type Table struct {
	Name    string   `json:"name"`
	Comment string   `json:"comment,omitempty"`
	Rows    int64    `json:"estimated_rows"`
	Columns []Column `json:"columns"`
	Omitted int      `json:"omitted_columns,omitempty"`
}

// Column is a column with the type the database gives it.
type Column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Comment string `json:"comment,omitempty"`
}

// Result is the result of a query that was kept.
type Result struct {
	Database string
	Query    string // as it was run
	Columns  []string
	Snapshot Snapshot
}

// Output is what the model sees.
type Output struct {
	Databases []Database `json:"databases,omitempty"`
	Database  string     `json:"database,omitempty"`
	Dialect   Dialect    `json:"dialect,omitempty"`
	Schema    *Schema    `json:"schema,omitempty"`
	Columns   []string   `json:"columns,omitempty"`
	Rows      []ShownRow `json:"rows,omitempty"`
	RowCount  *int       `json:"row_count,omitempty"`
	Truncated bool       `json:"truncated,omitempty"` // the database has more rows than the limit
	SHA256    string     `json:"sha256,omitempty"`    // of the result
	Evidence  string     `json:"evidence,omitempty"`  // id of the result as a whole
	Notes     []string   `json:"notes,omitempty"`

	citations []tools.Citation
}

// ShownRow is a row with the id it is cited by; a NULL is null.
type ShownRow struct {
	Evidence string    `json:"evidence"`
	Values   []*string `json:"values"`
}

// Citations implements [tools.Cited].
func (o Output) Citations() []tools.Citation { return o.citations }

// New makes the tool over the databases.
func New(databases Databases) (tools.Tool, error) {
	return tools.New(Name, description, func(ctx context.Context, scope tools.Scope, in Input) (Output, error) {
		switch {
		case in.Database == "" && in.Query != "":
			return Output{}, &tools.InputError{Field: "database", Reason: "say which database the query is for"}
		case in.Database == "":
			return list(ctx, databases, scope)
		case in.Query == "":
			schema, err := databases.Schema(ctx, scope, in.Database, in.Tables)
			return Output{Database: in.Database, Schema: &schema}, err
		}
		result, err := databases.Query(ctx, scope, in.Database, in.Query)
		if err != nil {
			return Output{}, err
		}
		return show(result)
	})
}

func list(ctx context.Context, databases Databases, scope tools.Scope) (Output, error) {
	names, err := databases.Names(ctx, scope)
	if err != nil {
		return Output{}, err
	}
	out := Output{Databases: names}
	if len(names) == 0 {
		out.Notes = []string{"No database may be asked here. Go on without."}
	}
	return out, nil
}

// show cuts a result down to what a model reads, and cites the whole (by its
// header) and each row it shows.
func show(r Result) (Output, error) {
	cite, err := citing(r)
	if err != nil {
		return Output{}, err
	}
	n := len(r.Snapshot.Rows)
	whole := cite(r.Snapshot.Header)
	out := Output{
		Database: r.Database, Columns: r.Columns, Rows: []ShownRow{}, RowCount: &n, Truncated: r.Snapshot.Truncated,
		SHA256: r.Snapshot.SHA256, Evidence: whole.ID(), citations: []tools.Citation{whole},
	}
	bytes := 0
	for _, row := range r.Snapshot.Rows {
		bytes += row.End - row.Start
		if len(out.Rows) == shownRows || bytes > shownBytes && len(out.Rows) > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("Only the first %d of %d rows are shown. Aggregate in the query to see the rest.", len(out.Rows), n))
			break
		}
		citation := cite(row.Span)
		shown := ShownRow{Evidence: citation.ID()}
		for _, c := range row.Cells {
			shown.Values = append(shown.Values, value(c))
		}
		out.Rows, out.citations = append(out.Rows, shown), append(out.citations, citation)
	}
	if r.Snapshot.Truncated {
		out.Notes = append(out.Notes, "The result was cut at the limit of rows: do not count or sum these rows, aggregate in the query.")
	}
	return out, nil
}

// citing makes citations of a result; each carries the query, which computes it
// again, and the names of its columns, without which a row says little.
func citing(r Result) (func(Span) tools.Citation, error) {
	input, err := json.Marshal(map[string]string{"database": r.Database, "query": r.Query})
	if err != nil {
		return nil, fmt.Errorf("encoding a query: %w", err)
	}
	outcome, err := json.Marshal(struct {
		Columns   []string `json:"columns"`
		Rows      int      `json:"rows"`
		Truncated bool     `json:"truncated,omitempty"`
		SHA256    string   `json:"sha256"`
	}{r.Columns, len(r.Snapshot.Rows), r.Snapshot.Truncated, r.Snapshot.SHA256})
	if err != nil {
		return nil, fmt.Errorf("encoding the outcome of a query: %w", err)
	}
	return func(at Span) tools.Citation {
		return tools.Citation{
			SHA256: r.Snapshot.SHA256, URI: "database:" + r.Database, Title: "Database " + r.Database,
			Start: at.Start, End: at.End, Quote: r.Snapshot.Text[at.Start:at.End],
			Computation: &tools.Computation{Tool: Name, Input: input, Result: outcome},
		}
	}, nil
}

func value(c Cell) *string {
	if c.Null {
		return nil
	}
	text := c.Text
	if len(text) > shownCell {
		end := shownCell
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + "…"
	}
	return &text
}
