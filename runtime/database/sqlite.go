package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"modernc.org/sqlite" // registers itself as "sqlite"

	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

// Numbers of sqlite3_limit.
const (
	limitLength   = 0
	limitAttached = 7
)

type sqliteFile struct {
	dsn    string
	limits Limits
}

func openSQLite(path string, limits Limits) (*sqliteFile, error) {
	if path == "" || path == ":memory:" {
		return nil, errors.New("its URL names no file; sqlite:PATH is wanted")
	}
	options := url.Values{"mode": {"ro"}, "_pragma": {
		"query_only(1)", "trusted_schema(0)", fmt.Sprintf("busy_timeout(%d)", limits.Lock.Milliseconds()),
	}}
	return &sqliteFile{dsn: (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}).String(), limits: limits}, nil
}

func (*sqliteFile) dialect() sqlquery.Dialect { return sqlquery.SQLite }

// inTransaction runs work on a connection of its own: the file is opened for
// reading, and nothing else can be attached.
func (f *sqliteFile) inTransaction(ctx context.Context, work func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, f.limits.Time)
	defer cancel()
	db, err := sql.Open("sqlite", f.dsn)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer conn.Close() //nolint:errcheck // what was read is read
	for limit, value := range map[int]int{limitLength: int(f.limits.Bytes), limitAttached: 0} {
		if _, err := sqlite.Limit(conn, limit, value); err != nil {
			return fmt.Errorf("limiting the connection: %w", err)
		}
	}
	return inTransaction(ctx, conn, work)
}

// inTransaction runs work in a transaction that is always rolled back.
func inTransaction(ctx context.Context, conn *sql.Conn, work func(context.Context, *sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	err = work(ctx, tx)
	_ = tx.Rollback() // there is nothing to undo, and a query that was cut short has ended it
	return err
}

func (f *sqliteFile) run(ctx context.Context, statement sqlquery.Statement) (table, error) {
	var found table
	err := f.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		found, err = readRows(ctx, tx, statement, f.limits)
		return err
	})
	var answer *sqlite.Error
	switch {
	case err != nil && ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "interrupted")):
		return table{}, tooSlow(f.limits.Time)
	case errors.As(err, &answer) && (answer.Code()&0xff == 1 || answer.Code()&0xff == 18 || answer.Code()&0xff == 20):
		return table{}, unfit("SQLite says: %v", answer)
	}
	return found, err
}

func (f *sqliteFile) schema(ctx context.Context, tables []string) (sqlquery.Schema, error) {
	var columns []columnRow
	err := f.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT m.name, '', -1, c.name, c.type, '' FROM sqlite_schema m, pragma_table_info(m.name) c
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, c.cid LIMIT 50000`)
		if err != nil {
			return err
		}
		columns, err = collectColumns(rows, tables)
		return err
	})
	return layOut(columns), err
}

// collectColumns reads a catalogue, of the named tables where there are names.
func collectColumns(rows *sql.Rows, tables []string) ([]columnRow, error) {
	defer rows.Close()
	wanted := map[string]bool{}
	for _, name := range tables {
		wanted[name] = true
	}
	var columns []columnRow
	for rows.Next() {
		var c columnRow
		if err := rows.Scan(&c.table, &c.tableComment, &c.rows, &c.name, &c.kind, &c.comment); err != nil {
			return nil, err
		}
		if len(wanted) == 0 || wanted[c.table] {
			columns = append(columns, c)
		}
	}
	return columns, rows.Err()
}

// readRows runs a statement and reads as many rows as are allowed.
func readRows(ctx context.Context, tx *sql.Tx, statement sqlquery.Statement, limits Limits) (table, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the rows are closed, which would read them to the end
	rows, err := tx.QueryContext(ctx, statement.Text())
	if err != nil {
		return table{}, err
	}
	defer rows.Close()
	var found table
	if found.columns, err = rows.Columns(); err != nil {
		return table{}, err
	}
	size := int64(0)
	for rows.Next() {
		if len(found.rows) == limits.Rows {
			found.truncated = true
			cancel()
			return found, nil
		}
		row, bytes, err := readRow(rows, len(found.columns))
		if err != nil {
			return table{}, err
		}
		if size += bytes; size > limits.Bytes {
			return table{}, tooLarge(limits.Bytes)
		}
		found.rows = append(found.rows, row)
	}
	return found, rows.Err()
}

func readRow(rows *sql.Rows, columns int) ([]sqlquery.Cell, int64, error) {
	values, into := make([]any, columns), make([]any, columns)
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, 0, fmt.Errorf("reading a row: %w", err)
	}
	row, size := make([]sqlquery.Cell, columns), int64(0)
	for i, v := range values {
		row[i] = cell(v)
		size += int64(len(row[i].Text)) + 1
	}
	return row, size, nil
}

// cell writes a value as text, the same in every run. A date of a typed column
// without a time of day is written as a date.
func cell(value any) sqlquery.Cell {
	switch v := value.(type) {
	case nil:
		return sqlquery.Cell{Null: true}
	case string:
		return sqlquery.Cell{Text: v}
	case []byte:
		return sqlquery.Cell{Text: string(v)}
	case time.Time:
		if v = v.UTC(); v.Equal(v.Truncate(24 * time.Hour)) {
			return sqlquery.Cell{Text: v.Format(time.DateOnly)}
		}
		return sqlquery.Cell{Text: v.Format("2006-01-02 15:04:05.999999999")}
	}
	return sqlquery.Cell{Text: fmt.Sprint(value)}
}
