package database_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/quaestor-run/quaestor/runtime/database"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery/sqlquerytest"
)

// mysqlVariable names the environment variable with the URL of a MySQL or
// MariaDB server, of a user that may make databases and users.
const mysqlVariable = "QUAESTOR_TEST_MYSQL"

// mysqlShop is a filled database: its owner's connection, and the URL of a user
// that only reads.
func mysqlShop(t *testing.T) (owner *sql.DB, reader string) {
	t.Helper()
	address := os.Getenv(mysqlVariable)
	if address == "" {
		t.Skipf("MySQL tests left out: set %s", mysqlVariable)
	}
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text())[:12]
	config := mysql.NewConfig()
	config.User = parsed.User.Username()
	config.Passwd, _ = parsed.User.Password()
	config.Net, config.Addr = "tcp", parsed.Host
	if socket := parsed.Query().Get("socket"); socket != "" {
		config.Net, config.Addr = "unix", socket
	}
	run := func(db *sql.DB, statements ...string) {
		for _, statement := range statements {
			if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	server, err := sql.Open("mysql", config.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	run(server, "CREATE DATABASE "+name, "CREATE USER "+name+" IDENTIFIED BY 'x'", "GRANT SELECT ON "+name+".* TO "+name)
	config.DBName = name
	if owner, err = sql.Open("mysql", config.FormatDSN()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		run(server, "DROP DATABASE "+name, "DROP USER "+name)
		owner.Close()
		server.Close()
	})
	run(owner, sqlquerytest.Schema()...)
	run(owner, "CREATE FUNCTION evil(a int) RETURNS int DETERMINISTIC RETURN a")
	parsed.User, parsed.Path = url.UserPassword(name, "x"), "/"+name
	return owner, parsed.String()
}

func TestMySQLAttacksAreRefusedAndAnalyticsRun(t *testing.T) {
	t.Parallel()
	owner, reader := mysqlShop(t)
	d, _ := open(t, reader, database.Limits{Rows: 4})
	for _, attack := range sqlquerytest.MySQLAttacks() {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", attack); !refusedAs(err, "") {
			t.Errorf("%q: %v, want an InputError", attack, err)
		}
	}
	var state string
	if err := owner.QueryRowContext(t.Context(), "SELECT CONCAT(COUNT(*), ' ', SUM(amount)) FROM orders").Scan(&state); err != nil || state != "5 135.75" {
		t.Errorf("after the attacks: %q, %v", state, err)
	}
	for _, query := range sqlquerytest.MySQLAnalytics() {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", query); err != nil {
			t.Errorf("%q: %v", query, err)
		}
	}
	result, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT id, placed, amount, note FROM orders ORDER BY id")
	want := "id,placed,amount,note\n1,2024-01-15,10.50,first\n2,2024-02-20,20.00,\"\"\n3,2024-02-25,5.25,\\N\n4,2025-03-01,100.00,\"say \"\"hi\"\"\"\n"
	if err != nil || result.Snapshot.Text != want || !result.Snapshot.Truncated {
		t.Errorf("%q, %v", result.Snapshot.Text, err)
	}
	schema, err := d.Schema(t.Context(), tools.Scope{}, "shop", nil)
	if err != nil || len(schema.Tables) != 2 || len(schema.Tables[1].Columns) != 5 {
		t.Errorf("%+v, %v", schema, err)
	}
}

func TestMySQLLimits(t *testing.T) {
	t.Parallel()
	owner, reader := mysqlShop(t)
	if _, err := owner.ExecContext(t.Context(), "CREATE TABLE many AS SELECT a.id AS x FROM orders a, orders b, orders c, orders d, orders e"); err != nil {
		t.Fatal(err)
	}
	d, _ := open(t, reader, database.Limits{Time: time.Second})
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT COUNT(*) FROM many a, many b, many c WHERE a.x + b.x <> c.x"); !refusedAs(err, "took longer") {
		t.Errorf("an endless query: %v", err)
	}
	var name string
	if err := owner.QueryRowContext(t.Context(), "SELECT DATABASE()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := owner.ExecContext(t.Context(), "GRANT INSERT ON "+name+".* TO "+name); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT 1"); err == nil || !strings.Contains(err.Error(), "may do more than read") {
		t.Errorf("a user that writes: %v", err)
	}
}
