package server_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server"
)

const hello = `{"model":"double","messages":[{"role":"user","content":"hello"}]}`

func TestClientsAreServedAsTheyAreSet(t *testing.T) {
	t.Parallel()
	w := setup(t)
	acme, admin := w.addKey("acme", "ann"), w.addAdmin()
	admin.call("POST", "/v1/admin/clients", `{"id":"acme","team":"ops"}`).wantField(422, "invalid", "body", "/team")
	admin.call("POST", "/v1/admin/teams", `{"id":"ops","name":"Operations"}`).want(201)
	admin.call("POST", "/v1/admin/teams", `{"id":"ops"}`).wantProblem(409, "conflict")
	made := admin.call("POST", "/v1/admin/clients", `{"id":"acme","name":"Acme","team":"ops","cache":"exact","injection_threshold":0.8,"system_prompt":"Be kind.","models":["double"]}`).want(201)
	want := `{"cache":"exact","created_at":"2030-01-02T03:04:05Z","disabled":false,"id":"acme","injection_threshold":0.8,"models":["double"],` +
		`"name":"Acme","system_prompt":"Be kind.","team":"ops","updated_at":"2030-01-02T03:04:05Z"}`
	if got := strings.TrimSpace(string(made.body)); got != want {
		t.Errorf("made %s\nwant %s", got, want)
	}
	if got := admin.call("GET", "/v1/admin/clients/acme", "").want(200); strings.TrimSpace(string(got.body)) != want {
		t.Errorf("got %s", got.body)
	}
	acme.call("POST", "/v1/chat/completions", hello).want(200)
	call := w.models.Calls()[0]
	if call.Client != "acme" || call.Team != "ops" || call.System != "Be kind." || call.Cache != gateway.CacheExact || call.BlockInjections != 0.8 {
		t.Errorf("asked %+v", call)
	}
	var run accepted
	acme.call("POST", "/v1/research", `{"topic":"x"}`).want(202).into(&run)
	if started := w.engine.Started()[run.ID]; started.Client != "acme" || started.Team != "ops" { // agents are charged as models are
		t.Errorf("started %+v", started)
	}
	acme.call("POST", "/v1/embeddings", `{"model":"double-vectors","input":"x"}`).want(404)
	admin.call("PATCH", "/v1/admin/clients/acme", `{"team":"","cache":"off","system_prompt":"","models":[]}`).want(200)
	acme.call("POST", "/v1/embeddings", `{"model":"double-vectors","input":"x"}`).want(200)
	if call := w.models.EmbedCalls()[0]; call.Team != "" {
		t.Errorf("charged to team %q", call.Team)
	}
	admin.call("PATCH", "/v1/admin/clients/acme", `{"disabled":true}`).want(200)
	acme.call("POST", "/v1/chat/completions", hello).want(403)
	acme.call("GET", "/v1/research", "").wantProblem(403, "forbidden")

	admin.call("POST", "/v1/admin/clients", `{"id":"acme"}`).wantProblem(409, "conflict")
	admin.call("POST", "/v1/admin/clients", `{"id":"a b"}`).wantField(422, "invalid", "body", "/id")
	admin.call("POST", "/v1/admin/clients", `{"id":"b","injection_threshold":2}`).wantField(422, "invalid", "body", "/injection_threshold")
	admin.call("PATCH", "/v1/admin/clients/acme", `{"team":"nobody"}`).wantField(422, "invalid", "body", "/team")
	admin.call("PATCH", "/v1/admin/clients/nobody", `{"disabled":true}`).wantProblem(404, "not-found")
	admin.call("GET", "/v1/admin/clients/nobody", "").wantProblem(404, "not-found")
}

