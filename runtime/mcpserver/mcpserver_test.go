package mcpserver_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/mcpserver"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/server/servertest"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// world is an API on an engine that runs nothing, and the server before it.
type world struct {
	store  store.Store
	engine *servertest.Engine
	url    string
	server *mcpserver.Server
}

// searcher finds one passage, whatever is asked.
type searcher struct{}

func (searcher) Search(_ context.Context, _ tools.Scope, q documents.Query) (documents.Found, error) {
	return documents.Found{Documents: 3, Hits: []documents.Hit{{
		Document: "d_1", Title: "Triage", URI: "triage.md", SHA256: strings.Repeat("a", 64), Heading: "Results", Score: 1.5,
		Quotes: []documents.Quote{{Text: "Found for " + q.Text + ".", Sentence: documents.Sentence{Span: documents.Span{Start: 5, End: 20}}}},
	}}}, nil
}

func setup(t *testing.T, change ...func(*mcpserver.Options)) *world {
	t.Helper()
	w := &world{store: storetest.New(t), engine: &servertest.Engine{}}
	api, err := server.New(server.Options{
		Store: w.store, Engine: w.engine, Documents: servertest.Ingester{Store: w.store}, Search: searcher{}, KeyLife: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(api)
	t.Cleanup(listening.Close)
	w.url = listening.URL
	options := mcpserver.Options{URL: w.url, Version: "test"}
	for _, f := range change {
		f(&options)
	}
	if w.server, err = mcpserver.New(options); err != nil {
		t.Fatal(err)
	}
	return w
}

// connect is a client on pipes, as on standard input and output.
func (w *world) connect(t *testing.T, options *sdk.ClientOptions) *sdk.ClientSession {
	t.Helper()
	ours, theirs := io.Pipe()
	back, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- w.server.ServeIO(context.Background(), ours, out) }()
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, options).
		Connect(t.Context(), &sdk.IOTransport{Reader: back, Writer: theirs}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		session.Close()
		theirs.Close()
		if err := <-served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	return session
}

// call gives the structured content of a call, or the text of its failure.
func call(t *testing.T, session *sdk.ClientSession, tool string, args, into any) (failure string) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if result.IsError {
		return result.Content[0].(*sdk.TextContent).Text
	}
	raw, err := json.Marshal(result.StructuredContent)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return ""
}

type run struct {
	ID, Status, Report, Phase string
	Ended                     bool
}

// finish ends a run as its workflow would.
func (w *world) finish(t *testing.T, id string) {
	t.Helper()
	text := "# Report\n\nCases fell by 12 percent. [1]\n" + strings.Repeat("Ä long line.\n", 400)
	markdown, err := w.store.PutBlob(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	citation := tools.Citation{SHA256: strings.Repeat("b", 64), URI: "triage.md", Title: "Triage", Start: 0, End: 25, Quote: "Cases fell by 12 percent."}
	kept := agents.Evidence{ID: citation.ID(), Citation: citation}
	claim := agents.NewClaim("Findings", "Cases fell by 12 percent.", []string{kept.ID})
	claim.Status = agents.ClaimSupported
	completed, done := store.StatusCompleted, "done"
	for _, err := range []error{
		w.store.PutEvidence(t.Context(), id, []agents.Evidence{kept}),
		w.store.PutReport(t.Context(), id, store.Report{Markdown: markdown, HTML: markdown, JSON: markdown, Digest: "x"}),
		w.store.PutClaims(t.Context(), id, []agents.Claim{claim}),
		w.store.UpdateRun(t.Context(), id, store.RunUpdate{Status: &completed, Phase: &done, Events: []store.Event{
			{Key: "end", Type: "run.finished", Time: time.Now(), Data: json.RawMessage(`{"status":"completed"}`)},
		}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestResearch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var mu sync.Mutex
	var heard []string
	session := w.connect(t, &sdk.ClientOptions{ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, r.Params.Message)
	}})
	var started, again run
	args := map[string]any{"topic": "Triage", "questions": []string{"Does it help?"}, "budget_usd": 1.5, "request_id": "mine"}
	if failure := call(t, session, "research_start", args, &started); failure != "" || started.ID == "" || started.Ended {
		t.Fatalf("started %+v, %s", started, failure)
	}
	if call(t, session, "research_start", args, &again); again.ID != started.ID || len(w.engine.Started()) != 1 {
		t.Errorf("the same request gave %q and %q", started.ID, again.ID)
	}
	if request := w.engine.Started()[started.ID]; request.Topic != "Triage" || request.Budget.NanoUSD != 1_500_000_000 {
		t.Errorf("what was started is %+v", request)
	}
	var now run
	if call(t, session, "research_wait", map[string]any{"id": started.ID, "seconds": 1}, &now); now.Ended || now.Status != "running" {
		t.Errorf("after a second it is %+v", now)
	}
	if failure := call(t, session, "research_report", map[string]any{"id": started.ID}, &now); !strings.Contains(failure, "report") {
		t.Errorf("the report of a run under way: %q", failure)
	}
	go func() {
		time.Sleep(200 * time.Millisecond)
		w.finish(t, started.ID)
	}()
	params := &sdk.CallToolParams{Name: "research_wait", Arguments: map[string]any{"id": started.ID, "seconds": 60}}
	params.SetProgressToken("p")
	result, err := session.CallTool(t.Context(), params)
	if err != nil || result.IsError {
		t.Fatalf("waiting: %+v, %v", result, err)
	}
	if last := result.StructuredContent.(map[string]any)["last_event"]; last != 1.0 {
		t.Errorf("the last event is %v", last)
	}
	if call(t, session, "research_status", map[string]any{"id": started.ID}, &now); !now.Ended || now.Report != "quaestor://research/"+started.ID+"/report" {
		t.Errorf("in the end it is %+v", now)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(heard, "run finished") {
		t.Errorf("heard %q", heard)
	}
	var list struct{ Runs []run }
	if call(t, session, "research_list", map[string]any{}, &list); len(list.Runs) != 1 || list.Runs[0].ID != started.ID || !list.Runs[0].Ended {
		t.Errorf("listed %+v", list)
	}
}

func TestReportsAndEvidence(t *testing.T) {
	t.Parallel()
	w := setup(t)
	session := w.connect(t, nil)
	var started run
	call(t, session, "research_start", map[string]any{"topic": "Triage"}, &started)
	w.finish(t, started.ID)
	var whole strings.Builder
	for offset := 0; ; {
		var part struct {
			Text       string
			NextOffset int `json:"next_offset"`
			TotalBytes int `json:"total_bytes"`
		}
		if failure := call(t, session, "research_report", map[string]any{"id": started.ID, "offset": offset, "bytes": 1001}, &part); failure != "" {
			t.Fatal(failure)
		}
		whole.WriteString(part.Text)
		if offset = part.NextOffset; offset == 0 {
			break
		}
	}
	var found struct {
		Claims   []struct{ ID, Text, Status string }
		Evidence []struct{ ID, Quote, Title string }
		Total    int
	}
	if call(t, session, "research_evidence", map[string]any{"id": started.ID}, &found); found.Total != 1 || found.Claims[0].Status != "supported" || found.Evidence[0].Quote != "Cases fell by 12 percent." {
		t.Errorf("found %+v", found)
	}
	read, err := session.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "quaestor://research/" + started.ID + "/report"})
	if err != nil || read.Contents[0].Text != whole.String() || read.Contents[0].MIMEType != "text/markdown" {
		t.Errorf("the resource is not the report in pieces: %v", err)
	}
	read, err = session.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "quaestor://research/" + started.ID + "/evidence"})
	if err != nil || !strings.Contains(read.Contents[0].Text, found.Evidence[0].ID) {
		t.Errorf("the evidence is %+v, %v", read, err)
	}
	for _, address := range []string{"quaestor://research/r_nobody/report", "quaestor://research/a/b/report", "file:///etc/passwd", "quaestor://research//report"} {
		if _, err := session.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: address}); err == nil {
			t.Errorf("%s was read", address)
		}
	}
	for _, tool := range []string{"research_status", "research_wait", "research_report", "research_evidence", "research_cancel"} {
		if failure := call(t, session, tool, map[string]any{"id": "r_nobody"}, &found); !strings.Contains(failure, "404") {
			t.Errorf("%s of nothing: %q", tool, failure)
		}
	}
}

