package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/audit"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// What a provider said of a failed call may quote a request with its key.
func TestNoSecretIsInAPack(t *testing.T) {
	t.Parallel()
	i := research(t, ordinary())
	const key = "sk-abcdefghijklmnopqrstuvwxyz"
	book := i.ledger
	attempt, err := book.Reserve(t.Context(), ledger.Reservation{
		Key: runID + "/x/0/0", Run: runID, Client: "acme", Hold: ledger.Amount{Tokens: 1, NanoUSD: 1}, Dispatched: true,
		Expires: time.Now().Add(time.Hour), Provider: "openai", Model: "priced",
	})
	must(t, err)
	must(t, book.Release(t.Context(), attempt.ID, "refused: Authorization: Bearer "+key))
	must(t, i.store.UpdateRun(t.Context(), runID, store.RunUpdate{Events: []store.Event{{
		Key: "k", Type: "question.failed", Data: []byte(`{"question":"Why?","reason":"postgres://reader:hunter22@db.example/x refused ` + key + `"}`),
	}}}))
	pack := write(t, i)
	if result := verify(t, pack); !result.Verified {
		t.Errorf("not verified:\n%s", told(result))
	}
	members := unpack(t, pack)
	for _, m := range members {
		for _, secret := range []string{key, "hunter22"} {
			if strings.Contains(string(m.data), secret) {
				t.Errorf("%s has a secret in it", m.name)
			}
		}
	}
	calls := read[[]audit.Call](t, members, "calls.json")
	if last := calls[len(calls)-1]; last.Status != "released" || !strings.Contains(last.Attempts[0].Reason, "refused: ") {
		t.Errorf("call %+v", last)
	}
}
