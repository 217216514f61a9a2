// Package postgrestest gives tests a PostgreSQL database of their own.
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable names the environment variable with the URL of a server to use
// instead of a private one. Its role must be allowed to create databases.
const Variable = "QUAESTOR_TEST_POSTGRES"

// Start gives the URL of a fresh, empty database and drops it when the test
// ends. The server is the one named by [Variable], or else one that is started
// from local binaries, once for the test process, on a Unix socket in a
// temporary folder. Without either the test is skipped.
func Start(tb testing.TB) string {
	tb.Helper()
	return start(tb, startPrivate)
}

// StartDurable is Start on a server that waits for the disk with every commit,
// as one that is in use does. It is for measurements.
func StartDurable(tb testing.TB) string {
	tb.Helper()
	return start(tb, startDurable)
}

func start(tb testing.TB, startServer func() (private, error)) string {
	tb.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		private, err := startServer()
		if errors.Is(err, errNoServer) {
			tb.Skipf("PostgreSQL tests left out: %v (install PostgreSQL or set %s)", err, Variable)
		}
		if err != nil {
			tb.Fatalf("starting PostgreSQL: %v", err)
		}
		server = private.url
	}
	return createDatabase(tb, server)
}

// errNoServer says that this machine cannot run a server.
var errNoServer = errors.New("no PostgreSQL server")

type private struct {
	url      string
	lifeline io.Closer // the watcher stops the server when this closes
}

// Each runs once in a process. Nobody has to stop the server: its watcher holds
// one end of a pipe and sees the process end, however it ends.
var (
	startPrivate = sync.OnceValues(func() (private, error) { return startWith("-c", "fsync=off") })
	startDurable = sync.OnceValues(func() (private, error) { return startWith() })
)

func startWith(settings ...string) (private, error) {
	bin, err := findBinaries()
	if err != nil {
		return private{}, err
	}
	credential, err := unprivileged()
	if err != nil {
		return private{}, err
	}
	dir, err := os.MkdirTemp("", "quaestor-pg-")
	if err != nil {
		return private{}, err
	}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return private{}, err
		}
	}
	return launch(bin, dir, credential, settings)
}

func launch(bin, dir string, credential *syscall.Credential, settings []string) (private, error) {
	data := filepath.Join(dir, "data")
	attributes := &syscall.SysProcAttr{Setpgid: true, Credential: credential}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, attributes
	if out, err := initdb.CombinedOutput(); err != nil {
		return private{}, fmt.Errorf("running initdb: %w: %s", err, out)
	}
	logPath := filepath.Join(dir, "log")
	log, err := os.Create(logPath)
	if err != nil {
		return private{}, err
	}
	defer log.Close()
	const watch = `postgres=$0 dir=$1; shift
"$postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=200 "$@" & pid=$!
read -r _
kill -QUIT $pid
wait $pid
rm -rf "$dir"`
	watcher := exec.Command("sh", append([]string{"-c", watch, filepath.Join(bin, "postgres"), dir}, settings...)...)
	watcher.Dir, watcher.SysProcAttr = dir, attributes
	watcher.Stdout, watcher.Stderr = log, log
	lifeline, err := watcher.StdinPipe()
	if err != nil {
		return private{}, err
	}
	if err := watcher.Start(); err != nil {
		return private{}, fmt.Errorf("starting the server: %w", err)
	}
	address := (&url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode(),
	}).String()
	if err := awaitServer(address); err != nil {
		text, _ := os.ReadFile(logPath)
		return private{}, errors.Join(fmt.Errorf("waiting for the server: %w\n%s", err, text), lifeline.Close())
	}
	return private{url: address, lifeline: lifeline}, nil
}

func awaitServer(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// findBinaries gives the folder of initdb and postgres: from the path, or the
// newest of Debian's versions.
func findBinaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "initdb")); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%w: no initdb and postgres on this machine", errNoServer)
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return debianVersion(a) - debianVersion(b) })
	return filepath.Dir(newest), nil
}

func debianVersion(path string) int {
	version, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return version
}

// unprivileged is the account the server runs under: the server refuses to run
// as root. Nil means the account of this process.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: running as root, and there is no account postgres", errNoServer)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the id of account postgres: %w", err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the group of account postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func createDatabase(tb testing.TB, server string) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	execute(tb, server, "CREATE DATABASE "+name)
	tb.Cleanup(func() { execute(tb, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	address, err := url.Parse(server)
	if err != nil {
		tb.Fatalf("reading the URL of the PostgreSQL server: %v", err)
	}
	address.Path = "/" + name
	return address.String()
}

func execute(tb testing.TB, server, statement string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		tb.Fatalf("connecting to PostgreSQL: %v", err)
	}
	_, err = conn.Exec(ctx, statement)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		tb.Fatalf("running %q: %v", statement, err)
	}
}
