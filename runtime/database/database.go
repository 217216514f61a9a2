// Package database lets the sqlquery tool ask PostgreSQL, MySQL and SQLite, and
// keeps every result. Reading only is held three times over: by the role (or
// the mode the file is opened in), by a READ ONLY transaction with limits of
// time, locks, rows and bytes, and by the guard of the tool, which alone makes
// the statements that are run here.
package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

// Source is a database and who may ask it.
type Source struct {
	// URL is postgres://…, mysql://user:password@host:port/name or
	// sqlite:PATH.
	URL string
	// Clients may ask it; all where empty.
	Clients []string
}

// Blobs keep results.
type Blobs interface {
	PutBlob(ctx context.Context, data []byte) (string, error)
}

// Limits bound one query. Zero values mean the defaults.
type Limits struct {
	Rows  int           // 5000
	Bytes int64         // of the result on its way here; 8 MiB
	Time  time.Duration // 20 s
	Lock  time.Duration // how long it waits for another's lock; 1 s
}

func (l Limits) orDefaults() Limits {
	return Limits{
		Rows: cmp.Or(l.Rows, 5000), Bytes: cmp.Or(l.Bytes, 8<<20),
		Time: cmp.Or(l.Time, 20*time.Second), Lock: cmp.Or(l.Lock, time.Second),
	}
}

// The bounds of a schema as it is told.
const (
	maxTables  = 100
	maxColumns = 60  // of a table
	maxComment = 200 // bytes
)

// concurrent is how many queries may be under way in one database.
const concurrent = 4

// Databases implements [sqlquery.Databases].
type Databases struct {
	blobs   Blobs
	limits  Limits
	sources map[string]source
}

type source struct {
	backend
	clients []string
	places  chan struct{}
}

// backend is one database.
type backend interface {
	dialect() sqlquery.Dialect
	schema(ctx context.Context, tables []string) (sqlquery.Schema, error)
	run(ctx context.Context, statement sqlquery.Statement) (table, error)
}

// table is a result as it was read.
type table struct {
	columns   []string
	rows      [][]sqlquery.Cell
	truncated bool
}

// Open prepares databases by name; none is connected to before it is asked.
func Open(sources map[string]Source, blobs Blobs, limits Limits) (*Databases, error) {
	d := &Databases{blobs: blobs, limits: limits.orDefaults(), sources: map[string]source{}}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		opened, err := open(sources[name].URL, d.limits)
		if err != nil {
			errs = append(errs, fmt.Errorf("database %q: %w", name, err))
			continue
		}
		d.sources[name] = source{opened, sources[name].Clients, make(chan struct{}, concurrent)}
	}
	return d, errors.Join(errs...)
}

// open never puts the URL into an error: it may hold a password.
func open(address string, limits Limits) (backend, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "postgres", "postgresql":
		return openPostgres(address, limits)
	case "mysql":
		parsed, err := url.Parse(address)
		if err != nil {
			return nil, errors.New("its URL cannot be read; mysql://user:password@host:port/name is wanted")
		}
		return openMySQL(parsed, limits)
	case "sqlite":
		return openSQLite(strings.TrimPrefix(rest, "//"), limits)
	}
	return nil, errors.New("its URL begins with none of postgres://, mysql:// and sqlite: as it must")
}

// Names implements [sqlquery.Databases].
func (d *Databases) Names(_ context.Context, scope tools.Scope) ([]sqlquery.Database, error) {
	var list []sqlquery.Database
	for _, name := range slices.Sorted(maps.Keys(d.sources)) {
		if s := d.sources[name]; s.allows(scope) {
			list = append(list, sqlquery.Database{Name: name, Dialect: s.dialect()})
		}
	}
	return list, nil
}

func (s source) allows(scope tools.Scope) bool {
	return len(s.clients) == 0 || slices.Contains(s.clients, scope.Client)
}

// find gives a database that the scope may ask, and a place in it.
func (d *Databases) find(ctx context.Context, scope tools.Scope, name string) (source, func(), error) {
	s, ok := d.sources[name]
	if !ok || !s.allows(scope) {
		return source{}, nil, &tools.InputError{Field: "database", Reason: fmt.Sprintf("no database %q may be asked here; leave it out to list those that may", name)}
	}
	select {
	case s.places <- struct{}{}:
		return s, func() { <-s.places }, nil
	case <-ctx.Done():
		return source{}, nil, fmt.Errorf("waiting for database %q: %w", name, ctx.Err())
	}
}

// Schema implements [sqlquery.Databases].
func (d *Databases) Schema(ctx context.Context, scope tools.Scope, name string, tables []string) (sqlquery.Schema, error) {
	s, done, err := d.find(ctx, scope, name)
	if err != nil {
		return sqlquery.Schema{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, d.limits.Time)
	defer cancel()
	schema, err := s.schema(ctx, tables)
	if err != nil {
		return sqlquery.Schema{}, fmt.Errorf("reading the schema of database %q: %w", name, err)
	}
	return schema, nil
}

// Query implements [sqlquery.Databases].
func (d *Databases) Query(ctx context.Context, scope tools.Scope, name, query string) (sqlquery.Result, error) {
	s, done, err := d.find(ctx, scope, name)
	if err != nil {
		return sqlquery.Result{}, err
	}
	defer done()
	statement, err := sqlquery.Check(s.dialect(), query)
	if err != nil {
		return sqlquery.Result{}, err
	}
	found, err := s.run(ctx, statement)
	if err != nil {
		return sqlquery.Result{}, fmt.Errorf("asking database %q: %w", name, err)
	}
	snapshot := sqlquery.Canonical(found.columns, found.rows, statement.Ordered(), found.truncated)
	if _, err := d.blobs.PutBlob(ctx, []byte(snapshot.Text)); err != nil {
		return sqlquery.Result{}, fmt.Errorf("keeping the result of a query: %w", err)
	}
	return sqlquery.Result{Database: name, Query: statement.Text(), Columns: found.columns, Snapshot: snapshot}, nil
}

// unfit is an error of a query that its author can mend.
func unfit(format string, args ...any) error {
	return &tools.InputError{Field: "query", Reason: fmt.Sprintf(format, args...)}
}

func tooLarge(limit int64) error {
	return unfit("its result is larger than %d bytes; select fewer columns or aggregate", limit)
}

func tooSlow(limit time.Duration) error {
	return unfit("it took longer than %v and was ended; ask for less, or filter first", limit)
}

// layOut brings columns, ordered by table, into a bounded schema.
func layOut(columns []columnRow) sqlquery.Schema {
	schema := sqlquery.Schema{Tables: []sqlquery.Table{}}
	last := ""
	for _, c := range columns {
		if c.table != last {
			last = c.table
			if len(schema.Tables) == maxTables {
				schema.Omitted++
				continue
			}
			schema.Tables = append(schema.Tables, sqlquery.Table{Name: c.table, Comment: shorten(c.tableComment), Rows: c.rows, Columns: []sqlquery.Column{}})
		}
		if schema.Omitted > 0 {
			continue
		}
		t := &schema.Tables[len(schema.Tables)-1]
		if len(t.Columns) == maxColumns {
			t.Omitted++
			continue
		}
		t.Columns = append(t.Columns, sqlquery.Column{Name: c.name, Type: c.kind, Comment: shorten(c.comment)})
	}
	return schema
}

// columnRow is a column as a catalogue lists it.
type columnRow struct {
	table, tableComment string
	rows                int64
	name, kind, comment string
}

func shorten(text string) string {
	if len(text) <= maxComment {
		return text
	}
	return strings.ToValidUTF8(text[:maxComment], "") + "…"
}
