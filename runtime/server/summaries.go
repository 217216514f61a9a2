package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/agents/summarizer"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/server/money"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/summarize"
	"github.com/quaestor-run/quaestor/workflows"
)

// Summaries makes summaries; *summarize.Summarizer does.
type Summaries interface {
	Model(asked string) string
	Limit(model string) (int, error)
	Summarize(ctx context.Context, job workflows.SummaryJob, text string) (summarize.Summary, error)
}

const (
	atOnceCharacters = 60_000  // of a text that is summarised while its sender waits
	summaryWords     = 200     // unless another number is asked for
	summaryBody      = 4 << 20 // bytes: 500,000 characters, escaped
)

// CreateSummary summarises a short text at once, a long one by a workflow.
func (o operations) CreateSummary(ctx context.Context, in api.CreateSummaryRequestObject) (api.CreateSummaryResponseObject, error) {
	if o.summaries == nil {
		return nil, newProblem(http.StatusNotFound, "This server has no models.")
	}
	job, err := o.summaryJob(ctx, *in.Body)
	if err != nil {
		return nil, err
	}
	if job.ID, err = o.summaryID(ctx, job.Client, given(in.Params.IdempotencyKey), *in.Body); err != nil {
		return nil, err
	}
	text := strings.TrimSpace(in.Body.Text)
	if utf8.RuneCountInString(text) > atOnceCharacters || prefersLater(given(in.Params.Prefer)) {
		return o.acceptSummary(ctx, job, text)
	}
	control := http.NewResponseController(exchangeOf(ctx).writer)
	_ = control.SetReadDeadline(time.Time{}) // nothing more is read; its passing would end the request
	lasting, cancel := modelapi.Patient(ctx)
	defer cancel()
	summary, err := o.summaries.Summarize(lasting, job, text)
	_ = control.SetWriteDeadline(time.Now().Add(writePatience)) // models may outlast the server's own
	if err != nil {
		return nil, modelProblem(err)
	}
	return api.CreateSummary200JSONResponse(summaryResultOf(summary)), nil
}

func (o operations) summaryJob(ctx context.Context, body api.SummaryRequest) (workflows.SummaryJob, error) {
	var reading reading
	who := principalOf(ctx)
	job := workflows.SummaryJob{
		Client: who.client, Team: who.settings.Team, Model: o.summaries.Model(body.Model), Words: cmp.Or(body.MaxLength, summaryWords),
		Format:       cmp.Or(string(body.Format), summarizer.FormatParagraph),
		SystemPrompt: who.settings.SystemPrompt, Block: who.settings.Block,
	}
	if strings.TrimSpace(body.Text) == "" {
		reading.blame("/text", "must not be empty")
	}
	if body.Language != "" {
		job.Language = reading.language("/language", body.Language)
	}
	_, err := o.summaries.Limit(job.Model)
	if allowed := who.settings.Models; err != nil || len(allowed) > 0 && !slices.Contains(allowed, job.Model) {
		reading.blame("/model", "there is no model %q that you may use for this; GET /v1/models lists them", job.Model)
	}
	return job, reading.err()
}

// summaryID is the same for a request that is sent again with its key.
func (o operations) summaryID(ctx context.Context, client, key string, body api.SummaryRequest) (string, error) {
	if key == "" {
		return "s_" + randomName(20), nil
	}
	asked, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("encoding a request for a summary: %w", err)
	}
	sum := sha256.Sum256(slices.Concat([]byte("summarize\x00"), asked))
	digest := hex.EncodeToString(sum[:])
	first, err := o.store.ClaimRequest(ctx, client, key, digest, o.now().UTC())
	if err != nil {
		return "", err
	}
	if first != digest {
		return "", conflict("The Idempotency-Key %q was used for another request; use a new key for a new request.", key)
	}
	sum = sha256.Sum256([]byte(client + "\x00" + key + "\x00" + digest))
	return "s_" + hex.EncodeToString(sum[:10]), nil
}

// prefersLater reads a Prefer header (RFC 7240).
func prefersLater(prefer string) bool {
	for preference := range strings.SplitSeq(prefer, ",") {
		name, _, _ := strings.Cut(preference, ";")
		if strings.EqualFold(strings.TrimSpace(name), "respond-async") {
			return true
		}
	}
	return false
}

