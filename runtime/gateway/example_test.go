package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

// A call that is made again, after a crash or by a retry, is answered from the
// ledger and not paid again.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "gateway-example-")
	if err != nil {
		panic(err)
	}
	book, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		panic(err)
	}
	defer func() {
		if err := errors.Join(book.Close(), os.RemoveAll(dir)); err != nil {
			panic(err)
		}
	}()

	gate, err := gateway.New(gateway.Options{
		Ledger:    book,
		Providers: map[string]provider.Provider{"double": &providertest.Provider{}},
		Catalog: map[string]gateway.Model{
			"small": {Provider: "double", ID: "small-v1", ContextWindow: 8192, MaxOutput: 1024, Priced: true, Input: 1e9, Output: 2e9},
		},
		Routes: gateway.Routes{Default: "small"},
	})
	if err != nil {
		panic(err)
	}
	if err := gate.EnsureRun(ctx, "run-1", ledger.Limit{NanoUSD: 5e9}); err != nil {
		panic(err)
	}
	call := gateway.Call{
		Key: "run-1/writer/0", Run: "run-1", Agent: "writer",
		Messages: []agents.Message{{Role: agents.RoleUser, Text: "Is it so?"}},
	}
	for range 2 {
		result, err := gate.Invoke(ctx, call)
		if err != nil {
			panic(err)
		}
		fmt.Println(result.Response.Message.Text, result.Replayed)
	}
	// Output:
	// ok false
	// ok true
}
