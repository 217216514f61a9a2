package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/summarize"
	"github.com/quaestor-run/quaestor/workflows"
)

// summaries keeps what it was asked.
type summaries struct {
	err  error
	jobs []workflows.SummaryJob
}

func (s *summaries) Model(asked string) string {
	if asked == "" {
		return "double"
	}
	return asked
}

func (s *summaries) Limit(model string) (int, error) {
	if model != "double" {
		return 0, &gateway.UnknownModelError{Model: model}
	}
	return 1000, nil
}

func (s *summaries) Summarize(_ context.Context, job workflows.SummaryJob, text string) (summarize.Summary, error) {
	s.jobs = append(s.jobs, job)
	return summarize.Summary{Chunks: 2, Piece: summarize.Piece{
		Summary: "of " + text, Model: job.Model, Usage: summarize.Usage{InputTokens: 5, OutputTokens: 3, NanoUSD: 1_500_000_000, Calls: 3},
	}}, s.err
}

func withSummaries(t *testing.T) (*world, *summaries) {
	t.Helper()
	s := &summaries{}
	return setup(t, func(o *server.Options) { o.Summaries = s }), s
}

type summaryJob struct {
	ID, Status, Error string
	Progress          struct{ Done, Total int }
	Result            struct{ Summary string }
	Links             struct{ Self string }
}

func TestShortTextsAreSummarisedAtOnce(t *testing.T) {
	t.Parallel()
	w, s := withSummaries(t)
	got := w.call("POST", "/v1/summarize", `{"text":" a text ","max_length":50,"format":"bullet_points","language":"de"}`).want(200)
	want := `{"chunks":2,"model":"double","summary":"of a text","usage":{"calls":3,"cost_usd":1.5,"input_tokens":5,"output_tokens":3}}`
	if body := strings.TrimSpace(string(got.body)); body != want {
		t.Errorf("got %s", body)
	}
	job := s.jobs[0]
	if !strings.HasPrefix(job.ID, "s_") || job.Client != "local" || job.Words != 50 || job.Format != "bullet_points" || job.Language != "de" {
		t.Errorf("job %+v", job)
	}
	w.call("POST", "/v1/summarize", `{"text":"x"}`).want(200)
	if job := s.jobs[1]; job.Words != 200 || job.Format != "paragraph" || job.ID == s.jobs[0].ID {
		t.Errorf("job %+v", job)
	}
	for body, field := range map[string]string{
		`{}`: "/text", `{"text":" "}`: "/text", `{"text":"` + strings.Repeat("a", 500_001) + `"}`: "/text", `{"text":"x","max_length":5}`: "/max_length",
		`{"text":"x","format":"poem"}`: "/format", `{"text":"x","language":"?"}`: "/language", `{"text":"x","model":"nobody"}`: "/model",
	} {
		w.call("POST", "/v1/summarize", body).wantField(422, "invalid", "body", field)
	}
}

func TestASummaryServesItsClient(t *testing.T) {
	t.Parallel()
	w, s := withSummaries(t)
	acme := w.addKey("acme", "ann")
	if err := w.store.CreateClient(t.Context(), store.Client{ID: "acme", SystemPrompt: "Be kind.", Block: 0.5}); err != nil {
		t.Fatal(err)
	}
	mine := withHeader("Idempotency-Key", "k")
	acme.call("POST", "/v1/summarize", `{"text":"x"}`, mine).want(200)
	acme.call("POST", "/v1/summarize", `{"text":"x"}`, mine).want(200)
	acme.call("POST", "/v1/summarize", `{"text":"y"}`, mine).wantProblem(409, "conflict")
	if job := s.jobs[0]; job != s.jobs[1] || job.Client != "acme" || job.SystemPrompt != "Be kind." || job.Block != 0.5 {
		t.Errorf("jobs %+v", s.jobs)
	}
	if _, err := w.store.UpdateClient(t.Context(), "acme", func(c *store.Client) error { c.Models = []string{"other"}; return nil }); err != nil {
		t.Fatal(err)
	}
	acme.call("POST", "/v1/summarize", `{"text":"x"}`).wantField(422, "invalid", "body", "/model")
}

