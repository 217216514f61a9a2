package server_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/server/servertest"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

// withGateway is a world whose models are a real gateway on a real ledger.
func withGateway(t *testing.T, double *providertest.Provider) *world {
	t.Helper()
	return setup(t, func(o *server.Options) {
		var err error
		if o.Models, err = newGateway(o.Ledger, double); err != nil {
			t.Fatal(err)
		}
		o.Now = time.Now
	})
}

func newGateway(book ledger.Ledger, double *providertest.Provider) (*gateway.Gateway, error) {
	return gateway.New(gateway.Options{
		Ledger: book, Providers: map[string]provider.Provider{"double": double}, Drain: time.Second,
		Catalog: map[string]gateway.Model{
			"small":   {Provider: "double", ID: "small-v1", ContextWindow: 100_000, MaxOutput: 1000, Priced: true, Input: 1e9, Output: 2e9},
			"vectors": {Provider: "double", ID: "vectors-v1", ContextWindow: 100_000, Priced: true, Input: 1e9, Embedding: true},
		},
		Routes: gateway.Routes{Default: "small"},
	})
}

const small = `{"model":"small","max_tokens":300,"messages":[{"role":"user","content":"hello"}]}`

func TestBudgetsHoldOverHTTP(t *testing.T) {
	t.Parallel()
	double := &providertest.Provider{Answer: func(_ context.Context, _ int, req provider.Request) (provider.Response, error) {
		response := providertest.Text("ok")
		response.Usage = provider.Tokens{Input: 5, Output: int64(req.MaxTokens)} // all of its hold but a little
		return response, nil
	}}
	w := withGateway(t, double)
	acme, admin := w.addKey("acme", "ann"), w.addAdmin()
	admin.call("PUT", "/v1/admin/budgets/client/acme/day", `{"tokens":3500}`).want(200)
	var refused, served sync.Map
	var calls sync.WaitGroup
	for i := range 40 {
		calls.Go(func() {
			body := small
			if i%2 == 1 {
				body = strings.Replace(small, "{", `{"stream":true,`, 1)
			}
			got := acme.call("POST", "/v1/chat/completions", body)
			switch got.status {
			case http.StatusOK:
				served.Store(i, got)
			case http.StatusTooManyRequests:
				refused.Store(i, got)
			default:
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
	}
	calls.Wait()
	count := func(m *sync.Map) (n int) {
		m.Range(func(any, any) bool { n++; return true })
		return n
	}
	if count(&served) != len(double.Calls()) || count(&served)+count(&refused) != 40 || count(&served) < 8 || count(&served) > 12 {
		t.Errorf("%d served, %d refused, %d calls", count(&served), count(&refused), len(double.Calls()))
	}
	got := admin.call("GET", "/v1/admin/budgets/client/acme", "").want(200)
	var report struct {
		Periods []struct {
			Period        string
			Settled, Held struct{ Tokens int64 }
		}
	}
	if got.into(&report); report.Periods[0].Settled.Tokens > 3500 || report.Periods[0].Held.Tokens != 0 {
		t.Errorf("accounts %s", got.body)
	}
	var usage usageReport
	if acme.call("GET", "/v1/usage?by=feature", "").want(200).into(&usage); len(usage.Rows) != 1 || usage.Rows[0].Calls != int64(count(&served)) {
		t.Errorf("usage %+v", usage)
	}
}

func TestASecondRequestWithItsKeyIsFree(t *testing.T) {
	t.Parallel()
	double := &providertest.Provider{}
	w := withGateway(t, double)
	mine := withHeader("Idempotency-Key", "k")
	content := func(got answer) string {
		var completion struct {
			Choices []struct{ Message struct{ Content string } }
		}
		got.want(200).into(&completion)
		return completion.Choices[0].Message.Content
	}
	first := content(w.call("POST", "/v1/chat/completions", small, mine))
	again := w.call("POST", "/v1/chat/completions", small, mine)
	if content(again) != first || len(double.Calls()) != 1 {
		t.Errorf("%q, then %s after %d calls", first, again.body, len(double.Calls()))
	}
	w.call("POST", "/v1/chat/completions", small, withHeader("X-Quaestor-Cache", "exact")).want(200)
	if got := w.call("POST", "/v1/chat/completions", small, withHeader("X-Quaestor-Cache", "exact")).want(200); got.header.Get("X-Quaestor-Cache") != "hit" {
		t.Errorf("headers %v", got.header)
	}
	if len(double.Calls()) != 2 {
		t.Errorf("%d calls", len(double.Calls()))
	}
	w.call("POST", "/v1/embeddings", `{"model":"vectors","input":["a","b"],"dimensions":4}`).want(200)
}

// A stream whose reader goes, and one whose key is revoked, are settled.
func TestStreamsThatEndEarlyAreSettled(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]bool{"the client is gone": false, "the key is revoked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := make(chan struct{}, 1)
			double := &providertest.Provider{Streams: providertest.Paced(providertest.Text("one two three four five"), gate)}
			w := withGateway(t, double)
			acme, admin := w.addKey("acme", "ann"), w.addAdmin()
			gate <- struct{}{}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			rest := acme.open(ctx, strings.Replace(small, "{", `{"stream":true,`, 1))
			if line, err := rest.ReadString('\n'); err != nil || !strings.Contains(line, "assistant") {
				t.Fatalf("read %q, %v", line, err)
			}
			if revoke {
				key, err := w.store.KeyByHash(t.Context(), server.HashKey(acme.key))
				if err != nil {
					t.Fatal(err)
				}
				admin.call("DELETE", "/v1/admin/keys/"+key.ID, "").want(204)
				text, err := io.ReadAll(rest)
				if err != nil || !strings.Contains(string(text), `"code":"invalid_api_key"`) || strings.Contains(string(text), "[DONE]") {
					t.Errorf("the stream went on with %q, %v", text, err)
				}
			}
			cancel()
			close(gate) // the model says the rest
			eventually(t, func() bool {
				settled, err := w.ledger.Attempts(t.Context(), ledger.AttemptFilter{Client: "acme", State: ledger.StateSettled})
				return err == nil && len(settled) == 1 && settled[0].Usage.OutputTokens > 0
			})
		})
	}
}

