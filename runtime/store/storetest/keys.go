package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var keyChecks = []check{
	{"keys/are found by hash until revoked", testKeys},
	{"ping/answers", func(t *testing.T, s store.Store) { must(t, s.Ping(t.Context())) }},
}

func testKeys(t *testing.T, s store.Store) {
	ctx := t.Context()
	first := store.Key{ID: "k1", Hash: "h1", Client: "acme", Name: strange, Created: moment(0)}
	second := store.Key{ID: "k2", Hash: "h2", Created: moment(1)}
	must(t, s.CreateKey(ctx, second))
	must(t, s.CreateKey(ctx, first))
	wantError(t, s.CreateKey(ctx, store.Key{ID: "k1", Hash: "h3"}), store.ErrConflict, "k1")
	wantError(t, s.CreateKey(ctx, store.Key{ID: "k3", Hash: "h1"}), store.ErrConflict, "k3")
	if err := s.CreateKey(ctx, store.Key{ID: "k4"}); err == nil {
		t.Error("a key without a hash was created")
	}
	got, err := s.KeyByHash(ctx, "h1")
	must(t, err)
	if got != first {
		t.Errorf("got %+v, want %+v", got, first)
	}
	_, err = s.KeyByHash(ctx, "")
	wantError(t, err, store.ErrNotFound)

	must(t, s.RevokeKey(ctx, "k1", moment(5)))
	must(t, s.RevokeKey(ctx, "k1", moment(9)))
	must(t, s.RevokeKey(ctx, "k2", time.Time{})) // now
	wantError(t, s.RevokeKey(ctx, "nobody", moment(5)), store.ErrNotFound, "nobody")
	_, err = s.KeyByHash(ctx, "h1")
	wantError(t, err, store.ErrNotFound)
	keys, err := s.Keys(ctx)
	must(t, err)
	if len(keys) != 2 || time.Since(keys[1].Revoked) > time.Minute {
		t.Fatalf("keys %+v", keys)
	}
	keys[1].Revoked = time.Time{}
	first.Revoked = moment(5)
	if want := []store.Key{first, second}; !reflect.DeepEqual(keys, want) {
		t.Errorf("got %+v, want %+v", keys, want)
	}
}
