package database_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quaestor-run/quaestor/runtime/database"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
	"github.com/quaestor-run/quaestor/tools/sqlquery/sqlquerytest"
)

// blobs keeps results in memory.
type blobs struct {
	mu   sync.Mutex
	kept map[string]string // by SHA-256
}

func (b *blobs) PutBlob(_ context.Context, data []byte) (string, error) {
	sum := sha256.Sum256(data)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[string]string{}
	}
	b.kept[hex.EncodeToString(sum[:])] = string(data)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// postgres is a filled database: its owner's connection, and the URL of a role
// that only reads.
func postgres(t *testing.T) (owner *pgx.Conn, reader string) {
	t.Helper()
	address := postgrestest.Start(t)
	owner, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	role := "reader_" + strings.TrimPrefix(parsed.Path, "/test_")
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if _, err := owner.Exec(ctx, "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Error(err)
		}
		if err := owner.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	exec(t, owner, append(sqlquerytest.Schema(),
		"COMMENT ON TABLE orders IS 'what was ordered'", "COMMENT ON COLUMN orders.placed IS 'day of the order'", "CREATE SEQUENCE s",
		"CREATE FUNCTION evil(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1'", "CREATE TABLE secret (pin text)", "ANALYZE",
		"CREATE ROLE "+role+" LOGIN PASSWORD 'x'", "GRANT SELECT ON orders, clients TO "+role)...)
	parsed.User = url.UserPassword(role, "x")
	return owner, parsed.String()
}

func exec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func open(t *testing.T, address string, limits database.Limits) (*database.Databases, *blobs) {
	t.Helper()
	kept := &blobs{}
	d, err := database.Open(map[string]database.Source{"shop": {URL: address}, "closed": {URL: address, Clients: []string{"acme"}}}, kept, limits)
	if err != nil {
		t.Fatal(err)
	}
	return d, kept
}

func refusedAs(err error, want string) bool {
	input, ok := errors.AsType[*tools.InputError](err)
	return ok && strings.Contains(input.Reason, want)
}

func TestPostgresAttacksAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	owner, reader := postgres(t)
	d, kept := open(t, reader, database.Limits{})
	state := func() (state string) {
		const query = `SELECT (SELECT count(*) || ' ' || sum(amount) FROM orders) || (SELECT count(*) FROM pg_class) || (SELECT last_value FROM s)`
		if err := owner.QueryRow(t.Context(), query).Scan(&state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	before := state()
	for _, attack := range sqlquerytest.PostgresAttacks() {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", attack); !refusedAs(err, "") {
			t.Errorf("%q: %v, want an InputError", attack, err)
		}
	}
	if after := state(); after != before || len(kept.kept) > 0 {
		t.Errorf("the database was %s and is %s; %d results were kept", before, after, len(kept.kept))
	}
}

func TestPostgresAnalyticsRun(t *testing.T) {
	t.Parallel()
	_, reader := postgres(t)
	d, _ := open(t, reader, database.Limits{})
	for _, query := range sqlquerytest.PostgresAnalytics() {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", query); err != nil {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestPostgresResultIsEvidence(t *testing.T) {
	t.Parallel()
	_, reader := postgres(t)
	d, kept := open(t, reader, database.Limits{})
	tool, err := sqlquery.New(d)
	if err != nil {
		t.Fatal(err)
	}
	args := json.RawMessage(`{"database": "shop", "query": "SELECT id, placed, amount, note FROM orders WHERE id <> 1"}`)
	result, err := tool.Call(t.Context(), tools.Scope{}, args)
	if err != nil {
		t.Fatal(err)
	}
	const want = "id,placed,amount,note\n2,2024-02-20,20.00,\"\"\n3,2024-02-25,5.25,\\N\n4,2025-03-01,100.00,\"say \"\"hi\"\"\"\n5,2025-03-02,\\N,x\n"
	if len(result.Citations) != 5 {
		t.Fatalf("%d citations, want the header and four rows", len(result.Citations))
	}
	for _, c := range result.Citations {
		text := kept.kept[c.SHA256]
		if text != want || text[c.Start:c.End] != c.Quote || c.URI != "database:shop" || !strings.Contains(string(c.Computation.Input), "SELECT id, placed") {
			t.Errorf("%+v does not stand in %q", c, text)
		}
		if !strings.Contains(string(result.Value), c.ID()) {
			t.Errorf("%s is not shown", c.ID())
		}
	}
	again, err := tool.Call(t.Context(), tools.Scope{}, args)
	if err != nil || again.Citations[0].ID() != result.Citations[0].ID() {
		t.Errorf("the same query gave other evidence: %v", err)
	}
}

func TestPostgresLimits(t *testing.T) {
	t.Parallel()
	owner, reader := postgres(t)
	exec(t, owner, "CREATE TABLE many AS SELECT g AS id, repeat('x', 1000) AS filler FROM generate_series(1, 20000) g",
		"GRANT SELECT ON many TO PUBLIC")
	limits := database.Limits{Rows: 100, Bytes: 4 << 20, Time: 20 * time.Second, Lock: 200 * time.Millisecond}
	d, _ := open(t, reader, limits)
	limits.Time = time.Second
	hasty, _ := open(t, reader, limits)
	query := func(text string) (sqlquery.Result, error) { return d.Query(t.Context(), tools.Scope{}, "shop", text) }
	result, err := query("SELECT id FROM many ORDER BY id")
	if err != nil || len(result.Snapshot.Rows) != 100 || !result.Snapshot.Truncated {
		t.Errorf("%d rows, truncated %v: %v", len(result.Snapshot.Rows), result.Snapshot.Truncated, err)
	}
	if _, err := query("SELECT string_agg(filler, '') FROM many"); !refusedAs(err, "larger than") {
		t.Errorf("20 MB in one value: %v", err)
	}
	if _, err := hasty.Query(t.Context(), tools.Scope{}, "shop", "SELECT count(*) FROM many a, many b, many c WHERE a.id + b.id <> c.id"); !refusedAs(err, "took longer") {
		t.Errorf("an endless query: %v", err)
	}
	if _, err := query("SELECT nothing FROM many"); !refusedAs(err, `column "nothing" does not exist`) {
		t.Errorf("an unknown column: %v", err)
	}
	if _, err := query("SELECT * FROM secret"); !refusedAs(err, "permission denied") {
		t.Errorf("a table without the right to read it: %v", err)
	}
	tx, err := owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE many"); err != nil {
		t.Fatal(err)
	}
	if _, err := query("SELECT count(*) FROM many"); !refusedAs(err, "locked") {
		t.Errorf("a locked table: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresRoleMustOnlyRead(t *testing.T) {
	t.Parallel()
	owner, reader := postgres(t)
	d, _ := open(t, owner.Config().ConnString(), database.Limits{})
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT 1"); err == nil || !strings.Contains(err.Error(), "may do more than read") {
		t.Errorf("a superuser: %v", err)
	}
	d, _ = open(t, reader, database.Limits{})
	exec(t, owner, "GRANT DELETE ON orders TO PUBLIC")
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT 1"); err == nil || !strings.Contains(err.Error(), "may do more than read") {
		t.Errorf("a role that deletes: %v", err)
	}
}

