package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

func TestGetReport(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_1", Status: store.StatusCompleted})
	err := w.store.PutReport(t.Context(), "r_1", store.Report{
		Digest: "sha256:abc", Markdown: w.blob("# Heat pumps – größer\n"), HTML: w.blob("<h1>Heat pumps</h1>"), JSON: w.blob(`{"markdown":"# Heat pumps"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ query, accept, media, body string }{
		"markdown by default":   {"", "", "text/markdown; charset=utf-8", "# Heat pumps – größer\n"},
		"markdown for anything": {"", "*/*", "text/markdown; charset=utf-8", "# Heat pumps – größer\n"},
		"by format":             {"?format=html", "", "text/html; charset=utf-8", "<h1>Heat pumps</h1>"},
		"format before accept":  {"?format=json", "text/html", "application/json", `{"markdown":"# Heat pumps"}`},
		"a browser":             {"", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", "<h1>Heat pumps</h1>"},
		"by accept":             {"", "application/json", "application/json", `{"markdown":"# Heat pumps"}`},
		"by quality":            {"", "text/html;q=0.2, text/*;q=0.4", "text/markdown; charset=utf-8", "# Heat pumps – größer\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := *w
			w.t = t
			got := w.call("GET", "/v1/research/r_1/report"+test.query, "", withHeader("Accept", test.accept)).want(200)
			if got.header.Get("Content-Type") != test.media || string(got.body) != test.body {
				t.Errorf("got %s %q", got.header.Get("Content-Type"), got.body)
			}
		})
	}
	html := w.call("GET", "/v1/research/r_1/report?format=html", "").want(200)
	if policy := html.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q lets a page of quotations load things", policy)
	}
	etag := html.header.Get("ETag")
	w.call("GET", "/v1/research/r_1/report?format=html", "", withHeader("If-None-Match", `"x", W/`+etag)).want(304)
	if other := w.call("GET", "/v1/research/r_1/report?format=md", "", withHeader("If-None-Match", etag)).want(200); other.header.Get("ETag") == etag {
		t.Error("two forms have one ETag")
	}
	w.call("GET", "/v1/research/r_1/report", "", withHeader("Accept", "image/png")).wantProblem(406, "not-acceptable")
	w.call("GET", "/v1/research/r_1/report?format=rtf", "").wantField(400, "malformed", "query", "format")
}

func TestGetReportInFormsThatAreRendered(t *testing.T) {
	t.Parallel()
	w := setup(t, func(options *server.Options) {
		options.RenderReport = func(_ context.Context, run, form string, changes bool) ([]byte, error) {
			return fmt.Appendf(nil, "%s as %s, %v", run, form, changes), nil
		}
	})
	w.addRun(store.Run{ID: "r_1", Status: store.StatusCompleted})
	if err := w.store.PutReport(t.Context(), "r_1", store.Report{Digest: "sha256:abc", Markdown: w.blob("x"), HTML: w.blob("x"), JSON: w.blob("{}")}); err != nil {
		t.Fatal(err)
	}
	const word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	tags := map[string]bool{}
	for query, want := range map[string]struct{ media, body string }{
		"?format=pdf":                  {"application/pdf", "r_1 as pdf, false"},
		"?format=pdf&changes=tracked":  {"application/pdf", "r_1 as pdf, false"},
		"?format=docx":                 {word, "r_1 as docx, false"},
		"?format=docx&changes=tracked": {word, "r_1 as docx, true"},
		"?format=csl":                  {"application/vnd.citationstyles.csl+json", "r_1 as csl, false"},
		"?format=bibtex":               {"application/x-bibtex; charset=utf-8", "r_1 as bibtex, false"},
		"?format=ris":                  {"application/x-research-info-systems; charset=utf-8", "r_1 as ris, false"},
	} {
		got := w.call("GET", "/v1/research/r_1/report"+query, "").want(200)
		if got.header.Get("Content-Type") != want.media || string(got.body) != want.body {
			t.Errorf("%s: %s %q", query, got.header.Get("Content-Type"), got.body)
		}
		tags[got.header.Get("ETag")] = true
		w.call("GET", "/v1/research/r_1/report"+query, "", withHeader("If-None-Match", got.header.Get("ETag"))).want(304)
	}
	if len(tags) != 6 {
		t.Errorf("the forms have %d tags", len(tags))
	}
	got := w.call("GET", "/v1/research/r_1/report", "", withHeader("Accept", "application/pdf")).want(200)
	if got.header.Get("Content-Disposition") != `inline; filename="r_1.pdf"` {
		t.Errorf("got %v", got.header)
	}
	w.call("GET", "/v1/research/r_1/report?changes=all", "").wantField(400, "malformed", "query", "changes")
}

func TestARequestNamesTheStyleOfItsCitations(t *testing.T) {
	t.Parallel()
	w := setup(t, func(options *server.Options) { options.Defaults.CitationStyle = "apa" })
	for body, want := range map[string]string{
		`{"topic":"a"}`: "apa", `{"topic":"b","citation_style":"ieee"}`: "ieee", `{"topic":"c","citation_style":"plain"}`: "",
	} {
		var accepted struct{ ID string }
		if err := json.Unmarshal(w.call("POST", "/v1/research", body).want(202).body, &accepted); err != nil {
			t.Fatal(err)
		}
		run, err := w.store.Run(t.Context(), accepted.ID)
		if err != nil {
			t.Fatal(err)
		}
		var request workflows.ResearchRequest
		if err := json.Unmarshal(run.Request, &request); err != nil || request.CitationStyle != want {
			t.Errorf("%s: %q, %v", body, request.CitationStyle, err)
		}
	}
	w.call("POST", "/v1/research", `{"topic":"a","citation_style":"mla"}`).want(422)
}

func TestARequestNamesItsTemplate(t *testing.T) {
	t.Parallel()
	w := setup(t, func(options *server.Options) {
		options.Defaults.Template, options.Defaults.CitationStyle = "house", "ieee"
		options.Templates = map[string]string{"house": "apa", "brief": ""}
	})
	for body, want := range map[string]string{
		`{"topic":"a"}`: "house apa", `{"topic":"b","template":"brief"}`: "brief ieee", `{"topic":"c","template":"plain"}`: " ieee",
		`{"topic":"d","citation_style":"plain"}`: "house ", `{"topic":"e","citation_style":"vancouver"}`: "house vancouver",
	} {
		var accepted struct{ ID string }
		if err := json.Unmarshal(w.call("POST", "/v1/research", body).want(202).body, &accepted); err != nil {
			t.Fatal(err)
		}
		run, err := w.store.Run(t.Context(), accepted.ID)
		if err != nil {
			t.Fatal(err)
		}
		var request workflows.ResearchRequest
		if err := json.Unmarshal(run.Request, &request); err != nil || request.Template+" "+request.CitationStyle != want {
			t.Errorf("%s: %q %q, %v, want %q", body, request.Template, request.CitationStyle, err, want)
		}
	}
	refused := w.call("POST", "/v1/research", `{"topic":"a","template":"hose"}`).want(422)
	if !strings.Contains(string(refused.body), `there is no template \"hose\"; there are plain, brief, house`) {
		t.Errorf("refused with %s", refused.body)
	}
}

func TestGetReportBeforeItIsPublished(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for id, test := range map[string]struct {
		run  store.Run
		says string
	}{
		"r_going":   {store.Run{Phase: workflows.PhaseGather, Done: 3, Total: 17}, `phase "gather" (3 of 17 steps)`},
		"r_waiting": {store.Run{Status: store.StatusAwaitingReview}, "/v1/reviews"},
		"r_failed":  {store.Run{Status: store.StatusFailed}, "/v1/research/r_failed/evidence"},
	} {
		test.run.ID = id
		w.addRun(test.run)
		if p := w.call("GET", "/v1/research/"+id+"/report", "").wantProblem(404, "not-published"); !strings.Contains(p.Detail, test.says) {
			t.Errorf("%s: %q does not say %q", id, p.Detail, test.says)
		}
	}
	w.call("GET", "/v1/research/r_none/report", "").wantProblem(404, "not-found")
}

// cite stores a text and a piece of evidence of a run that quotes it.
func (w *world) cite(run, text, quote string) agents.Evidence {
	w.t.Helper()
	sum := sha256.Sum256([]byte(text))
	start := strings.Index(text, quote)
	citation := tools.Citation{
		SHA256: hex.EncodeToString(sum[:]), URI: "a.md", Title: "A", Page: 2, Year: 2024,
		Start: start, End: start + len(quote), Quote: quote,
		Computation: &tools.Computation{Tool: "trend", Input: json.RawMessage(`{"n":12345678901234567890}`), Result: json.RawMessage(`{"p":0.010}`)},
	}
	w.blob(text)
	evidence := agents.Evidence{ID: citation.ID(), Citation: citation, Heading: "Costs"}
	if err := w.store.PutEvidence(w.t.Context(), run, []agents.Evidence{evidence}); err != nil {
		w.t.Fatal(err)
	}
	return evidence
}

func TestEvidenceCanBeChecked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_1"})
	evidence := w.cite("r_1", "Größere Wärmepumpen sparen – sagt man – 12 %.", "sparen – sagt man")
	claim := agents.Claim{ID: "c_1", Section: "Findings", Text: "They save.", Evidence: []string{evidence.ID}, Status: agents.ClaimSupported}
	if err := w.store.PutClaims(t.Context(), "r_1", []agents.Claim{claim}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Evidence []struct {
			ID, Quote, Heading string
			Source             struct{ URI, Title, SHA256, Snapshot string }
			Start, End, Page   int
			Computation        struct {
				Tool          string
				Input, Result json.RawMessage
			}
		}
		Claims []agents.Claim
	}
	w.call("GET", "/v1/research/r_1/evidence", "").want(200).into(&got)
	if len(got.Evidence) != 1 || len(got.Claims) != 1 || differ(got.Claims[0], claim) != "" {
		t.Fatalf("got %+v", got)
	}
	e := got.Evidence[0]
	if e.ID != evidence.ID || e.Source.SHA256 != evidence.SHA256 || e.Page != 2 || e.Heading != "Costs" || e.Source.URI != "a.md" {
		t.Errorf("evidence %+v", e)
	}
	if string(e.Computation.Input) != `{"n":12345678901234567890}` || string(e.Computation.Result) != `{"p":0.010}` {
		t.Errorf("computation %s -> %s is not as it was kept", e.Computation.Input, e.Computation.Result)
	}
	text := w.call("GET", e.Source.Snapshot, "").want(200)
	if text.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("snapshot is %q", text.header.Get("Content-Type"))
	}
	if quoted := string(text.body[e.Start:e.End]); quoted != e.Quote {
		t.Errorf("offsets give %q, the quote is %q", quoted, e.Quote)
	}
	w.call("GET", "/v1/research/r_2/evidence", "").wantProblem(404, "not-found")
}