// acceptSummary writes the job down first and starts its workflow then; a job
// whose workflow could not be started is started when Temporal answers.
func (o operations) acceptSummary(ctx context.Context, job workflows.SummaryJob, text string) (api.CreateSummaryResponseObject, error) {
	if o.engine == nil {
		return nil, errModelsOnly()
	}
	var err error
	if job.Text, err = o.store.PutBlob(ctx, []byte(text)); err != nil {
		return nil, fmt.Errorf("keeping a text to summarise: %w", err)
	}
	request, err := json.Marshal(job)
	if err != nil {
		return nil, fmt.Errorf("encoding a job: %w", err)
	}
	kept, _, err := o.store.CreateSummary(ctx, store.Summary{
		ID: job.ID, Client: job.Client, Status: store.StatusRunning, Request: request, Created: o.now().UTC(),
	})
	if err != nil {
		return nil, err
	}
	if kept.Status == store.StatusRunning {
		starting, cancel := context.WithTimeout(context.WithoutCancel(ctx), startPatience)
		defer cancel()
		if err := o.engine.StartSummary(starting, job); err != nil {
			o.log.Warn("a summary will be started when Temporal answers", append(exchangeOf(ctx).fields(), zap.String("summary", job.ID), zap.Error(err))...)
		}
	}
	answer, err := summaryJobOf(kept)
	if err != nil {
		return nil, err
	}
	return api.CreateSummary202JSONResponse{Body: answer, Headers: api.CreateSummary202ResponseHeaders{Location: answer.Links.Self}}, nil
}

// startSummaries starts the jobs that were accepted and not started.
func (s *Server) startSummaries(ctx context.Context) error {
	pending, err := s.store.PendingSummaries(ctx, 0)
	if err != nil {
		return err
	}
	for _, summary := range pending {
		var job workflows.SummaryJob
		if err := json.Unmarshal(summary.Request, &job); err != nil {
			return fmt.Errorf("reading the request of summary %s: %w", summary.ID, err)
		}
		if err := s.engine.StartSummary(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

// GetSummary says how a summary stands.
func (o operations) GetSummary(ctx context.Context, in api.GetSummaryRequestObject) (api.GetSummaryResponseObject, error) {
	summary, err := o.store.Summary(ctx, in.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !principalOf(ctx).sees(summary.Client) {
		return nil, notFound("summary", in.ID)
	}
	if err != nil {
		return nil, err
	}
	answer, err := summaryJobOf(summary)
	if err != nil {
		return nil, err
	}
	return api.GetSummary200JSONResponse(answer), nil
}

func summaryJobOf(s store.Summary) (api.SummaryJob, error) {
	answer := api.SummaryJob{
		ID: s.ID, Status: api.SummaryJobStatus(s.Status), Progress: api.Progress{Done: s.Done, Total: max(s.Done, s.Total)},
		Error: s.Error, CreatedAt: s.Created.UTC(), FinishedAt: utc(s.Finished),
	}
	answer.Links.Self = "/v1/summarize/" + s.ID
	if len(s.Result) == 0 {
		return answer, nil
	}
	var result summarize.Summary
	if err := json.Unmarshal(s.Result, &result); err != nil {
		return api.SummaryJob{}, fmt.Errorf("reading summary %s: %w", s.ID, err)
	}
	answer.Result = summaryResultOf(result)
	return answer, nil
}

func summaryResultOf(s summarize.Summary) api.SummaryResult {
	return api.SummaryResult{
		Summary: s.Summary, Model: s.Model, Chunks: s.Chunks, Usage: api.SummaryUsage{
			InputTokens: s.Usage.InputTokens, OutputTokens: s.Usage.OutputTokens, CostUSD: money.Dollars(s.Usage.NanoUSD), Calls: s.Usage.Calls,
		},
	}
}

// modelProblem is a failed model call as the rest of the API tells errors.
func modelProblem(err error) error {
	var unread *summarize.OutputError
	var unknown *gateway.UnknownModelError
	switch {
	case errors.As(err, &unknown):
		return invalid(inBody("/model", "%s", unknown.Error()))
	case errors.As(err, &unread), errors.Is(err, workflows.ErrSummaryStuck):
		p := newProblem(http.StatusInternalServerError, "%v.", err)
		p.kind, p.cause = kind{"model", "The model failed"}, err
		return p
	}
	failure := modelapi.AsFailure(err)
	p := newProblem(failure.Status, "%s", failure.Message)
	p.cause = err
	switch failure.Status {
	case http.StatusTooManyRequests:
		p.kind = kind{"throttled", "The model is busy"}
		if failure.Code == "insufficient_quota" {
			p.kind = kind{"budget", "The budget does not allow it"}
		}
	case http.StatusGatewayTimeout:
		p.kind = kind{"model-timeout", "The model took too long"}
	case http.StatusBadRequest:
		p.kind = kind{"model", "The model refused the request"}
	case http.StatusInternalServerError:
		if failure.Code != "" {
			p.kind = kind{"model", "The model failed"}
		}
	}
	if failure.RetryAfter > 0 {
		p.header = http.Header{"Retry-After": {strconv.Itoa(int((failure.RetryAfter + time.Second - 1) / time.Second))}}
	}
	return p
}