func TestListsOfClientsAndTeamsHavePages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin := w.addAdmin()
	for _, id := range []string{"c", "a", "b"} {
		admin.call("POST", "/v1/admin/clients", `{"id":"`+id+`"}`).want(201)
		admin.call("POST", "/v1/admin/teams", `{"id":"`+id+`"}`).want(201)
	}
	for _, path := range []string{"/v1/admin/clients", "/v1/admin/teams"} {
		var page struct {
			Clients, Teams []struct{ ID string }
			Next           string
		}
		admin.call("GET", path+"?limit=2", "").want(200).into(&page)
		ids := slices.Concat(page.Clients, page.Teams)
		if len(ids) != 2 || ids[0].ID != "a" || page.Next != "b" {
			t.Errorf("%s: %+v", path, page)
		}
		page.Next, page.Clients, page.Teams = "", nil, nil
		admin.call("GET", path+"?limit=2&cursor=b", "").want(200).into(&page)
		if ids := slices.Concat(page.Clients, page.Teams); len(ids) != 1 || ids[0].ID != "c" || page.Next != "" {
			t.Errorf("%s: %+v", path, page)
		}
	}
}

type secretKey struct {
	Secret string
	Key    struct {
		ID, Client, Name, Role, Replaces string
		ExpiresAt                        time.Time `json:"expires_at"`
		RevokedAt                        time.Time `json:"revoked_at"`
	}
}

func TestKeysAreMadeRotatedAndRevoked(t *testing.T) {
	t.Parallel()
	var later atomic.Int64 // than now; the log asks for the time after an answer has left
	w := setup(t, func(o *server.Options) {
		o.Now = func() time.Time { return now.Add(time.Duration(later.Load())) }
		o.KeyLife = time.Hour // what one process changes holds there at once
	})
	w.call("POST", "/v1/admin/keys", `{"client":"acme"}`).wantProblem(409, "conflict") // it would shut the operator out
	var root, first, second secretKey
	w.call("POST", "/v1/admin/keys", `{"client":"house","role":"admin"}`).want(201).into(&root)
	w.call("GET", "/v1/admin/keys", "").wantProblem(401, "unauthenticated")
	admin := *w
	admin.key = root.Secret
	admin.call("POST", "/v1/admin/keys", `{"client":"acme","name":"billing"}`).want(201).into(&first)
	if first.Key.Client != "acme" || first.Key.Name != "billing" || first.Key.Role != "client" || !strings.HasPrefix(first.Secret, "qk_") {
		t.Errorf("made %+v", first)
	}
	acme := *w
	acme.key = first.Secret
	acme.call("GET", "/v1/models", "").want(200)

	admin.call("POST", "/v1/admin/keys/"+first.Key.ID+"/rotate", `{"overlap":"1h"}`).want(201).into(&second)
	if second.Key.Client != "acme" || second.Key.Name != "billing" || second.Key.Replaces != first.Key.ID || second.Secret == first.Secret {
		t.Errorf("rotated to %+v", second)
	}
	renewed := acme
	renewed.key = second.Secret
	acme.call("GET", "/v1/models", "").want(200)
	renewed.call("GET", "/v1/models", "").want(200)
	later.Store(int64(time.Hour))
	acme.call("GET", "/v1/models", "").want(401)
	renewed.call("GET", "/v1/models", "").want(200)

	var list struct{ Keys []secretKey }
	got := admin.call("GET", "/v1/admin/keys?client=acme", "").want(200)
	if got.into(&list); len(list.Keys) != 2 || strings.Contains(string(got.body), first.Secret) || strings.Contains(string(got.body), server.HashKey(first.Secret)) {
		t.Errorf("listed %s", got.body)
	}
	admin.call("DELETE", "/v1/admin/keys/"+second.Key.ID, "").want(204)
	renewed.call("GET", "/v1/models", "").want(401)
	admin.call("DELETE", "/v1/admin/keys/nobody", "").wantProblem(404, "not-found")
	admin.call("POST", "/v1/admin/keys/nobody/rotate", `{"overlap":"0s"}`).wantProblem(404, "not-found")
	admin.call("POST", "/v1/admin/keys/"+second.Key.ID+"/rotate", `{"overlap":"0s"}`).wantProblem(409, "conflict")
	for _, overlap := range []string{"soon", "-1s", "721h"} {
		admin.call("POST", "/v1/admin/keys/"+root.Key.ID+"/rotate", `{"overlap":"`+overlap+`"}`).wantField(422, "invalid", "body", "/overlap")
	}
}