func TestLongTextsAreSummarisedByAWorkflow(t *testing.T) {
	t.Parallel()
	w, s := withSummaries(t)
	acme, zoo := w.addKey("acme", "ann"), w.addKey("zoo", "zed")
	long := strings.Repeat("é", 60_001)
	var job summaryJob
	accepted := acme.call("POST", "/v1/summarize", `{"text":"`+long+`"}`).want(202)
	accepted.into(&job)
	if job.Status != "running" || job.Links.Self != accepted.header.Get("Location") || len(s.jobs) > 0 {
		t.Errorf("accepted %+v", job)
	}
	started := w.engine.Summaries()[job.ID]
	if text, err := w.store.Blob(t.Context(), started.Text); err != nil || string(text) != long || started.Client != "acme" {
		t.Errorf("started %+v, %v", started, err)
	}
	zoo.call("GET", job.Links.Self, "").wantProblem(404, "not-found")
	acme.call("GET", "/v1/summarize/nobody", "").wantProblem(404, "not-found")
	total, done, completed := 4, 3, store.StatusCompleted
	if err := w.store.UpdateSummary(t.Context(), job.ID, store.SummaryUpdate{Total: &total, Done: &done}); err != nil {
		t.Fatal(err)
	}
	if acme.call("GET", job.Links.Self, "").want(200).into(&job); job.Progress.Done != 3 || job.Progress.Total != 4 {
		t.Errorf("under way %+v", job)
	}
	result, err := json.Marshal(summarize.Summary{Piece: summarize.Piece{Summary: "all of it", Model: "double"}, Chunks: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.UpdateSummary(t.Context(), job.ID, store.SummaryUpdate{Status: &completed, Result: result, Finished: now}); err != nil {
		t.Fatal(err)
	}
	if acme.call("GET", job.Links.Self, "").want(200).into(&job); job.Status != "completed" || job.Result.Summary != "all of it" {
		t.Errorf("at the end %+v", job)
	}
	acme.call("POST", "/v1/summarize", `{"text":"x"}`, withHeader("Prefer", "wait=1, Respond-Async")).want(202)
}

// A job that was accepted is started when Temporal answers.
func TestAForgottenSummaryIsStarted(t *testing.T) {
	t.Parallel()
	w, _ := withSummaries(t)
	w.engine.Fail(errors.New("connection refused"))
	var job summaryJob
	w.call("POST", "/v1/summarize", `{"text":"x"}`, withHeader("Prefer", "respond-async")).want(202).into(&job)
	w.engine.Fail(nil)
	stop := w.serve("127.0.0.1:0")
	eventually(t, func() bool { return w.engine.Summaries()[job.ID].ID == job.ID })
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestSummariesThatFail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		kind   string
	}{
		"budget":    {&gateway.CallError{Err: &ledger.ExceededError{}}, 429, "budget"},
		"throttled": {&gateway.CallError{Err: &provider.Error{Class: provider.ClassThrottled}}, 429, "throttled"},
		"down":      {&gateway.CallError{Err: &provider.Error{Class: provider.ClassUnavailable}}, 503, "unavailable"},
		"slow":      {&gateway.CallError{Err: &provider.Error{Class: provider.ClassTimeout}}, 504, "model-timeout"},
		"refused":   {&gateway.CallError{Err: &provider.Error{Class: provider.ClassInvalid}}, 400, "model"},
		"broken":    {&gateway.CallError{Err: &provider.Error{Class: provider.ClassInternal}}, 500, "model"},
		"unread":    {&summarize.OutputError{Model: "double"}, 500, "model"},
		"a fault":   {errors.New("disk gone"), 500, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := withSummaries(t)
			s.err = test.err
			w.call("POST", "/v1/summarize", `{"text":"x"}`).wantProblem(test.status, test.kind)
		})
	}
	setup(t).call("POST", "/v1/summarize", `{"text":"x"}`).wantProblem(404, "not-found")
}
