package sqlquery_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
	"github.com/quaestor-run/quaestor/tools/sqlquery/sqlquerytest"
)

func TestGuardRefusesEveryAttack(t *testing.T) {
	t.Parallel()
	for dialect, attacks := range map[sqlquery.Dialect][]string{
		sqlquery.Postgres: sqlquerytest.PostgresAttacks(), sqlquery.MySQL: sqlquerytest.MySQLAttacks(), sqlquery.SQLite: sqlquerytest.SQLiteAttacks(),
	} {
		for _, attack := range attacks {
			_, err := sqlquery.Check(dialect, attack)
			if _, ok := errors.AsType[*tools.InputError](err); !ok {
				t.Errorf("%s: %q: %v, want an InputError", dialect, attack, err)
			}
		}
	}
}

func TestGuardAdmitsPlainAnalytics(t *testing.T) {
	t.Parallel()
	for dialect, queries := range map[sqlquery.Dialect][]string{
		sqlquery.Postgres: sqlquerytest.PostgresAnalytics(), sqlquery.MySQL: sqlquerytest.MySQLAnalytics(), sqlquery.SQLite: sqlquerytest.SQLiteAnalytics(),
	} {
		for _, query := range queries {
			if _, err := sqlquery.Check(dialect, query); err != nil {
				t.Errorf("%s: %q: %v", dialect, query, err)
			}
		}
	}
}

func TestStatementTellsWhatItCalls(t *testing.T) {
	t.Parallel()
	s, err := sqlquery.Check(sqlquery.Postgres, "SELECT lower(c.name) FROM clients c ORDER BY length(c.name);")
	if err != nil {
		t.Fatal(err)
	}
	if !s.Ordered() || s.Text() != "SELECT lower(c.name) FROM clients c ORDER BY length(c.name)" ||
		!slices.Equal(s.Functions(), []string{"length", "lower"}) || !slices.Equal(s.Columns(), []string{"name"}) {
		t.Errorf("got %+v", s)
	}
	for _, dialect := range []sqlquery.Dialect{sqlquery.Postgres, sqlquery.MySQL, sqlquery.SQLite} {
		if s, err := sqlquery.Check(dialect, "SELECT * FROM (SELECT id FROM orders ORDER BY id) AS x"); err != nil || s.Ordered() {
			t.Errorf("%s: the order of a subquery was taken for that of the result: %v", dialect, err)
		}
	}
}

// The parser of PostgreSQL does not return from some deep texts.
func TestDeepQueriesAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	if _, err := sqlquery.Check(sqlquery.Postgres, "SELECT 1"); err != nil { // the first compiles the parser
		t.Fatal(err)
	}
	for _, piece := range []string{"(", "-(", "(SELECT ", "[", "- ", "NOT ", "CASE WHEN ", "abs(", "ARRAY[", "+", "@", "a.", "x::", "/*", "x + ", "x IS NULL AND ", "x IS NULL OR NOT ", "1 UNION SELECT ", "x COLLATE ", "x[1].", "1 FROM a NATURAL JOIN b, ", "x LIKE "} {
		for _, n := range []int{8, 30, 90, 320, 3000} {
			closing := map[string]string{"[": "]", "ARRAY[": "]", "CASE WHEN ": " THEN 1 END"}[piece]
			if closing == "" && strings.Contains(piece, "(") {
				closing = ")"
			}
			for _, dialect := range []sqlquery.Dialect{sqlquery.Postgres, sqlquery.MySQL, sqlquery.SQLite} {
				began := time.Now()
				_, err := sqlquery.Check(dialect, "SELECT "+strings.Repeat(piece, n)+"x"+strings.Repeat(closing, n))
				if took := time.Since(began); took > 30*time.Second {
					t.Errorf("%s: %d times %q took %v: %v", dialect, n, piece, took, err)
				}
			}
		}
	}
}

// A parser of PostgreSQL takes seconds to make: queries that are checked at once
// wait for the one there is. Not parallel, since it reads what the process allocates.
func TestQueriesAtOnceShareOneParser(t *testing.T) {
	if _, err := sqlquery.Check(sqlquery.Postgres, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := sqlquery.Check(sqlquery.Postgres, "SELECT * FROM orders WHERE total > 10"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 32<<20 {
		t.Errorf("eight queries allocated %d MB; a parser was made for them", allocated>>20)
	}
}

// What a guard admits begins with a reading word, ends where it says, and is
// admitted again.
func FuzzGuard(f *testing.F) {
	// The first query compiles the parser, which may take longer than one input is given.
	if _, err := sqlquery.Check(sqlquery.Postgres, "SELECT 1"); err != nil {
		f.Fatal(err)
	}
	for _, list := range [][]string{sqlquerytest.PostgresAttacks(), sqlquerytest.PostgresAnalytics(), sqlquerytest.SQLiteAttacks(), sqlquerytest.SQLiteAnalytics(), sqlquerytest.MySQLAttacks(), sqlquerytest.MySQLAnalytics()} {
		for _, query := range list {
			f.Add(query)
		}
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, dialect := range []sqlquery.Dialect{sqlquery.Postgres, sqlquery.MySQL, sqlquery.SQLite} {
			s, err := sqlquery.Check(dialect, query)
			if err != nil {
				continue
			}
			again, err := sqlquery.Check(dialect, s.Text())
			if err != nil || again.Text() != s.Text() {
				t.Errorf("%s: %q was admitted, and as %q it is not: %v", dialect, query, s.Text(), err)
			}
			if dialect == sqlquery.Postgres {
				continue
			}
			first := strings.ToUpper(strings.Fields(s.Text())[0])
			if !strings.HasPrefix(first, "SELECT") && !strings.HasPrefix(first, "WITH") {
				t.Errorf("%s: %q was admitted", dialect, query)
			}
			for _, word := range []string{"--", "/*", "@", "\\", "?"} {
				if rest := unquoted(s.Text()); strings.Contains(rest, word) {
					t.Errorf("%s: %q was admitted with %s", dialect, query, word)
				}
			}
		}
	})
}

// unquoted leaves out what stands in quotes.
func unquoted(query string) string {
	var b strings.Builder
	var closing byte
	for i := range len(query) {
		c := query[i]
		switch {
		case closing != 0:
			if c == closing {
				closing = 0
			}
		case c == '\'' || c == '"' || c == '`':
			closing = c
		case c == '[':
			closing = ']'
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