func TestSnapshotsGiveNothingElseAway(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_1", Client: "acme"})
	w.addRun(store.Run{ID: "r_2", Client: "umbrella"})
	evidence := w.cite("r_1", "Quoted by acme.", "acme")
	secret := strings.TrimPrefix(w.blob("a transcript"), "sha256:")
	document := w.blob("A document of the server.")
	if err := w.store.PutDocument(t.Context(), store.Document{ID: "d_1", Corpus: "c", URI: "a", Snapshot: document}); err != nil {
		t.Fatal(err)
	}
	acme, umbrella := w.addKey("acme", "ann"), w.addKey("umbrella", "bob")
	cited := "/v1/snapshots/" + evidence.SHA256
	acme.call("GET", cited+"?run=r_1", "").want(200)
	acme.call("GET", cited, "").wantProblem(404, "not-found")
	acme.call("GET", cited+"?run=r_2", "").wantProblem(404, "not-found")
	umbrella.call("GET", cited+"?run=r_1", "").wantProblem(404, "not-found")
	umbrella.call("GET", cited+"?run=r_2", "").wantProblem(404, "not-found")
	acme.call("GET", "/v1/snapshots/"+secret, "").wantProblem(404, "not-found")
	acme.call("GET", "/v1/snapshots/"+secret+"?run=r_1", "").wantProblem(404, "not-found")
	acme.call("GET", "/v1/snapshots/"+strings.TrimPrefix(document, "sha256:"), "").want(200)
	acme.call("GET", "/v1/snapshots/ABC", "").wantField(400, "malformed", "path", "sha256")
}

func TestListDrafts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_1"})
	for round, changes := range [][]agents.Change{nil, {{Kind: "replaced", Section: "Findings", Before: "a", After: "b"}}} {
		err := w.store.PutDraft(t.Context(), store.DraftRecord{Run: "r_1", Round: round, Ref: w.blob("{}"), Digest: "d" + string(rune('0'+round)), Changes: changes, Created: now})
		if err != nil {
			t.Fatal(err)
		}
	}
	got := w.call("GET", "/v1/research/r_1/drafts", "").want(200)
	want := `{"drafts":[{"changes":[],"created_at":"2030-01-02T03:04:05Z","digest":"d0","round":0},` +
		`{"changes":[{"after":"b","before":"a","kind":"replaced","section":"Findings"}],"created_at":"2030-01-02T03:04:05Z","digest":"d1","round":1}]}`
	if strings.TrimSpace(string(got.body)) != want {
		t.Errorf("got  %swant %s", got.body, want)
	}
	w.call("GET", "/v1/research/r_2/drafts", "").wantProblem(404, "not-found")
}
