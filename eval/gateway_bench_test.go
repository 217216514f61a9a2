package eval_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

// The size of one round of BenchmarkGateway.
const (
	benchConnections = 16
	benchAlone       = 2_000 // requests over one connection
	benchTogether    = 20_000
	benchStreams     = 300
)

// benchChat is a short question, of a few hundred bytes.
var benchChat = `{"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"` +
	strings.Repeat("What is it? ", 20) + `"}],"max_tokens":256}`

// BenchmarkGateway measures what `quaestor gateway` adds to a call, and how many
// it serves: emulator, gateway and the generator of the load are three processes
// on one machine. Every call comes with a client's key, is held and settled in
// budgets by day, month and in all, and is in the ledger, on the disk, before it
// is sent.
//
// One round is 2,000 calls over one connection, to the emulator and through the
// gateway, and 20,000 over sixteen.
func BenchmarkGateway(b *testing.B) {
	if hasServer {
		b.Skip("the gateway is measured without the Temporal server in its binary: -tags slim")
	}
	for _, clients := range []int{1, benchConnections} {
		for _, synchronous := range []string{"normal", "full"} {
			b.Run(fmt.Sprintf("sqlite-%s/clients=%d", synchronous, clients), func(b *testing.B) {
				benchGateway(b, clients, "QUAESTOR_GATEWAY_SYNCHRONOUS="+synchronous)
			})
		}
		b.Run(fmt.Sprintf("postgres/clients=%d", clients), func(b *testing.B) {
			benchGateway(b, clients, "QUAESTOR_DATABASE_URL="+postgrestest.StartDurable(b))
		})
	}
}

func benchGateway(b *testing.B, clients int, storage string) {
	b.Helper()
	data := b.TempDir()
	emulator := launch(b, "emulator", data)
	keys := benchKeys(b, data, storage, clients)
	gateway := launch(b, "gateway", data, storage, "QUAESTOR_SERVER_ADDR=127.0.0.1:0", "OPENAI_API_KEY=none",
		"QUAESTOR_PROVIDERS_OPENAI_BASE_URL="+emulator.url+"/v1", "QUAESTOR_PROVIDERS_OPENAI_CLIENTS=true")
	api := benchBudgets(b, gateway.url, keys)

	var direct, lines []*line
	for i := range benchConnections {
		direct = append(direct, benchDial(b, emulator.url, "none", benchChat))
		lines = append(lines, benchDial(b, gateway.url, keys.clients[i%clients], benchChat))
	}
	made, past := benchStreams, benchStreams // through the gateway, and past it
	through := func(lines []*line, requests int) load {
		made += requests
		return hammer(b, lines, requests, (*line).ask)
	}
	straight := func(lines []*line, requests int) load {
		past += requests
		return hammer(b, lines, requests, (*line).ask)
	}
	straight(direct, benchAlone) // warms
	through(lines, benchAlone)
	self := process{pid: os.Getpid()}
	var alone, added, rate, cpu, elsewhere, middle, late float64
	for b.Loop() {
		least := straight(direct[:1], benchAlone)
		one := through(lines[:1], benchAlone)
		busy, before := gateway.processorTime(b), emulator.processorTime(b)+self.processorTime(b)
		all := through(lines, benchTogether)
		cpu += float64((gateway.processorTime(b) - busy).Microseconds()) / benchTogether
		elsewhere += float64((emulator.processorTime(b) + self.processorTime(b) - before).Microseconds()) / benchTogether
		alone, added = alone+at(one.took, 0.5), added+at(one.took, 0.5)-at(least.took, 0.5)
		rate, middle, late = rate+all.rate(), middle+at(all.took, 0.5), max(late, at(all.took, 0.99))
	}
	n := float64(b.N)
	b.ReportMetric(0, "ns/op") // a round is no operation
	b.ReportMetric(alone/n, "ms-p50-at-1")
	b.ReportMetric(added/n, "ms-p50-added-at-1")
	b.ReportMetric(rate/n, "requests/s-at-16")
	b.ReportMetric(middle/n, "ms-p50-at-16")
	b.ReportMetric(late, "ms-p99-at-16")
	b.ReportMetric(cpu/n, "µs-cpu/request")
	b.ReportMetric(elsewhere/n, "µs-cpu/request-of-emulator-and-load")
	b.ReportMetric(benchFirst(b, emulator.url, gateway.url, keys.clients[0]), "ms-p50-first-token-added")
	b.ReportMetric(gateway.peak(b), "MB-peak")
	benchCheck(b, api, data, keys, made, past)
}

