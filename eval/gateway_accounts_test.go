package eval_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// Two clients with the same request share no answer: each has its own, and pays
// for it. The same client again has it from its cache, for nothing.
func TestTwoClientsWithTheSameRequestEachPayForTheirOwnAnswer(t *testing.T) {
	t.Parallel()
	w, url, first := newEnd(t, "{answer: {text: All that I know., usage: {input: 30, output: 5}}}")
	second, _ := w.addKey(t, "d")
	call := ask{model: viaOpenAI, text: markText, max: 200, header: http.Header{"X-Quaestor-Cache": {"exact"}}}
	for i, key := range []string{first, second, first, second} {
		got := call.send(t.Context(), newClient(t), url, key)
		if hit := got.header.Get("X-Quaestor-Cache") == "hit"; !got.whole || hit != (i >= 2) {
			t.Errorf("call %d: %s; from the cache: %t", i, got, hit)
		}
	}
	if served := w.served(); len(served) != 2 || served[0].Digest != served[1].Digest {
		t.Errorf("the emulator got %+v", served)
	}
	w.written(t)
	for _, client := range []string{"c", "d"} {
		attempts := w.attempts(t, ledger.AttemptFilter{Client: client})
		if len(attempts) != 2 || attempts[0].Cached || !attempts[1].Cached || attempts[1].Usage != (ledger.Usage{}) {
			t.Errorf("attempts of %s: %+v", client, attempts)
		}
		if b := w.balance(t, client); b.Settled.Tokens != 35 || b.Calls != 1 || b.Attempts != 1 {
			t.Errorf("%s: %+v", client, b)
		}
	}
}

// A budget in dollars that is used up still lets a free model answer. When that
// is down, its fallback costs money: it is refused, and nothing is sent to it.
func TestAFallbackThatCostsMoneyIsRefusedToAnExhaustedBudget(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream=%t", stream), func(t *testing.T) {
			t.Parallel()
			w, url, key := newEnd(t, "{answer: {text: All that I know., usage: full}}")
			paid := ask{model: viaOpenAI, text: markText, max: 200, stream: stream}
			w.limit(t, "c", ledger.Limit{NanoUSD: markBound*1000 + 200*2000})
			if got := paid.send(t.Context(), newClient(t), url, key); !got.whole {
				t.Fatalf("the call that fits: %s", got)
			}
			if got := paid.send(t.Context(), newClient(t), url, key); got.status != http.StatusTooManyRequests || got.code != "insufficient_quota" {
				t.Errorf("the call that does not: %s", got)
			}
			free := paid
			free.model = "free-primary"
			if got := free.send(t.Context(), newClient(t), url, key); !got.whole {
				t.Errorf("a free model: %s", got)
			}
			before := len(w.served())
			w.emulator.Script(t, "rules:\n  - {match: {model: free-primary}, fault: {kind: unavailable}}\n  - {answer: {text: Never., usage: full}}")
			if got := free.send(t.Context(), newClient(t), url, key); got.status != http.StatusServiceUnavailable || got.whole {
				t.Errorf("a free model that is down: %s", got)
			}
			for _, entry := range w.served()[before:] {
				if entry.Model != "free-primary" {
					t.Errorf("the emulator got %+v", entry)
				}
			}
			if len(w.served()) == before {
				t.Error("the free model was not asked")
			}
			w.written(t)
			if b := w.balance(t, "c"); b.Settled.NanoUSD != b.Limit.NanoUSD || b.Held.NanoUSD != 0 {
				t.Errorf("the balance is %+v", b)
			}
		})
	}
}

// An endpoint of another name is asked for its own models only, at its own
// price; when it is down, the fallback is asked where that is served.
func TestEachEndpointServesItsOwnModels(t *testing.T) {
	t.Parallel()
	second := mocktest.StartScript(t, "rules: [{answer: {text: From elsewhere., usage: {input: 10, output: 5}}}]")
	w := newWorld(t, mocktest.StartScript(t, "rules: [{answer: {text: From here., usage: {input: 10, output: 5}}}]"), "", "")
	w.others = map[string]configs.OpenAI{"second": {BaseURL: second.URL + "/v1", Clients: true}}
	key, _ := w.addKey(t, "c")
	url := w.serve(t)
	call := ask{model: "elsewhere", text: markText, max: 200}
	for _, model := range []string{"elsewhere", viaOpenAI} {
		call.model = model
		if got := call.send(t.Context(), newClient(t), url, key); !got.whole {
			t.Errorf("%s: %s", model, got)
		}
	}
	if here, there := w.served(), second.Entries(); len(here) != 1 || len(there) != 1 || here[0].Model != viaOpenAI || there[0].Model != "elsewhere" {
		t.Errorf("here %+v, there %+v", here, there)
	}
	w.written(t)
	if b := w.balance(t, "c"); b.Settled.NanoUSD != (10*3+5*4+10*1+5*2)*1000 {
		t.Errorf("the balance is %+v", b)
	}
	second.Script(t, "rules: [{fault: {kind: unavailable}}]")
	call.model = "elsewhere"
	if got := call.send(t.Context(), newClient(t), url, key); !got.whole {
		t.Errorf("with the endpoint down: %s", got)
	}
	if here := w.served(); len(here) != 2 {
		t.Errorf("the fallback: %+v", here)
	}
}

// A key that is revoked in the middle of a stream ends it with an error; what
// was sent is settled at what it cost.
func TestAKeyRevokedInMidStreamEndsItAndIsSettled(t *testing.T) {
	t.Parallel()
	for _, model := range []string{viaOpenAI, viaBedrock} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mocktest.StartScript(t, noCount+fmt.Sprintf("  - {token_delay: 100ms, answer: {text: %q, usage: {input: 30, output: 50}}}", manyPieces())), "", "")
			w.set("QUAESTOR_GATEWAY_DRAIN", "20s")
			admin, root := access.NewKey("admin", "", store.RoleAdmin, time.Now())
			if err := w.store.CreateKey(t.Context(), root); err != nil {
				t.Fatal(err)
			}
			key, id := w.addKey(t, "c")
			url, client := w.serve(t), newClient(t)
			revoked := false
			got := ask{model: model, text: markText, max: 200, stream: true}.send(t.Context(), client, url, key, func(piece int) {
				if revoked || piece < 2 {
					return
				}
				revoked = true
				if status := revoke(t, client, url, admin, id); status != http.StatusNoContent {
					t.Errorf("revoking the key: status %d", status)
				}
			})
			if got.status != http.StatusOK || got.whole || got.code != "invalid_api_key" || got.pieces >= 50 {
				t.Errorf("the client got %s", got)
			}
			a, entry := w.attempt(t), w.only(t)
			if a.State != ledger.StateSettled || a.Usage.InputTokens != 30 || a.Usage.OutputTokens != 50 || !entry.Complete {
				t.Errorf("the attempt is %s with %+v; the emulator has %+v", a.State, a.Usage, entry)
			}
			if again := (ask{model: model, text: markText, max: 200}).send(t.Context(), client, url, key); again.status != http.StatusUnauthorized || len(w.served()) != 1 {
				t.Errorf("the revoked key: %s", again)
			}
		})
	}
}

func revoke(t *testing.T, client *http.Client, url, admin, id string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url+"/v1/admin/keys/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+admin)
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}
