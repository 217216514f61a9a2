package server_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

type accepted struct {
	ID, Status string
	Links      struct{ Self, Events, Report, Evidence, Drafts, Cancel string }
}

func TestCreateResearch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var got accepted
	response := w.call("POST", "/v1/research", `{"topic":"  heat pumps \n","questions":["How many?"],"max_iterations":0,
		"review":"required","budget":{"tokens":100000,"usd":4.000000001},"deadline":"10m","language":"de-ch","unsupported":"drop"}`).want(202)
	response.into(&got)
	if !regexp.MustCompile(`^r_[a-z2-7]{20}$`).MatchString(got.ID) || got.Status != "running" {
		t.Errorf("accepted %+v", got)
	}
	if location := response.header.Get("Location"); location != "/v1/research/"+got.ID || got.Links.Self != location {
		t.Errorf("location %q, self %q", location, got.Links.Self)
	}
	want := workflows.ResearchRequest{
		Topic: "heat pumps", Client: "local", Sources: []string{"default"}, Questions: []string{"How many?"}, MaxIterations: 0, Review: "required",
		Budget: workflows.Budget{Tokens: 100000, NanoUSD: 4_000_000_001}, Deadline: now.Add(10 * time.Minute), Language: "de-CH", Unsupported: "drop",
	}
	if diff := differ(w.engine.Started()[got.ID], want); diff != "" {
		t.Error(diff)
	}
	run, err := w.store.Run(t.Context(), got.ID)
	if err != nil || run.Topic != "heat pumps" || run.Client != "local" || run.Status != store.StatusRunning {
		t.Errorf("run %+v, %v", run, err)
	}
}

// differ compares by what is written.
func differ(got, want any) string {
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) == string(b) {
		return ""
	}
	return "got  " + string(a) + "\nwant " + string(b)
}

func TestCreateResearchFillsInDefaults(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var got accepted
	w.call("POST", "/v1/research", `{"topic":"heat pumps"}`).want(202).into(&got)
	want := workflows.ResearchRequest{Topic: "heat pumps", Client: "local", Sources: []string{"default"}, MaxIterations: 3, Review: "none", Language: "en"}
	if diff := differ(w.engine.Started()[got.ID], want); diff != "" {
		t.Error(diff)
	}
}