// open starts a stream.
func (w *world) open(ctx context.Context, body string) *bufio.Reader {
	w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + w.key}, "Content-Type": {"application/json"}}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d", response.StatusCode)
	}
	return bufio.NewReader(response.Body)
}

// BenchmarkChat is a chat completion over HTTP, with a key, a budget and the
// durable ledger, by a model that answers at once; client and server share the
// machine.
func BenchmarkChat(b *testing.B) {
	book, err := ledgersqlite.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer book.Close()
	if err := book.SetLimit(b.Context(), ledger.Scope{Kind: ledger.ScopeClient, ID: "acme"}, ledger.PeriodDay, ledger.Limit{Tokens: 1 << 50}); err != nil {
		b.Fatal(err)
	}
	models, err := newGateway(book, &providertest.Provider{})
	if err != nil {
		b.Fatal(err)
	}
	kept := storetest.New(b)
	secret, key := server.NewKey("acme", "ann", time.Now())
	if err := kept.CreateKey(b.Context(), key); err != nil {
		b.Fatal(err)
	}
	s, err := server.New(server.Options{Store: kept, Engine: &servertest.Engine{}, Models: models, Ledger: book})
	if err != nil {
		b.Fatal(err)
	}
	listening := httptest.NewServer(s)
	defer listening.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, listening.URL+"/v1/chat/completions", strings.NewReader(small))
			if err != nil {
				b.Error(err)
				return
			}
			r.Header = http.Header{"Authorization": {"Bearer " + secret}, "Content-Type": {"application/json"}}
			response, err := transport.RoundTrip(r)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
				b.Errorf("status %d, %v", response.StatusCode, err)
			}
			response.Body.Close()
		}
	})
}
