package eval_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgerpostgres "github.com/quaestor-run/quaestor/runtime/ledger/postgres"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// The models of these tests, the same but for who serves them: a dollar per
// million tokens in, two out.
const (
	viaOpenAI  = "test-openai"
	viaBedrock = "test-bedrock"
)

const testModels = `models:
  test-openai:
    provider: openai
    id: test-openai
    context_window: 100000
    max_output: 4096
    price: {input: 1, output: 2}
  test-bedrock:
    provider: bedrock
    id: anthropic.test-v1:0
    context_window: 100000
    max_output: 4096
    price: {input: 1, output: 2}
  # Served in two regions, then by another model.
  free-primary:
    provider: openai
    id: free-primary
    context_window: 100000
    max_output: 4096
    fallbacks: [test-openai]
    price: {input: 0, output: 0}
  # Served by an endpoint of another name, then by openai.
  elsewhere:
    provider: second
    id: elsewhere
    context_window: 100000
    max_output: 4096
    fallbacks: [test-openai]
    price: {input: 3, output: 4}
`

// world is a gateway's configuration, the emulator it calls, and what it leaves
// behind: its ledger and its store, opened here as by another process.
type world struct {
	emulator *mocktest.Server
	settings []string                  // of the environment, name=value
	others   map[string]configs.OpenAI // further endpoints, by name
	data     string
	store    store.Store
	book     ledger.Ledger
}

// newWorld makes a world whose emulator answers by a script. Database is the URL
// of a PostgreSQL database, or empty for SQLite files. Upstream is where the
// gateway finds the emulator, when not at its own address.
func newWorld(t *testing.T, emulator *mocktest.Server, database, upstream string) *world {
	t.Helper()
	if raceDetector {
		t.Skip("left out with the race detector: what is tested are processes, their times among it; the run without it has this test")
	}
	w := &world{emulator: emulator, data: t.TempDir()}
	catalog := filepath.Join(w.data, "models.yaml")
	if err := os.WriteFile(catalog, []byte(testModels), 0o600); err != nil {
		t.Fatal(err)
	}
	if upstream == "" {
		upstream = emulator.URL
	}
	w.settings = []string{
		"QUAESTOR_DATA=" + w.data, "QUAESTOR_DATABASE_URL=" + database, "QUAESTOR_MODELS_CATALOG=" + catalog,
		"QUAESTOR_SERVER_ADDR=127.0.0.1:0", "QUAESTOR_SERVER_DRAIN_TIMEOUT=5s",
		"QUAESTOR_PROVIDERS_OPENAI_BASE_URL=" + upstream + "/v1", "QUAESTOR_PROVIDERS_OPENAI_API_KEY_ENV=TEST_OPENAI_KEY",
		"QUAESTOR_PROVIDERS_OPENAI_CLIENTS=true", "QUAESTOR_PROVIDERS_OPENAI_CONCURRENCY=256",
		"QUAESTOR_PROVIDERS_BEDROCK_REGION=eu-west-1", "QUAESTOR_PROVIDERS_BEDROCK_ENDPOINT=" + upstream,
		"QUAESTOR_PROVIDERS_BEDROCK_CLIENTS=true", "QUAESTOR_PROVIDERS_BEDROCK_CONCURRENCY=256",
		"QUAESTOR_GATEWAY_DRAIN=2s", "QUAESTOR_TELEMETRY_LOG_LEVEL=warn",
	}
	config := w.config(t)
	var err error
	if w.store, err = runtime.OpenStore(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if database != "" {
		accounts, err := ledgerpostgres.Open(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { accounts.Close() })
		w.book = accounts
		return w
	}
	accounts, err := ledgersqlite.Open(t.Context(), w.ledgerFile())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accounts.Close() })
	w.book = accounts
	return w
}

func (w *world) ledgerFile() string { return filepath.Join(w.data, "ledger.db") }