func TestPostgresFunctionsOfTheSchemaAreNotTaken(t *testing.T) {
	t.Parallel()
	owner, reader := postgres(t)
	d, _ := open(t, reader, database.Limits{})
	exec(t, owner, "CREATE FUNCTION lower(integer) RETURNS text LANGUAGE sql AS 'SELECT NULL'", "CREATE FUNCTION burden(clients) RETURNS integer LANGUAGE sql AS 'SELECT 1'")
	for _, query := range []string{"SELECT lower(id) FROM orders", "SELECT c.burden FROM clients c", "SELECT (c).burden FROM clients c"} {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", query); !refusedAs(err, "function of this schema") {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT upper(name) FROM clients"); err != nil {
		t.Error(err)
	}
}

// What the guard cannot see (a view that calls a function that writes) the
// transaction refuses.
func TestPostgresTransactionStandsByItself(t *testing.T) {
	t.Parallel()
	owner, reader := postgres(t)
	d, _ := open(t, reader, database.Limits{})
	exec(t, owner,
		"CREATE FUNCTION leak() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.orders; SELECT 1::bigint'",
		"CREATE FUNCTION wake() RETURNS text LANGUAGE sql AS $$ SELECT set_config('transaction_read_only', 'off', false) $$",
		"CREATE VIEW innocent AS SELECT leak() AS n", "CREATE VIEW alarm AS SELECT wake() AS w, leak() AS n", "GRANT SELECT ON innocent, alarm TO PUBLIC")
	for _, query := range []string{"SELECT n FROM innocent", "SELECT w, n FROM alarm"} {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", query); !refusedAs(err, "read-only") && !refusedAs(err, "read-write mode") {
			t.Errorf("%s: %v", query, err)
		}
	}
	var left int
	if err := owner.QueryRow(t.Context(), "SELECT count(*) FROM orders").Scan(&left); err != nil || left != 5 {
		t.Errorf("%d orders are left: %v", left, err)
	}
}

func TestPostgresSchemaAndScope(t *testing.T) {
	t.Parallel()
	_, reader := postgres(t)
	d, _ := open(t, reader, database.Limits{})
	schema, err := d.Schema(t.Context(), tools.Scope{}, "shop", nil)
	if err != nil || len(schema.Tables) != 2 {
		t.Fatalf("%+v, %v", schema, err)
	}
	orders := schema.Tables[1]
	if orders.Name != "orders" || orders.Comment != "what was ordered" || orders.Rows != 5 || len(orders.Columns) != 5 ||
		fmt.Sprint(orders.Columns[2], orders.Columns[3]) != "{placed date day of the order} {amount numeric(10,2) }" {
		t.Errorf("orders: %+v", orders)
	}
	if one, err := d.Schema(t.Context(), tools.Scope{}, "shop", []string{"clients"}); err != nil || len(one.Tables) != 1 {
		t.Errorf("one table: %+v, %v", one, err)
	}
	names, err := d.Names(t.Context(), tools.Scope{Client: "other"})
	if err != nil || len(names) != 1 || names[0].Name != "shop" {
		t.Errorf("%v, %v", names, err)
	}
	if _, err := d.Query(t.Context(), tools.Scope{Client: "other"}, "closed", "SELECT 1"); !refusedAs(err, "no database") {
		t.Errorf("a database of others: %v", err)
	}
	if _, err := d.Query(t.Context(), tools.Scope{Client: "acme"}, "closed", "SELECT 1"); err != nil {
		t.Error(err)
	}
}