// A key that another process revokes stops within the life of what is believed.
func TestARevokedKeyStopsSoon(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.KeyLife = 50 * time.Millisecond })
	ann := w.addKey("acme", "ann")
	ann.call("GET", "/v1/models", "").want(200)
	key, err := w.store.KeyByHash(t.Context(), server.HashKey(ann.key))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.RevokeKey(t.Context(), key.ID, now); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); ann.call("GET", "/v1/models", "").status != http.StatusUnauthorized; time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("the key still works")
		}
	}
}

func reserve(ctx context.Context, t *testing.T, book ledger.Ledger, key string) ledger.Attempt {
	t.Helper()
	attempt, err := book.Reserve(ctx, ledger.Reservation{
		Key: key, Client: "acme", Team: "ops", Feature: "chat", Provider: "double", Model: "double", Dispatched: true,
		Hold: ledger.Amount{Tokens: 1000, NanoUSD: 2_000_000_000}, Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return attempt
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin := w.addAdmin()
	admin.call("PUT", "/v1/admin/budgets/client/acme/day", `{"tokens":5000,"usd":4.5}`).want(200)
	settled := reserve(t.Context(), t, w.ledger, "a")
	if _, err := w.ledger.Settle(t.Context(), settled.ID, ledger.Settlement{Usage: ledger.Usage{InputTokens: 100, NanoUSD: 1}}); err != nil {
		t.Fatal(err)
	}
	reserve(t.Context(), t, w.ledger, "b")
	got := admin.call("GET", "/v1/admin/budgets/client/acme", "").want(200)
	day := `{"calls":2,"held":{"tokens":1000,"usd":2},"left":{"tokens":3900,"usd":2.499999999},"limit":{"tokens":5000,"usd":4.5},` +
		`"overage":{"tokens":0,"usd":0},"period":"day","settled":{"tokens":100,"usd":0.000000001},"uncertain":0}`
	month := `{"calls":2,"held":{"tokens":1000,"usd":2},"limit":{},"overage":{"tokens":0,"usd":0},"period":"month",`
	if body := string(got.body); !strings.Contains(body, day) || !strings.Contains(body, month) {
		t.Errorf("got  %s\nwant %s", body, day)
	}
	admin.call("GET", "/v1/admin/budgets/team/ops", "").want(200)
	for body, field := range map[string]string{`{"tokens":0}`: "/tokens", `{"usd":-1}`: "/usd", `{"usd":0.0000000001}`: "/usd", `{"euros":1}`: "/euros"} {
		admin.call("PUT", "/v1/admin/budgets/client/acme/day", body).wantField(422, "invalid", "body", field)
	}
	admin.call("PUT", "/v1/admin/budgets/client/acme/week", `{}`).wantField(400, "malformed", "path", "period")
	admin.call("GET", "/v1/admin/budgets/run/r_1", "").wantField(400, "malformed", "path", "scope")
	// A limit below what was used admits nothing more.
	got = admin.call("PUT", "/v1/admin/budgets/client/acme/day", `{"tokens":1}`).want(200)
	if !strings.Contains(string(got.body), `"left":{"tokens":0}`) {
		t.Errorf("got %s", got.body)
	}
}

func TestUncertainAttemptsAreReconciled(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin := w.addAdmin()
	var ids []string
	for _, key := range []string{"a", "b", "c"} {
		attempt := reserve(t.Context(), t, w.ledger, key)
		if key != "c" {
			if err := w.ledger.Uncertain(t.Context(), attempt.ID, "the process died"); err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, itoa(attempt.ID))
	}
	var page struct {
		Attempts []struct {
			ID                  int64
			Call, State, Reason string
		}
		Next string
	}
	admin.call("GET", "/v1/admin/attempts?limit=1", "").want(200).into(&page)
	if len(page.Attempts) != 1 || page.Attempts[0].Call != "a" || page.Attempts[0].Reason != "the process died" || page.Next != ids[0] {
		t.Errorf("page %+v", page)
	}
	admin.call("GET", "/v1/admin/attempts?cursor="+page.Next, "").want(200).into(&page)
	if len(page.Attempts) != 1 || page.Attempts[0].Call != "b" {
		t.Errorf("page %+v", page)
	}
	admin.call("GET", "/v1/admin/attempts?cursor=x", "").wantField(400, "malformed", "query", "cursor")

	usage := `{"input_tokens":10,"output_tokens":5,"usd":0.25}`
	got := admin.call("POST", "/v1/admin/attempts/"+ids[0]+"/settle", usage).want(200)
	if body := string(got.body); !strings.Contains(body, `"usage":{"input_tokens":10,"output_tokens":5,"usd":0.25}`) || !strings.Contains(body, `"state":"settled"`) {
		t.Errorf("settled %s", body)
	}
	got = admin.call("POST", "/v1/admin/attempts/"+ids[1]+"/release", `{"reason":"not on the invoice"}`).want(200)
	if !strings.Contains(string(got.body), `"reason":"reconciled by root: not on the invoice"`) {
		t.Errorf("released %s", got.body)
	}
	for _, id := range []string{ids[0], ids[1], ids[2]} { // the last one is under way
		admin.call("POST", "/v1/admin/attempts/"+id+"/settle", usage).wantProblem(409, "conflict")
		admin.call("POST", "/v1/admin/attempts/"+id+"/release", `{"reason":"x"}`).wantProblem(409, "conflict")
	}
	admin.call("POST", "/v1/admin/attempts/99/release", `{"reason":"x"}`).wantProblem(404, "not-found")
	admin.call("POST", "/v1/admin/attempts/"+ids[2]+"/release", `{"reason":" "}`).wantField(422, "invalid", "body", "/reason")
	balance, err := w.ledger.Balance(t.Context(), ledger.Scope{Kind: ledger.ScopeClient, ID: "acme"}, ledger.PeriodTotal)
	if err != nil || balance.Settled != (ledger.Amount{Tokens: 15, NanoUSD: 250_000_000}) || balance.Held.Tokens != 1000 {
		t.Errorf("balance %+v, %v", balance, err)
	}
}

func TestWithoutLedgerOrModels(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Ledger, o.Models = nil, nil })
	for _, path := range []string{"/v1/usage", "/v1/admin/attempts", "/v1/admin/budgets/client/acme"} {
		w.call("GET", path, "").wantProblem(404, "not-found")
	}
	for _, path := range []string{"/v1/models", "/v1/models/x"} { // as OpenAI's SDKs understand it
		if got := w.call("GET", path, "").want(404); !strings.Contains(string(got.body), `"type":"invalid_request_error"`) {
			t.Errorf("got %s", got.body)
		}
	}
}

func TestErrorsBesideTheModelsHaveOpenAIsForm(t *testing.T) {
	t.Parallel()
	w := setup(t)
	got := w.call("GET", "/v1/chat/completions", "").want(405)
	if got.header.Get("Allow") != "POST" || !strings.Contains(string(got.body), `"error":{`) {
		t.Errorf("got %s, %v", got.body, got.header)
	}
	if got := w.call("GET", "/v1/models", "", withHeader("Origin", "https://evil.example")).want(403); !strings.Contains(string(got.body), `"error":{`) {
		t.Errorf("got %s", got.body)
	}
}
