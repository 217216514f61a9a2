package storetest

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var clientChecks = []check{
	{"keys/are rotated once", testRotation},
	{"clients/are created, changed and listed", testClients},
	{"clients/changes do not overwrite each other", testClientChanges},
	{"teams/are created and listed", testTeams},
	{"requests/are claimed by the first", testRequestClaims},
}

func testRotation(t *testing.T, s store.Store) {
	ctx := t.Context()
	first := store.Key{ID: "k1", Hash: "h1", Client: "acme", Name: strange, Role: store.RoleAdmin, Created: moment(0)}
	must(t, s.CreateKey(ctx, first))
	_, err := s.RotateKey(ctx, "nobody", store.Key{ID: "k2", Hash: "h2"}, moment(60))
	wantError(t, err, store.ErrNotFound, "nobody")
	made, err := s.RotateKey(ctx, "k1", store.Key{ID: "k2", Hash: "h2", Client: "other", Role: "other", Created: moment(1)}, moment(60))
	must(t, err)
	want := first
	want.ID, want.Hash, want.Created, want.Replaces = "k2", "h2", moment(1), "k1"
	if made != want {
		t.Errorf("made %+v, want %+v", made, want)
	}
	if got, err := s.KeyByHash(ctx, "h2"); err != nil || got != want {
		t.Errorf("stored %+v, %v", got, err)
	}
	if got, err := s.KeyByHash(ctx, "h1"); err != nil || !got.Expires.Equal(moment(60)) {
		t.Errorf("the old key %+v, %v; want it to end at %v", got, err, moment(60))
	}
	_, err = s.RotateKey(ctx, "k1", store.Key{ID: "k3", Hash: "h3"}, moment(60))
	wantError(t, err, store.ErrConflict, "rotated")
	must(t, s.RevokeKey(ctx, "k2", moment(2)))
	_, err = s.RotateKey(ctx, "k2", store.Key{ID: "k3", Hash: "h3"}, moment(60))
	wantError(t, err, store.ErrConflict, "revoked")
	if keys, err := s.Keys(ctx); err != nil || len(keys) != 2 {
		t.Errorf("keys %+v, %v; want two", keys, err)
	}
}

func testClients(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.CreateTeam(ctx, store.Team{ID: "ops", Name: "Operations", Created: moment(0)}))
	acme := store.Client{
		ID: "acme", Name: strange, Team: "ops", Cache: "exact", Block: 0.75, SystemPrompt: strange, Models: []string{"a", "b"},
		Disabled: true, Created: moment(0), Updated: moment(1),
	}
	must(t, s.CreateClient(ctx, acme))
	must(t, s.CreateClient(ctx, store.Client{ID: "zoo"}))
	must(t, s.CreateClient(ctx, store.Client{ID: "Bee"}))
	wantError(t, s.CreateClient(ctx, store.Client{ID: "acme"}), store.ErrConflict, "acme")
	wantError(t, s.CreateClient(ctx, store.Client{ID: "x", Team: "nobody"}), store.ErrNotFound, "x")
	if err := s.CreateClient(ctx, store.Client{}); err == nil {
		t.Error("a client without an id was created")
	}
	got, err := s.Client(ctx, "acme")
	must(t, err)
	if !reflect.DeepEqual(got, acme) {
		t.Errorf("got %+v, want %+v", got, acme)
	}
	_, err = s.Client(ctx, "nobody")
	wantError(t, err, store.ErrNotFound, "nobody")
	page, err := s.Clients(ctx, "", 2)
	must(t, err)
	rest, err := s.Clients(ctx, page[1].ID, 2)
	must(t, err)
	if len(page) != 2 || page[0].ID != "Bee" || page[1].ID != "acme" || len(rest) != 1 || rest[0].ID != "zoo" || rest[0].Created.IsZero() {
		t.Errorf("pages %+v and %+v", page, rest)
	}
	changed, err := s.UpdateClient(ctx, "acme", func(c *store.Client) error {
		c.ID, c.Team, c.Models, c.Disabled, c.Updated = "other", "", nil, false, moment(9)
		return nil
	})
	must(t, err)
	want := acme
	want.Team, want.Models, want.Disabled, want.Updated = "", nil, false, moment(9)
	if got, err := s.Client(ctx, "acme"); err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(changed, want) {
		t.Errorf("changed to %+v, stored %+v, %v; want %+v", changed, got, err, want)
	}
	refused := errors.New("no")
	_, err = s.UpdateClient(ctx, "acme", func(c *store.Client) error { c.Name = "x"; return refused })
	wantError(t, err, refused)
	if got, err := s.Client(ctx, "acme"); err != nil || got.Name != strange {
		t.Errorf("a change that was refused left %+v, %v", got, err)
	}
	_, err = s.UpdateClient(ctx, "nobody", func(*store.Client) error { return nil })
	wantError(t, err, store.ErrNotFound, "nobody")
}

func testClientChanges(t *testing.T, s store.Store) {
	must(t, s.CreateClient(t.Context(), store.Client{ID: "acme"}))
	var changes sync.WaitGroup
	for range 20 {
		changes.Go(func() {
			_, err := s.UpdateClient(t.Context(), "acme", func(c *store.Client) error {
				c.Models = append(c.Models, "m")
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	changes.Wait()
	if got, err := s.Client(t.Context(), "acme"); err != nil || len(got.Models) != 20 {
		t.Errorf("%d of 20 changes are there, %v", len(got.Models), err)
	}
}

func testTeams(t *testing.T, s store.Store) {
	ctx := t.Context()
	ops := store.Team{ID: "ops", Name: strange, Created: moment(0)}
	must(t, s.CreateTeam(ctx, ops))
	must(t, s.CreateTeam(ctx, store.Team{ID: "dev"}))
	wantError(t, s.CreateTeam(ctx, store.Team{ID: "ops"}), store.ErrConflict, "ops")
	if got, err := s.Team(ctx, "ops"); err != nil || got != ops {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err := s.Team(ctx, "nobody")
	wantError(t, err, store.ErrNotFound, "nobody")
	if teams, err := s.Teams(ctx, "dev", 0); err != nil || len(teams) != 1 || teams[0] != ops {
		t.Errorf("teams %+v, %v", teams, err)
	}
}

func testRequestClaims(t *testing.T, s store.Store) {
	ctx := t.Context()
	for _, claim := range []struct{ client, key, digest, want string }{
		{"acme", "k", "one", "one"},
		{"acme", "k", "two", "one"},
		{"acme", "k", "one", "one"},
		{"zoo", "k", "two", "two"},
		{"acme", strange, "two", "two"},
	} {
		first, err := s.ClaimRequest(ctx, claim.client, claim.key, claim.digest, moment(0))
		if err != nil || first != claim.want {
			t.Errorf("%+v: %q, %v", claim, first, err)
		}
	}
	if n, err := s.ForgetRequests(ctx, moment(0)); err != nil || n != 0 {
		t.Errorf("%d forgotten too early, %v", n, err)
	}
	if n, err := s.ForgetRequests(ctx, moment(0).Add(time.Second)); err != nil || n != 3 {
		t.Errorf("%d forgotten, %v; want 3", n, err)
	}
	if first, err := s.ClaimRequest(ctx, "acme", "k", "two", moment(2)); err != nil || first != "two" {
		t.Errorf("a forgotten key is still %q, %v", first, err)
	}
}
