//go:build !slim

package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// start runs everything in the test, on an empty data folder. Providers replace
// built-in ones.
func start(t *testing.T, providers map[string]provider.Provider, change ...func(*configs.Config)) *runtime.Runtime {
	t.Helper()
	config, err := configs.Load("", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Server.Addr, config.Temporal.UIAddr = t.TempDir(), "127.0.0.1:0", ""
	config.Telemetry.LogLevel = "error"
	for _, c := range change {
		c(&config)
	}
	r, err := runtime.New(t.Context(), runtime.Options{Config: config, Embedded: true, Providers: providers, LogOutput: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func connect(t *testing.T, r *runtime.Runtime) *client.API {
	t.Helper()
	api, err := client.Connect(r.URL(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func create(t *testing.T, api *client.API, request client.ResearchRequest) string {
	t.Helper()
	answer, err := api.CreateResearchWithResponse(t.Context(), nil, request)
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	return answer.JSON202.ID
}

// follow waits for an event of a run.
func follow(t *testing.T, api *client.API, id, kind string) client.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for event, err := range api.Events(ctx, id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Type == kind {
			return event
		}
	}
	t.Fatalf("run %s ended without an event %q", id, kind)
	return client.Event{}
}

// TestRecordHistories writes the histories that TestReplay replays. It runs only
// when it is asked to: new code must replay old histories.
func TestRecordHistories(t *testing.T) {
	folder := os.Getenv("QUAESTOR_RECORD_HISTORIES")
	if folder == "" {
		t.Skip("QUAESTOR_RECORD_HISTORIES names no folder")
	}
	r := start(t, nil)
	api := connect(t, r)
	const topic = "How is AI changing medical devices and care?"
	sources := client.Sources{Documents: []string{runtime.SampleCorpus}}

	completed := create(t, api, client.ResearchRequest{Topic: topic, Sources: sources})
	follow(t, api, completed, "run.finished")
	record(t, r, folder, "research-completed", completed)
	record(t, r, folder, "agent-gatherer", completed+"/gatherer-1")
	record(t, r, folder, "agent-writer", completed+"/writer-0")

	partial := create(t, api, client.ResearchRequest{Topic: topic, Sources: sources, Budget: client.Budget{Tokens: 90_000}})
	follow(t, api, partial, "run.finished")
	record(t, r, folder, "research-partial", partial)

	cancelled := create(t, api, client.ResearchRequest{Topic: topic, Sources: sources})
	follow(t, api, cancelled, "plan")
	answer, err := api.CancelResearchWithResponse(t.Context(), cancelled)
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	follow(t, api, cancelled, "run.finished")
	record(t, r, folder, "research-cancelled", cancelled)

	reviewed := create(t, api, client.ResearchRequest{Topic: topic, Sources: sources, Review: client.ReviewModeRequired})
	follow(t, api, reviewed, "awaiting_review")
	decide(t, api, client.DecisionRequestDecisionChanges)
	follow(t, api, reviewed, "draft")
	decide(t, api, client.DecisionRequestDecisionApprove)
	follow(t, api, reviewed, "run.finished")
	record(t, r, folder, "research-reviewed", reviewed)

	long := strings.Repeat("The harbour was dredged in 1931. Grain exports rose after it. ", 4000)
	record(t, r, folder, "summarize-long", summarise(t, api, long, "completed"))
	record(t, r, folder, "summarize-short", summarise(t, api, "The harbour was dredged in 1931.", "completed"))

	// A model that is not in the worker is called by an activity of its own.
	elsewhere := start(t, map[string]provider.Provider{"offline": offline.New(builtinAgent(t))})
	api = connect(t, elsewhere)
	modelled := create(t, api, client.ResearchRequest{Topic: topic, Sources: sources})
	follow(t, api, modelled, "run.finished")
	record(t, elsewhere, folder, "research-model", modelled)
	record(t, elsewhere, folder, "agent-model", modelled+"/analyst-1")

	whole, api := sections(t)
	written := create(t, api, client.ResearchRequest{Topic: topic, Sources: sources})
	follow(t, api, written, "run.finished")
	record(t, whole, folder, "research-sections", written)
}

// sections runs a report that is too long for one answer of its writer's model.
func sections(t *testing.T) (*runtime.Runtime, *client.API) {
	t.Helper()
	r := start(t, map[string]provider.Provider{"offline": offline.New(builtinAgent(t))}, func(config *configs.Config) {
		model := config.Catalog[config.Models.Default]
		model.MaxOutput = 6000
		config.Catalog[config.Models.Default] = model
		config.Templates = map[string]configs.Template{"house": {Cover: "Example & Partners", Sections: []configs.TemplateSection{
			{Kind: "summary", Title: "In brief"}, {Kind: "findings"}, {Kind: "limitations"}, {Kind: "recommendations"},
		}}}
	})
	return r, connect(t, r)
}

// A whole run whose report is written in parts has every section once, and no
// sentence of the findings twice.
func TestALongReportInParts(t *testing.T) {
	t.Parallel()
	_, api := sections(t)
	id := create(t, api, client.ResearchRequest{
		Topic: "How is AI changing medical devices and care?", Sources: client.Sources{Documents: []string{runtime.SampleCorpus}}, Template: "house",
	})
	follow(t, api, id, "run.finished")
	answer, err := api.GetReportWithResponse(t.Context(), id, &client.GetReportParams{Format: new(client.GetReportParamsFormatJSON)})
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Style struct {
			Cover string `json:"cover"`
		} `json:"style"`
		Sections []struct {
			Heading    string `json:"heading"`
			Paragraphs []struct {
				Sentences []struct {
					Text string `json:"text"`
				} `json:"sentences"`
			} `json:"paragraphs"`
		} `json:"sections"`
	}
	if err := json.Unmarshal(answer.Body, &report); err != nil {
		t.Fatal(err)
	}
	headings, texts := map[string]int{}, map[string]int{}
	for _, s := range report.Sections {
		headings[s.Heading]++
		for _, p := range s.Paragraphs {
			for _, sentence := range p.Sentences {
				texts[sentence.Text]++
			}
		}
	}
	for heading, n := range headings {
		if n > 1 {
			t.Errorf("the section %q is there %d times", heading, n)
		}
	}
	for text, n := range texts {
		if n > 1 {
			t.Errorf("%d times: %q", n, text)
		}
	}
	if len(report.Sections) < 7 || headings["In brief"] != 1 || headings["Limitations"] != 1 || headings["Introduction"] != 0 || report.Style.Cover != "Example & Partners" {
		t.Errorf("sections %v, cover %q", headings, report.Style.Cover)
	}
	picture, err := api.GetChartWithResponse(t.Context(), id, 1, &client.GetChartParams{Format: new(client.GetChartParamsFormatPng)})
	if err := client.Check(picture, err); err != nil || !bytes.HasPrefix(picture.Body, []byte("\x89PNG")) {
		t.Errorf("the first figure: %v", err)
	}
	refused, err := api.CreateResearchWithResponse(t.Context(), nil, client.ResearchRequest{Topic: "x", Template: "hose"})
	if err := client.Check(refused, err); err == nil || !strings.Contains(err.Error(), "plain, house") {
		t.Errorf("a template that is not there: %v", err)
	}
	events := 0
	for event, err := range api.Events(t.Context(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Type == "agent.finished" && strings.Contains(string(event.Data), "part 1 of") {
			events++
		}
	}
	if events == 0 {
		t.Error("the report was written in one call")
	}
}

func builtinAgent(t *testing.T) func(string) (agents.Definition, bool) {
	t.Helper()
	defined := map[string]agents.Definition{}
	for _, role := range []runtime.Agent{coordinator.New(), gatherer.New(), analyst.New(), writer.New(), reviewer.New()} {
		definition, err := role.Define()
		if err != nil {
			t.Fatal(err)
		}
		defined[definition.Name] = definition
	}
	return func(name string) (agents.Definition, bool) {
		definition, ok := defined[name]
		return definition, ok
	}
}

// summarise has a text summarised by a workflow, and waits for its end.
func summarise(t *testing.T, api *client.API, text, status string) string {
	t.Helper()
	accepted, err := api.CreateSummaryWithResponse(t.Context(), &client.CreateSummaryParams{Prefer: new("respond-async")}, client.SummaryRequest{Text: text})
	if err := client.Check(accepted, err); err != nil {
		t.Fatal(err)
	}
	id := accepted.JSON202.ID
	for range 600 {
		answer, err := api.GetSummaryWithResponse(t.Context(), id)
		if err := client.Check(answer, err); err != nil {
			t.Fatal(err)
		}
		if string(answer.JSON200.Status) == status {
			return id
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("summary %s is not %s", id, status)
	return ""
}

// decide waits for the one open review and decides on it.
func decide(t *testing.T, api *client.API, decision client.DecisionRequestDecision) {
	t.Helper()
	for range 200 {
		answer, err := api.ListReviewsWithResponse(t.Context(), nil)
		if err := client.Check(answer, err); err != nil {
			t.Fatal(err)
		}
		if open := answer.JSON200.Reviews; len(open) == 1 {
			comments := "Shorter sentences, please."
			decided, err := api.DecideReviewWithResponse(t.Context(), open[0].ID, client.DecisionRequest{
				Decision: decision, Digest: open[0].Digest, Comments: comments,
			})
			if err := client.Check(decided, err); err != nil {
				t.Fatal(err)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("no review was opened")
}

// record keeps the history of a workflow, without a trace of the machine.
func record(t *testing.T, r *runtime.Runtime, folder, name, id string) {
	t.Helper()
	var whole history.History
	events := r.Temporal().GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		whole.Events = append(whole.Events, event)
	}
	text, err := protojson.Marshal(&whole)
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	anonymous := strings.ReplaceAll(string(text), fmt.Sprintf("%d@%s@", os.Getpid(), host), "worker@")
	anonymous = strings.ReplaceAll(anonymous, host, "host")
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(anonymous), "", " "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".json"), pretty.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
