package postgrestest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

func TestStartGivesDatabasesOfTheirOwn(t *testing.T) {
	t.Parallel()
	first, second := postgrestest.Start(t), postgrestest.Start(t)
	if first == second {
		t.Fatalf("both tests were given %s", first)
	}
	for _, address := range []string{first, second} {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (id integer)"); err != nil {
			t.Fatalf("the database is not empty: %v", err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
