package postgres_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/postgres"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

func TestFullDisk(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t)
	s := open(t, url)
	execute(t, url, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`,
		`CREATE TRIGGER full_disk BEFORE INSERT ON blobs FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	_, err := s.PutBlob(t.Context(), []byte("x"))
	if !errors.Is(err, store.ErrDiskFull) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("error %v, want ErrDiskFull and what to do", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ url, mention string }{
		"no URL":    {"postgres://user:hunter2@host:none/db", "URL"},
		"no server": {"postgres://user:hunter2@127.0.0.1:1/quaestor?connect_timeout=5", "127.0.0.1:1/quaestor"},
	} {
		s, err := postgres.Open(t.Context(), test.url)
		if err == nil {
			t.Errorf("%s was opened", name)
			_ = s.Close()
			continue
		}
		if !strings.Contains(err.Error(), test.mention) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %q, want one that mentions %q and no password", name, err, test.mention)
		}
	}
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
