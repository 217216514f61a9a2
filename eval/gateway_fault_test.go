package eval_test

import (
	"context"
	"database/sql"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// relay is a way to a server that can be blocked, or cut as if the server were
// gone.
type relay struct {
	to       string // network address
	listener net.Listener

	mu      sync.Mutex
	changed sync.Cond
	blocked bool
	cut     bool
	pairs   map[net.Conn]net.Conn
	arrived int // pieces of data that came while it was blocked
}

func newRelay(t *testing.T, network, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // of a test
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{to: to, listener: listener, pairs: map[net.Conn]net.Conn{}}
	r.changed.L = &r.mu
	t.Cleanup(func() {
		listener.Close()
		r.sever()
	})
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go r.join(network, near)
		}
	}()
	return r
}

func (r *relay) address() string { return r.listener.Addr().String() }

func (r *relay) join(network string, near net.Conn) {
	defer near.Close()
	r.mu.Lock()
	cut := r.cut
	r.mu.Unlock()
	if cut {
		return
	}
	far, err := net.Dial(network, r.to) //nolint:noctx // of a test
	if err != nil {
		return
	}
	defer far.Close()
	r.mu.Lock()
	r.pairs[near] = far
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(near, far)
		near.Close()
	}()
	r.forward(far, near)
	r.mu.Lock()
	delete(r.pairs, near)
	r.mu.Unlock()
}

// forward passes on what comes, while it is not blocked.
func (r *relay) forward(far, near net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := near.Read(buffer)
		r.mu.Lock()
		if r.blocked && n > 0 {
			r.arrived++
		}
		for r.blocked && !r.cut {
			r.changed.Wait()
		}
		cut := r.cut
		r.mu.Unlock()
		if cut {
			return
		}
		if _, failed := far.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// block holds back what comes from now on.
func (r *relay) block() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked, r.arrived = true, 0
}

func (r *relay) heldBack() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arrived
}

// sever breaks all connections, and what was held back is lost. No new ones are
// made until mend.
func (r *relay) sever() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = true
	for near, far := range r.pairs {
		near.Close()
		far.Close()
	}
	r.changed.Broadcast()
}

// mend lets everything through, what was held back first.
func (r *relay) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked, r.cut = false, false
	r.changed.Broadcast()
}

// lock keeps everybody from writing to the ledger until it is undone.
func (w *world) lock(t *testing.T) (unlock func()) {
	t.Helper()
	if database := w.setting("QUAESTOR_DATABASE_URL"); database != "" {
		return lockPostgres(t, database)
	}
	db, err := sql.Open("sqlite", "file:"+w.ledgerFile()+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	held, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		_ = held.Rollback() // nothing was written
		db.Close()
	})
}

func lockPostgres(t *testing.T, database string) (unlock func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE ledger_attempts, ledger_budgets IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
}