// set changes a setting for gateways that start later.
func (w *world) set(name, value string) { w.settings = append(w.settings, name+"="+value) }

func (w *world) setting(name string) string {
	value := ""
	for _, setting := range w.settings {
		if len(setting) > len(name) && setting[:len(name)+1] == name+"=" {
			value = setting[len(name)+1:]
		}
	}
	return value
}

func (w *world) config(t *testing.T) configs.Config {
	t.Helper()
	config, err := configs.Load("", w.setting)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// addKey makes a client, or another key of it, and gives the secret.
func (w *world) addKey(t *testing.T, client string) (secret, id string) {
	t.Helper()
	secret, key := access.NewKey(client, "", store.RoleClient, time.Now())
	if err := w.store.CreateKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	return secret, key.ID
}

func clientScope(id string) ledger.Scope { return ledger.Scope{Kind: ledger.ScopeClient, ID: id} }

// limit sets the budget of a client, of every day and in all.
func (w *world) limit(t *testing.T, client string, limit ledger.Limit) {
	t.Helper()
	for _, period := range []ledger.Period{ledger.PeriodDay, ledger.PeriodTotal} {
		if err := w.book.SetLimit(t.Context(), clientScope(client), period, limit); err != nil {
			t.Fatal(err)
		}
	}
}

// serve runs the gateway in this process, as `quaestor gateway` does, and gives
// its URL.
func (w *world) serve(t *testing.T) string {
	t.Helper()
	config := w.config(t)
	config.Providers.OpenAI.APIKeyEnv = "" // only a process has an environment of its own
	config.Providers.Compatible = w.others
	service, err := bedrock.New(t.Context(), bedrock.Options{
		Region: config.Providers.Bedrock.Region, Endpoint: config.Providers.Bedrock.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	log := &logged{t: t}
	running, err := runtime.New(t.Context(), runtime.Options{
		Config: config, GatewayOnly: true, Providers: map[string]provider.Provider{"bedrock": service}, LogOutput: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Errorf("closing the gateway: %v", err)
		}
		log.end()
	})
	return running.URL()
}

// attempts are all that the ledger has, oldest first.
func (w *world) attempts(t *testing.T, filter ledger.AttemptFilter) []ledger.Attempt {
	t.Helper()
	var all []ledger.Attempt
	for filter.Limit = 1000; ; filter.After = all[len(all)-1].ID {
		page, err := w.book.Attempts(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page...); len(page) < filter.Limit {
			return all
		}
	}
}

func (w *world) balance(t *testing.T, client string) ledger.Balance {
	t.Helper()
	b, err := w.book.Balance(t.Context(), clientScope(client), ledger.PeriodTotal)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// served are the model calls that the emulator got. Asking it to count tokens is
// none.
func (w *world) served() []mock.Entry {
	var calls []mock.Entry
	for _, entry := range w.emulator.Entries() {
		if entry.Operation != mock.OpCountTokens {
			calls = append(calls, entry)
		}
	}
	return calls
}

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for 30 s: %s", what)
		}
	}
}

// sweepAll ends whatever is still open, as if its time were over.
func (w *world) sweepAll(t *testing.T) {
	t.Helper()
	if _, _, err := w.book.Sweep(context.WithoutCancel(t.Context()), time.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// logged keeps what a gateway says, and shows it when its test fails.
type logged struct {
	t *testing.T

	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String gives the last of it.
func (l *logged) String() string {
	const last = 4000
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	return text[max(0, len(text)-last):]
}

func (l *logged) end() {
	l.mu.Lock()
	_, race, found := strings.Cut(l.text.String(), "WARNING: DATA RACE")
	l.mu.Unlock()
	if found { // of a process that was killed before it could end with an error
		l.t.Errorf("a data race in the gateway: %.8000s", race)
	}
	if l.t.Failed() {
		l.t.Logf("the gateway said:\n%s", l)
	}
}
