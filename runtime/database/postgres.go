package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

type postgres struct {
	config *pgx.ConnConfig
	limits Limits
}

func openPostgres(address string, limits Limits) (*postgres, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("its URL cannot be read; postgres://user:password@host:port/name is wanted")
	}
	for name, value := range map[string]string{
		"application_name": "quaestor", "default_transaction_read_only": "on",
		"statement_timeout": milliseconds(limits.Time), "lock_timeout": milliseconds(limits.Lock),
		"idle_in_transaction_session_timeout": milliseconds(2 * limits.Time),
		// What a text means, and how values are written, must not depend on settings.
		"standard_conforming_strings": "on", "client_encoding": "UTF8", "datestyle": "ISO, YMD", "timezone": "UTC",
		"intervalstyle": "iso_8601", "extra_float_digits": "1", "bytea_output": "hex",
	} {
		config.RuntimeParams[name] = value
	}
	return &postgres{config: config, limits: limits}, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (*postgres) dialect() sqlquery.Dialect { return sqlquery.Postgres }

// budget is a connection that ends when more was read than allowed.
type budget struct {
	net.Conn
	left *atomic.Int64
}

var errBudget = errors.New("more bytes than allowed")

// Read implements net.Conn.
func (b budget) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if b.left.Add(-int64(n)) < 0 {
		return n, errBudget
	}
	return n, err
}

// inTransaction runs work in a READ ONLY transaction of a connection of its own,
// as a role that cannot write.
func (p *postgres) inTransaction(ctx context.Context, left *atomic.Int64, work func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.limits.Time+p.limits.Lock)
	defer cancel()
	config := p.config.Copy()
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return budget{conn, left}, nil
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ending) // there is nothing to lose: it only read
	}()
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := refuseWriter(ctx, tx); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// refuseWriter refuses a role that could write, run programs or read files.
func refuseWriter(ctx context.Context, tx pgx.Tx) error {
	var user string
	var super, powers, writes bool
	err := tx.QueryRow(ctx, `
SELECT current_user, r.rolsuper,
       EXISTS (SELECT FROM pg_catalog.pg_roles g
               WHERE g.rolname IN ('pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
                 AND pg_catalog.pg_has_role(current_user, g.oid, 'USAGE')),
       EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                 AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                 AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`).Scan(&user, &super, &powers, &writes)
	if err != nil {
		return fmt.Errorf("looking at what the role may do: %w", err)
	}
	if super || powers || writes {
		return fmt.Errorf("role %q may do more than read; give the URL of a role that has SELECT on the tables and nothing else", user)
	}
	return nil
}

func (p *postgres) run(ctx context.Context, statement sqlquery.Statement) (table, error) {
	var left atomic.Int64
	left.Store(p.limits.Bytes + 1<<20) // what connecting takes, and the frames of the protocol
	var found table
	err := p.inTransaction(ctx, &left, func(ctx context.Context, tx pgx.Tx) error {
		if err := refuseShadowed(ctx, tx, statement); err != nil {
			return err
		}
		// A cursor takes one SELECT and gives no more rows than it is asked for.
		if _, err := tx.Exec(ctx, "DECLARE quaestor NO SCROLL CURSOR FOR\n"+statement.Text()); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "FETCH "+strconv.Itoa(p.limits.Rows+1)+" FROM quaestor", pgx.QueryResultFormats{pgx.TextFormatCode})
		if err != nil {
			return err
		}
		defer rows.Close()
		found, err = p.read(rows)
		return err
	})
	if left.Load() < 0 {
		return table{}, tooLarge(p.limits.Bytes)
	}
	return found, p.explain(ctx, err)
}

func (p *postgres) read(rows pgx.Rows) (table, error) {
	var found table
	for _, field := range rows.FieldDescriptions() {
		found.columns = append(found.columns, field.Name)
	}
	size := int64(0)
	for rows.Next() {
		if len(found.rows) == p.limits.Rows {
			found.truncated = true
			continue // one row more than wanted
		}
		row := make([]sqlquery.Cell, 0, len(found.columns))
		for _, raw := range rows.RawValues() {
			size += int64(len(raw))
			row = append(row, sqlquery.Cell{Text: string(raw), Null: raw == nil})
		}
		if size > p.limits.Bytes {
			return table{}, tooLarge(p.limits.Bytes)
		}
		found.rows = append(found.rows, row)
	}
	return found, rows.Err()
}

// refuseShadowed refuses a statement whose built-in functions have namesakes in
// the schema, which the server may prefer, or whose column may be a function of
// a whole row. Those of extensions are trusted.
func refuseShadowed(ctx context.Context, tx pgx.Tx, statement sqlquery.Statement) error {
	var name string
	err := tx.QueryRow(ctx, `
SELECT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND (p.proname = ANY ($1)
       OR p.proname = ANY ($2) AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = p.proargtypes[0] AND t.typtype IN ('c', 'p')))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')
LIMIT 1`, statement.Functions(), statement.Columns()).Scan(&name)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("looking for functions of the schema: %w", err)
	}
	return unfit("%s is also a function of this schema, whose effects are unknown; do without it", name)
}

// explain tells errors of the query from those of the database.
func (p *postgres) explain(ctx context.Context, err error) error {
	var answer *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return tooSlow(p.limits.Time)
	case !errors.As(err, &answer):
		return err
	}
	switch answer.Code {
	case "57014":
		return tooSlow(p.limits.Time)
	case "55P03":
		return unfit("a table is locked by somebody else; try another, or later")
	}
	switch answer.Code[:2] {
	case "42", "22", "21", "25", "0A", "53", "54":
		reason := answer.Message
		if answer.Hint != "" {
			reason += " (" + answer.Hint + ")"
		}
		return unfit("PostgreSQL says: %s", reason)
	}
	return err
}

func (p *postgres) schema(ctx context.Context, tables []string) (sqlquery.Schema, error) {
	var left atomic.Int64
	left.Store(64 << 20)
	var columns []columnRow
	err := p.inTransaction(ctx, &left, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END AS name,
       coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''), c.reltuples::bigint,
       a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), coalesce(pg_catalog.col_description(c.oid, a.attnum), '')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
  AND ($1::text[] IS NULL OR c.relname = ANY ($1) OR n.nspname || '.' || c.relname = ANY ($1))
ORDER BY name, c.oid, a.attnum LIMIT 50000`, tables)
		if err != nil {
			return err
		}
		columns, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c columnRow, err error) {
			return c, row.Scan(&c.table, &c.tableComment, &c.rows, &c.name, &c.kind, &c.comment)
		})
		return err
	})
	return layOut(columns), err
}
