package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/server/servertest"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

func BenchmarkNew(b *testing.B) {
	options := server.Options{Store: storetest.New(b), Engine: &servertest.Engine{}}
	for b.Loop() {
		if _, err := server.New(options); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetResearch(b *testing.B) {
	kept := storetest.New(b)
	if _, _, err := kept.CreateRun(b.Context(), store.Run{ID: "r_1", Client: "local", Request: []byte(`{}`)}); err != nil {
		b.Fatal(err)
	}
	benchmarkCall(b, kept, http.MethodGet, "/v1/research/r_1", "", 200)
}

func BenchmarkCreateResearch(b *testing.B) {
	benchmarkCall(b, storetest.New(b), http.MethodPost, "/v1/research", `{"topic":"heat pumps","budget":{"usd":4.5}}`, 202)
}

func benchmarkCall(b *testing.B, kept store.Store, method, path, body string, status int) {
	b.Helper()
	s, err := server.New(server.Options{Store: kept, Engine: &servertest.Engine{}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != status {
			b.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
}
