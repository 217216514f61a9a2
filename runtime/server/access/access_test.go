package access_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

// counting counts what is asked of a store, and fails when it is told to.
type counting struct {
	store.Store
	asked  atomic.Int64
	failed atomic.Bool
}

var errDown = errors.New("connection refused")

func (c *counting) KeyByHash(ctx context.Context, hash string) (store.Key, error) {
	c.asked.Add(1)
	if c.failed.Load() {
		return store.Key{}, errDown
	}
	return c.Store.KeyByHash(ctx, hash)
}

func (c *counting) Keys(ctx context.Context) ([]store.Key, error) {
	c.asked.Add(1)
	return c.Store.Keys(ctx)
}

func setup(t *testing.T, life time.Duration) (*counting, *access.Access) {
	t.Helper()
	kept := &counting{Store: storetest.New(t)}
	return kept, access.New(kept, life, nil)
}

func addKey(t *testing.T, kept store.Store, client string, change ...func(*store.Key)) (authorization string, key store.Key) {
	t.Helper()
	secret, key := access.NewKey(client, "ann", store.RoleClient, time.Now())
	for _, f := range change {
		f(&key)
	}
	if err := kept.CreateKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	return "Bearer " + secret, key
}

func wantDenied(t *testing.T, err error, reason access.Reason) {
	t.Helper()
	var denied *access.Denial
	if !errors.As(err, &denied) || denied.Reason != reason || denied.Detail == "" {
		t.Errorf("got %v, want reason %d", err, reason)
	}
}

func TestABusyCallerAsksTheStoreOnce(t *testing.T) {
	t.Parallel()
	kept, callers := setup(t, time.Hour)
	authorization, key := addKey(t, kept, "acme")
	for range 100 {
		caller, err := callers.Authenticate(t.Context(), authorization)
		if err != nil || caller.Client.ID != "acme" || caller.Key.ID != key.ID || caller.Admin {
			t.Fatalf("caller %+v, %v", caller, err)
		}
		if err := callers.Check(t.Context(), caller); err != nil {
			t.Fatal(err)
		}
	}
	if n := kept.asked.Load(); n != 1 {
		t.Errorf("the store was asked %d times", n)
	}
	if err := kept.RevokeKey(t.Context(), key.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := callers.Authenticate(t.Context(), authorization); err != nil {
		t.Errorf("what was believed is not: %v", err)
	}
	callers.Forget()
	_, err := callers.Authenticate(t.Context(), authorization)
	wantDenied(t, err, access.Unknown)
}

func TestWhatIsBelievedIsForgotten(t *testing.T) {
	t.Parallel()
	kept, callers := setup(t, 20*time.Millisecond)
	authorization, _ := addKey(t, kept, "acme")
	if _, err := callers.Authenticate(t.Context(), authorization); err != nil {
		t.Fatal(err)
	}
	if err := kept.CreateClient(t.Context(), store.Client{ID: "acme", Team: "", Cache: "exact", Disabled: true}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	_, err := callers.Authenticate(t.Context(), authorization)
	wantDenied(t, err, access.Disabled)
	kept.failed.Store(true)
	time.Sleep(30 * time.Millisecond)
	if _, err := callers.Authenticate(t.Context(), authorization); !errors.Is(err, errDown) { // closed, and it says why
		t.Errorf("while the store is down: %v", err)
	}
}

func TestKeysEndByThemselves(t *testing.T) {
	t.Parallel()
	kept, callers := setup(t, time.Hour)
	authorization, _ := addKey(t, kept, "acme", func(k *store.Key) { k.Expires = time.Now().Add(500 * time.Millisecond) })
	caller, err := callers.Authenticate(t.Context(), authorization)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(510 * time.Millisecond)
	_, err = callers.Authenticate(t.Context(), authorization)
	wantDenied(t, err, access.Unknown)
	wantDenied(t, callers.Check(t.Context(), caller), access.Unknown)
}

func TestWithoutKeysTheOperatorIsAdmin(t *testing.T) {
	t.Parallel()
	kept, callers := setup(t, time.Hour)
	for range 10 {
		caller, err := callers.Authenticate(t.Context(), "")
		if err != nil || !caller.Admin || !caller.Operator || caller.Client.ID != access.LocalClient {
			t.Fatalf("caller %+v, %v", caller, err)
		}
	}
	if n := kept.asked.Load(); n != 1 {
		t.Errorf("the store was asked %d times", n)
	}
	authorization, _ := addKey(t, kept, "", func(k *store.Key) { k.Role = store.RoleAdmin })
	callers.Forget()
	_, err := callers.Authenticate(t.Context(), "")
	wantDenied(t, err, access.Missing)
	caller, err := callers.Authenticate(t.Context(), authorization)
	if err != nil || !caller.Admin || caller.Client.ID != caller.Key.ID { // it must not act for everybody
		t.Errorf("caller %+v, %v", caller, err)
	}
	for _, bad := range []string{"Bearer", "Basic qk_x", "Bearer sk-x", "qk_x"} {
		_, err := callers.Authenticate(t.Context(), bad)
		wantDenied(t, err, access.Malformed)
	}
}