func benchDial(b *testing.B, url, key, body string) *line {
	b.Helper()
	l, err := dial(b.Context(), url, key, body)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.conn.Close() })
	return l
}

// benchFirst is what the gateway adds to the time until the first piece of a
// stream is there, over one connection.
func benchFirst(b *testing.B, emulator, gateway, key string) float64 {
	b.Helper()
	body := strings.Replace(benchChat, "{", `{"stream":true,`, 1)
	direct := hammer(b, []*line{benchDial(b, emulator, "none", body)}, benchStreams, (*line).askStream)
	through := hammer(b, []*line{benchDial(b, gateway, key, body)}, benchStreams, (*line).askStream)
	return at(through.first, 0.5) - at(direct.first, 0.5)
}

// benchSecrets are the keys of an administrator and of clients.
type benchSecrets struct {
	admin   string
	clients []string
	ids     []string
}

// benchKeys writes clients of one team, and their keys, into the store.
func benchKeys(b *testing.B, data, storage string, clients int) benchSecrets {
	b.Helper()
	config, err := configs.Load("", func(name string) string {
		if value, ok := strings.CutPrefix(storage, name+"="); ok {
			return value
		}
		return ""
	})
	if err != nil {
		b.Fatal(err)
	}
	config.Data = data
	kept, err := runtime.OpenStore(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close()
	keep := func(client, role string) string {
		secret, key := access.NewKey(client, "", role, time.Now())
		if err := kept.CreateKey(b.Context(), key); err != nil {
			b.Fatal(err)
		}
		return secret
	}
	keys := benchSecrets{admin: keep("", store.RoleAdmin)}
	if err := kept.CreateTeam(b.Context(), store.Team{ID: "bench"}); err != nil {
		b.Fatal(err)
	}
	for i := range clients {
		id := fmt.Sprint("client-", i)
		if err := kept.CreateClient(b.Context(), store.Client{ID: id, Team: "bench"}); err != nil {
			b.Fatal(err)
		}
		keys.ids, keys.clients = append(keys.ids, id), append(keys.clients, keep(id, store.RoleClient))
	}
	return keys
}

// benchBudgets limits every client, and the team, by day, month and in all.
func benchBudgets(b *testing.B, url string, keys benchSecrets) *client.API {
	b.Helper()
	api, err := client.Connect(url, keys.admin, nil)
	if err != nil {
		b.Fatal(err)
	}
	limit := func(scope client.BudgetScope, id string) {
		for _, period := range []string{"day", "month", "total"} {
			answer, err := api.PutBudgetWithResponse(b.Context(), scope, id, period, client.BudgetLimit{Tokens: 1 << 50, USD: json.Number("1000000")})
			if err := client.Check(answer, err); err != nil {
				b.Fatal(err)
			}
		}
	}
	limit(client.BudgetScopeTeam, "bench")
	for _, id := range keys.ids {
		limit(client.BudgetScopeClient, id)
	}
	return api
}

// benchCheck holds the accounts against what was asked: a ledger that is quick
// because it forgets is no good.
func benchCheck(b *testing.B, api *client.API, data string, keys benchSecrets, made, past int) {
	b.Helper()
	calls := 0
	for _, id := range keys.ids {
		calls += benchCalls(b, api, id)
	}
	file, err := os.Open(filepath.Join(data, "served.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	served, err := mock.ReadLog(file)
	if err != nil {
		b.Fatal(err)
	}
	if calls != made || len(served) != made+past {
		b.Errorf("the accounts have %d calls, of %d that were made; the emulator served %d, of %d", calls, made, len(served), made+past)
	}
}

// benchCalls are the calls that a client was charged for, none of them open.
func benchCalls(b *testing.B, api *client.API, id string) int {
	b.Helper()
	answer, err := api.GetBudgetsWithResponse(b.Context(), client.BudgetScopeClient, id)
	if err := client.Check(answer, err); err != nil {
		b.Fatal(err)
	}
	for _, period := range answer.JSON200.Periods {
		if period.Held.Tokens != 0 {
			b.Errorf("client %s still holds %d tokens", id, period.Held.Tokens)
		}
		if period.Period == "total" {
			return int(period.Calls)
		}
	}
	b.Errorf("client %s has no total: %s", id, answer.Body)
	return 0
}
