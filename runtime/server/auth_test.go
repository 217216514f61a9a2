package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

func TestCheckBind(t *testing.T) {
	t.Parallel()
	for addr, local := range map[string]bool{
		"127.0.0.1:8080": true, "127.9.9.9:1": true, "[::1]:8080": true, "localhost:8080": true, "[::ffff:127.0.0.1]:80": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "192.168.1.5:80": false, "example.org:80": false, "localhost.example.org:80": false,
	} {
		if err := server.CheckBind(addr, false); (err == nil) != local {
			t.Errorf("%s without keys: %v", addr, err)
		} else if err != nil && !strings.Contains(err.Error(), addr) {
			t.Errorf("%v does not name %s", err, addr)
		}
		if err := server.CheckBind(addr, true); err != nil {
			t.Errorf("%s with keys: %v", addr, err)
		}
	}
	if err := server.CheckBind("8080", true); err == nil {
		t.Error("an address without a port is accepted")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.call("GET", "/v1/research", "").want(200) // on loopback, while there is no key
	ann := w.addKey("acme", "ann")
	ann.call("GET", "/v1/research", "").want(200)
	for name, header := range map[string]string{
		"none": "", "wrong": "Bearer qk_wrong", "no key of ours": "Bearer abc", "basic": "Basic cWs6", "bare": ann.key, "empty": "Bearer ",
	} {
		got := w.call("GET", "/v1/research", "", func(r *http.Request) {
			if header != "" {
				r.Header.Set("Authorization", header)
			}
		})
		got.wantProblem(401, "unauthenticated")
		if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer ") {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
	// Before what is wrong with a request comes who asks.
	w.call("GET", "/v1/research?limit=0", "").wantProblem(401, "unauthenticated")
	w.call("POST", "/v1/research", `{`).wantProblem(401, "unauthenticated")
	w.call("GET", "/healthz", "").want(200)
	w.call("GET", "/openapi.json", "").want(200)

	key, err := w.store.KeyByHash(t.Context(), server.HashKey(ann.key))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.RevokeKey(t.Context(), key.ID, now); err != nil {
		t.Fatal(err)
	}
	ann.call("GET", "/v1/research", "").wantProblem(401, "unauthenticated")
	w.call("GET", "/v1/research", "").wantProblem(401, "unauthenticated") // once closed, always closed
}

func TestEveryOperationNeedsAKey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addKey("acme", "ann")
	spec, err := specification()
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{id}", "1", "{sha256}", strings.Repeat("0", 64), "{scope}", "client", "{period}", "day")
	client := w.addKey("acme", "bob")
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			switch got := w.call(method, fill.Replace(path), ""); {
			case slices.Contains(operation.Tags, "models"):
				if got.want(401); !strings.Contains(string(got.body), `"code":"invalid_api_key"`) {
					t.Errorf("%s %s: %s", method, path, got.body)
				}
			case strings.HasPrefix(path, "/v1/"):
				got.wantProblem(401, "unauthenticated")
			}
			if slices.Contains(operation.Tags, "admin") {
				client.call(method, fill.Replace(path), "").wantProblem(403, "not-admin")
			}
		}
	}
}

func TestClientsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_ann", Client: "acme"})
	w.addRun(store.Run{ID: "r_bob", Client: "umbrella"})
	w.addRun(store.Run{ID: "r_nobody", Client: "local"})
	ann, nameless := w.addKey("acme", "ann"), w.addKey("", "")
	var list struct{ Runs []struct{ ID string } }
	ann.call("GET", "/v1/research", "").want(200).into(&list)
	if len(list.Runs) != 1 || list.Runs[0].ID != "r_ann" {
		t.Errorf("ann sees %+v", list)
	}
	nameless.call("GET", "/v1/research", "").want(200).into(&list)
	if len(list.Runs) != 0 {
		t.Errorf("a key without a client sees %+v", list)
	}
	for _, path := range []string{"", "/events", "/report", "/evidence", "/drafts"} {
		ann.call("GET", "/v1/research/r_bob"+path, "").wantProblem(404, "not-found")
	}
	ann.call("POST", "/v1/research/r_bob/cancel", "").wantProblem(404, "not-found")
	if len(w.engine.Cancelled()) != 0 {
		t.Error("a run of another client was cancelled")
	}
	var made accepted
	ann.call("POST", "/v1/research", `{"topic":"x"}`).want(202).into(&made)
	if got := w.engine.Started()[made.ID].Client; got != "acme" {
		t.Errorf("the run is charged to %q", got)
	}
}

func TestWithoutKeysOnlyThisMachineIsServed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	host := strings.TrimPrefix(w.url, "http://")
	refused := map[string]func(*http.Request){
		"rebound name":      withHeader("Host", "evil.example"),
		"rebound with port": withHeader("Host", "evil.example:8080"),
		"looks local":       withHeader("Host", "localhost.evil.example"),
		"other origin":      withHeader("Origin", "https://evil.example"),
		"opaque origin":     withHeader("Origin", "null"),
		"other local port":  withHeader("Origin", "http://127.0.0.1:1"),
		"a page of others":  withHeader("Sec-Fetch-Site", "cross-site"),
	}
	for name, change := range refused {
		w.call("POST", "/v1/research", `{"topic":"x"}`, change).wantProblem(403, "forbidden")
		if name != "a page of others" { // a link may lead here
			w.call("GET", "/v1/research", "", change).wantProblem(403, "forbidden")
		}
	}
	if w.engine.Starts() != 0 {
		t.Error("a run was started for a stranger")
	}
	for _, change := range []func(*http.Request){
		withHeader("Host", "localhost:1234"), withHeader("Host", "[::1]:1234"), withHeader("Origin", "http://"+host), withHeader("Sec-Fetch-Site", "same-origin"),
	} {
		w.call("POST", "/v1/research", `{"topic":"x"}`, change).want(202)
	}
	w.addKey("acme", "ann").call("POST", "/v1/research", `{"topic":"x"}`, withHeader("Host", "quaestor.example")).want(202)
}