func TestToolsAreDescribed(t *testing.T) {
	t.Parallel()
	session := setup(t).connect(t, nil)
	list, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
		if len(tool.Description) < 20 || tool.OutputSchema == nil || tool.Annotations == nil || tool.Title == "" {
			t.Errorf("%s is described as %+v", tool.Name, tool)
		}
		if starts := tool.Name == "research_start" || tool.Name == "research_cancel"; starts == tool.Annotations.ReadOnlyHint {
			t.Errorf("%s only reads: %v", tool.Name, tool.Annotations.ReadOnlyHint)
		}
	}
	slices.Sort(names)
	if want := "documents_list documents_search research_cancel research_evidence research_list research_report research_start research_status research_wait"; strings.Join(names, " ") != want {
		t.Errorf("there are %s", names)
	}
	for _, args := range []map[string]any{{}, {"topic": ""}, {"topic": "x", "max_iterations": 9}, {"topic": "x", "unknown": true}, {"topic": "x", "citation_style": "mine"}} {
		if failure := call(t, session, "research_start", args, &struct{}{}); failure == "" {
			t.Errorf("%v was taken", args)
		}
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	w := setup(t)
	session := w.connect(t, nil)
	if _, err := (servertest.Ingester{Store: w.store}).Ingest(t.Context(), "papers", "a.md", strings.NewReader("words of a document")); err != nil {
		t.Fatal(err)
	}
	var found struct {
		Passages []struct {
			Document, Title string
			Quotes          []string
		}
		Documents int
	}
	if failure := call(t, session, "documents_search", map[string]any{"query": "triage", "sources": []string{"papers"}}, &found); failure != "" || found.Documents != 3 || found.Passages[0].Quotes[0] != "Found for triage." {
		t.Errorf("found %+v, %s", found, failure)
	}
	if failure := call(t, session, "documents_search", map[string]any{"query": "x", "sources": []string{"nothing"}}, &found); !strings.Contains(failure, "no corpus or document") {
		t.Errorf("searched in nothing: %q", failure)
	}
	var shelf struct {
		Corpora   []struct{ Name string }
		Documents []struct{ URI string }
	}
	if call(t, session, "documents_list", map[string]any{}, &shelf); len(shelf.Corpora) != 1 || shelf.Corpora[0].Name != "papers" {
		t.Errorf("corpora %+v", shelf)
	}
	if call(t, session, "documents_list", map[string]any{"corpus": "papers"}, &shelf); len(shelf.Documents) != 1 || shelf.Documents[0].URI != "a.md" {
		t.Errorf("documents %+v", shelf)
	}
}