func TestSamplesStandInForAnEmptyDefaultCorpus(t *testing.T) {
	t.Parallel()
	w := setup(t, func(options *server.Options) { options.Defaults.Sources = []string{"samples"} })
	for _, want := range []string{"samples", "default"} {
		var got accepted
		w.call("POST", "/v1/research", `{"topic":"heat pumps"}`).want(202).into(&got)
		if sources := w.engine.Started()[got.ID].Sources; !slices.Equal(sources, []string{want}) {
			t.Errorf("sources %q, want %q", sources, want)
		}
		if err := w.store.PutDocument(t.Context(), store.Document{ID: "d_0123456789ab", Corpus: "default", URI: "a.md"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCreateResearchTakesCorporaAndDocuments(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if err := w.store.PutDocument(t.Context(), store.Document{ID: "d_0123456789ab", Corpus: "c1", URI: "a.md"}); err != nil {
		t.Fatal(err)
	}
	w.call("POST", "/v1/research", `{"topic":"x","sources":{"documents":["c1","d_0123456789ab"]}}`).want(202)
	w.call("POST", "/v1/research", `{"topic":"x","sources":{"documents":["c1","d_ffffffffffff"]}}`).
		wantField(422, "invalid", "body", "/sources/documents/1")
	w.call("POST", "/v1/research", `{"topic":"x","sources":{"documents":["c2"]}}`).
		wantField(422, "invalid", "body", "/sources/documents/0")
}

func TestCreateResearchRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, test := range map[string]struct{ body, field string }{
		"no topic":           {`{}`, "/topic"},
		"empty topic":        {`{"topic":""}`, "/topic"},
		"blank topic":        {`{"topic":" \n\t"}`, "/topic"},
		"topic of 100 kB":    {`{"topic":"` + strings.Repeat("a", 100_000) + `"}`, "/topic"},
		"topic with NUL":     {`{"topic":"a\u0000b"}`, "/topic"},
		"topic of a number":  {`{"topic":7}`, "/topic"},
		"null topic":         {`{"topic":null}`, "/topic"},
		"unknown field":      {`{"topic":"x","topics":["y"]}`, "/topics"},
		"unknown source key": {`{"topic":"x","sources":{"urls":["y"]}}`, "/sources/urls"},
		"sources as a list":  {`{"topic":"x","sources":["y"]}`, "/sources"},
		"empty question":     {`{"topic":"x","questions":["a"," "]}`, "/questions/1"},
		"too many rounds":    {`{"topic":"x","max_iterations":4}`, "/max_iterations"},
		"negative rounds":    {`{"topic":"x","max_iterations":-1}`, "/max_iterations"},
		"half a round":       {`{"topic":"x","max_iterations":1.5}`, "/max_iterations"},
		"unknown review":     {`{"topic":"x","review":"maybe"}`, "/review"},
		"negative tokens":    {`{"topic":"x","budget":{"tokens":-1}}`, "/budget/tokens"},
		"negative dollars":   {`{"topic":"x","budget":{"usd":-0.01}}`, "/budget/usd"},
		"ten decimals":       {`{"topic":"x","budget":{"usd":0.0000000001}}`, "/budget/usd"},
		"dollars as text":    {`{"topic":"x","budget":{"usd":"4"}}`, "/budget/usd"},
		"too many dollars":   {`{"topic":"x","budget":{"usd":1e12}}`, "/budget/usd"},
		"deadline passed":    {`{"topic":"x","deadline":"2030-01-02T03:04:04Z"}`, "/deadline"},
		"deadline of words":  {`{"topic":"x","deadline":"tomorrow"}`, "/deadline"},
		"deadline backwards": {`{"topic":"x","deadline":"-5m"}`, "/deadline"},
		"no language":        {`{"topic":"x","language":"not a language"}`, "/language"},
		"unknown marking":    {`{"topic":"x","unsupported":"hide"}`, "/unsupported"},
		"not an object":      {`["x"]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := *w
			w.t = t
			w.call("POST", "/v1/research", test.body).wantField(422, "invalid", "body", test.field)
		})
	}
	if n := w.engine.Starts(); n != 0 {
		t.Errorf("%d runs were started", n)
	}
}

func TestCreateResearchNamesEveryField(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := w.call("POST", "/v1/research", `{"topic":"","max_iterations":9,"deadline":5}`).wantProblem(422, "invalid")
	if len(p.Errors) != 3 {
		t.Errorf("errors %+v, want three", p.Errors)
	}
}

func TestDollarsAreExact(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for usd, want := range map[string]string{"4.50": "4.5", "0.1": "0.1", "1e2": "100", "0.000000001": "0.000000001", "999999999.999999999": "999999999.999999999", "25e-1": "2.5"} {
		var got accepted
		w.call("POST", "/v1/research", `{"topic":"x","budget":{"usd":`+usd+`}}`).want(202).into(&got)
		var run struct{ Budget struct{ USD json.RawMessage } }
		w.call("GET", "/v1/research/"+got.ID, "").want(200).into(&run)
		if string(run.Budget.USD) != want {
			t.Errorf("%s dollars came back as %s, want %s", usd, run.Budget.USD, want)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	key := withHeader("Idempotency-Key", "once")
	var first, second, other accepted
	w.call("POST", "/v1/research", `{"topic":"x","deadline":"10m"}`, key).want(202).into(&first)
	w.call("POST", "/v1/research", ` {"deadline":"10m", "topic":"x"} `, key).want(202).into(&second)
	if first.ID != second.ID {
		t.Errorf("ids %s and %s, want one", first.ID, second.ID)
	}
	if n := w.engine.Starts(); n != 2 {
		t.Errorf("started %d times, want 2: a replay makes sure of the start", n)
	}
	w.call("POST", "/v1/research", `{"topic":"y","deadline":"10m"}`, key).wantProblem(409, "conflict")
	w.call("POST", "/v1/research", `{"topic":"x","deadline":"10m"}`).want(202).into(&other)
	if other.ID == first.ID {
		t.Error("without a key a request got the run of another")
	}
	done := store.StatusCompleted
	w.update(first.ID, store.RunUpdate{Status: &done})
	starts := w.engine.Starts()
	w.call("POST", "/v1/research", `{"topic":"x","deadline":"10m"}`, key).want(202).into(&second)
	if second.Status != "completed" || w.engine.Starts() != starts {
		t.Errorf("a replay of a run that ended gave %+v and started it again", second)
	}
}

func TestIdempotencyKeysOfClientsAreApart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	key := withHeader("Idempotency-Key", "once")
	var a, b accepted
	w.addKey("acme", "ann").call("POST", "/v1/research", `{"topic":"x"}`, key).want(202).into(&a)
	w.addKey("umbrella", "bob").call("POST", "/v1/research", `{"topic":"other"}`, key).want(202).into(&b)
	if a.ID == b.ID {
		t.Error("two clients share a run")
	}
}

func TestCreateResearchWithoutTemporal(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.engine.Fail(errors.New("connection refused"))
	w.call("POST", "/v1/research", `{"topic":"x"}`).wantField(503, "unavailable", "component", "temporal")
	page, err := w.store.Runs(t.Context(), store.RunFilter{})
	if err != nil || len(page.Runs) != 1 || page.Runs[0].Status != store.StatusFailed || !strings.Contains(page.Runs[0].Error, "refused") {
		t.Fatalf("runs %+v, %v: want one that failed and says why", page.Runs, err)
	}
	key := withHeader("Idempotency-Key", "again")
	w.call("POST", "/v1/research", `{"topic":"y"}`, key).wantProblem(503, "unavailable")
	w.engine.Fail(nil)
	var got accepted
	w.call("POST", "/v1/research", `{"topic":"y"}`, key).want(202).into(&got)
	if _, ok := w.engine.Started()[got.ID]; !ok || got.Status != "running" {
		t.Errorf("the run %+v was not started by the second try", got)
	}
}

func TestGetResearch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	run := w.addRun(store.Run{
		ID: "r_aaaaaaaaaaaaaaaaaaaa", Phase: workflows.PhaseGather, Iteration: 1, Done: 3, Total: 17, Schedule: "weekly",
		Plan: json.RawMessage(`{"title":"T","questions":[{"id":"q1","text":"Q?","theme":"th","queries":["a b"]}],"structure":["th"]}`),
	})
	var got map[string]any
	w.call("GET", "/v1/research/"+run.ID, "").want(200).into(&got)
	delete(got, "created_at")
	delete(got, "updated_at")
	delete(got, "links")
	want := `{"budget":{"tokens":5000,"usd":4.5},"id":"r_aaaaaaaaaaaaaaaaaaaa","iteration":1,"phase":"gather",` +
		`"plan":{"questions":[{"id":"q1","queries":["a b"],"text":"Q?","theme":"th"}],"structure":["th"],"title":"T"},` +
		`"progress":{"done":3,"total":17},"schedule":"weekly","status":"running","topic":"heat pumps",` +
		`"usage":{"attempts":4,"calls":3,"cost_usd":0.012345678,"input_tokens":1200,"output_tokens":340}}`
	if diff := differ(got, json.RawMessage(want)); diff != "" {
		t.Error(diff)
	}
	w.call("GET", "/v1/research/r_nothing", "").wantProblem(404, "not-found")
}

func TestListResearch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for i, id := range []string{"r_1", "r_2", "r_3"} {
		run := store.Run{ID: id, Created: now.Add(time.Duration(i) * time.Minute)}
		if i == 1 {
			run.Status, run.Schedule = store.StatusCompleted, "weekly"
		}
		w.addRun(run)
	}
	type page struct {
		Runs []struct{ ID string }
		Next string
	}
	list := func(query string) (ids string, next string) {
		var got page
		w.call("GET", "/v1/research"+query, "").want(200).into(&got)
		for _, run := range got.Runs {
			ids += run.ID + " "
		}
		return ids, got.Next
	}
	for query, want := range map[string]string{
		"": "r_3 r_2 r_1 ", "?status=completed": "r_2 ", "?schedule=weekly": "r_2 ", "?status=failed": "",
	} {
		if got, _ := list(query); got != want {
			t.Errorf("%q lists %q, want %q", query, got, want)
		}
	}
	first, next := list("?limit=2")
	rest, last := list("?limit=2&cursor=" + next)
	if first != "r_3 r_2 " || rest != "r_1 " || last != "" {
		t.Errorf("pages %q and %q, then %q", first, rest, last)
	}
	w.call("GET", "/v1/research?cursor=bogus", "").wantField(400, "malformed", "query", "cursor")
	w.call("GET", "/v1/research?limit=0", "").wantField(400, "malformed", "query", "limit")
	w.call("GET", "/v1/research?limit=many", "").wantField(400, "malformed", "query", "limit")
	w.call("GET", "/v1/research?status=odd", "").wantField(400, "malformed", "query", "status")
	w.call("GET", "/v1/research?statsu=running", "").wantField(400, "malformed", "query", "statsu")
}

func TestCancelResearch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	run := w.addRun(store.Run{ID: "r_live"})
	ended := w.addRun(store.Run{ID: "r_ended", Status: store.StatusPartial})
	var got accepted
	w.call("POST", "/v1/research/"+run.ID+"/cancel", "").want(http.StatusAccepted).into(&got)
	if got.ID != run.ID || len(w.engine.Cancelled()) != 1 || w.engine.Cancelled()[0] != run.ID {
		t.Errorf("answered %+v, cancelled %v", got, w.engine.Cancelled())
	}
	w.call("POST", "/v1/research/"+ended.ID+"/cancel", "").wantProblem(409, "conflict")
	w.call("POST", "/v1/research/r_nothing/cancel", "").wantProblem(404, "not-found")
	w.engine.Fail(errors.New("connection refused"))
	w.call("POST", "/v1/research/"+run.ID+"/cancel", "").wantField(503, "unavailable", "component", "temporal")
}
