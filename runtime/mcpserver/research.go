package mcpserver

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// The time that one call of research_wait takes, in seconds.
const (
	defaultWait = 45
	maxWait     = 300
)

// How much of a report one call gives, in bytes.
const (
	defaultChunk = 40_000
	maxChunk     = 100_000
)

type startInput struct {
	Topic         string   `json:"topic" jsonschema:"minLength=1,maxLength=2000" jsonschema_description:"what to research, as one sentence or question"`
	Questions     []string `json:"questions,omitempty" jsonschema:"maxItems=20" jsonschema_description:"questions that must be answered; others are added"`
	Sources       []string `json:"sources,omitempty" jsonschema:"maxItems=100" jsonschema_description:"names of corpora and ids of documents, see documents_list; the default ones when left out"`
	Language      string   `json:"language,omitempty" jsonschema_description:"language of the report, as a BCP 47 tag; en when left out"`
	BudgetUSD     float64  `json:"budget_usd,omitempty" jsonschema:"minimum=0" jsonschema_description:"end as partial when this many dollars are spent; as configured when left out"`
	Deadline      string   `json:"deadline,omitempty" jsonschema_description:"end as partial after this long, such as 10m"`
	CitationStyle string   `json:"citation_style,omitempty" jsonschema:"enum=plain,enum=apa,enum=chicago,enum=ieee,enum=vancouver,enum=harvard"`
	MaxIterations *int     `json:"max_iterations,omitempty" jsonschema:"minimum=0,maximum=3" jsonschema_description:"rounds of refinement, 0 to 3"`
	Review        bool     `json:"review,omitempty" jsonschema_description:"whether a person decides on the draft before it is published"`
	RequestID     string   `json:"request_id,omitempty" jsonschema:"maxLength=200" jsonschema_description:"a name of your own for this request: sent again with the same arguments, it gives the same run"`
}

type runInput struct {
	ID string `json:"id" jsonschema:"minLength=1,maxLength=100" jsonschema_description:"id of the research, as research_start gave it"`
}

type waitInput struct {
	ID      string `json:"id" jsonschema:"minLength=1,maxLength=100" jsonschema_description:"id of the research, as research_start gave it"`
	Seconds int    `json:"seconds,omitempty" jsonschema:"minimum=1,maximum=300" jsonschema_description:"how long to wait at most; 45 when left out"`
	After   int64  `json:"after,omitempty" jsonschema:"minimum=0" jsonschema_description:"last_event of the call before: progress is told from there"`
}

type reportInput struct {
	ID     string `json:"id" jsonschema:"minLength=1,maxLength=100" jsonschema_description:"id of the research"`
	Format string `json:"format,omitempty" jsonschema:"enum=md,enum=html,enum=json,enum=csl,enum=bibtex,enum=ris" jsonschema_description:"md when left out; csl, bibtex and ris are its references"`
	Offset int    `json:"offset,omitempty" jsonschema:"minimum=0" jsonschema_description:"where to begin, in bytes: next_offset of the call before"`
	Bytes  int    `json:"bytes,omitempty" jsonschema:"minimum=1000,maximum=100000" jsonschema_description:"how much to give; 40000 when left out"`
}

type evidenceInput struct {
	ID     string   `json:"id" jsonschema:"minLength=1,maxLength=100" jsonschema_description:"id of the research"`
	Claims []string `json:"claims,omitempty" jsonschema_description:"ids of claims to give with their evidence; all when left out"`
	Offset int      `json:"offset,omitempty" jsonschema:"minimum=0" jsonschema_description:"how many claims to pass over"`
	Limit  int      `json:"limit,omitempty" jsonschema:"minimum=1,maximum=100" jsonschema_description:"how many claims to give; 25 when left out"`
}

type listInput struct {
	Limit  int    `json:"limit,omitempty" jsonschema:"minimum=1,maximum=100" jsonschema_description:"how many to give; 20 when left out"`
	Status string `json:"status,omitempty" jsonschema:"enum=running,enum=awaiting_review,enum=completed,enum=partial,enum=failed,enum=cancelled,enum=rejected"`
}

// state is where a run is.
type state struct {
	ID      string `json:"id"`
	Topic   string `json:"topic"`
	Status  string `json:"status" jsonschema_description:"running, awaiting_review, completed, partial, failed, cancelled or rejected"`
	Ended   bool   `json:"ended"`
	Phase   string `json:"phase,omitempty"`
	Done    int    `json:"done,omitempty" jsonschema_description:"steps done"`
	Total   int    `json:"total,omitempty" jsonschema_description:"steps as planned so far"`
	Reason  string `json:"reason,omitempty" jsonschema_description:"why it failed or is partial"`
	CostUSD string `json:"cost_usd,omitempty"`
	Report  string `json:"report,omitempty" jsonschema_description:"the resource of the report, once there is one"`
	Next    string `json:"next,omitempty" jsonschema_description:"what to do next"`
	Last    int64  `json:"last_event,omitempty" jsonschema_description:"number of the last event that progress was told of"`
}

type stateList struct {
	Runs []state `json:"runs"`
}

type chunk struct {
	ID         string `json:"id"`
	Format     string `json:"format"`
	Text       string `json:"text"`
	TotalBytes int    `json:"total_bytes"`
	NextOffset int    `json:"next_offset,omitempty" jsonschema_description:"where the rest begins; absent at the end"`
}

type findings struct {
	Claims   []claim    `json:"claims"`
	Evidence []evidence `json:"evidence"`
	Total    int        `json:"total" jsonschema_description:"claims in all"`
}

type claim struct {
	ID       string   `json:"id"`
	Section  string   `json:"section"`
	Text     string   `json:"text"`
	Status   string   `json:"status" jsonschema_description:"supported, partly, not_shown, contradicted or unsupported"`
	Evidence []string `json:"evidence,omitempty"`
	Problems []string `json:"problems,omitempty"`
}

type evidence struct {
	ID      string `json:"id"`
	Quote   string `json:"quote" jsonschema_description:"the exact words of the source"`
	Title   string `json:"title"`
	URI     string `json:"uri"`
	Year    int    `json:"year,omitempty"`
	Page    int    `json:"page,omitempty"`
	Heading string `json:"heading,omitempty"`
	SHA256  string `json:"sha256" jsonschema_description:"of the snapshot that the quote stands in"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

func (s *Server) addResearch() error {
	return errors.Join(
		add(s, "research_start", "Start a research", "Starts a research and returns its id at once. It then runs by itself, "+
			"whether you wait or not, and spends at most its budget. Use research_wait next.", starts, s.start),
		add(s, "research_status", "Where a research is", "Tells where a research is, at once.", reads, s.status),
		add(s, "research_wait", "Wait for a research", "Waits until a research has ended or needs a person, but no longer than the seconds given, "+
			"and tells where it is. Sends progress while it waits. Call it again while `ended` is false.", reads, s.wait),
		add(s, "research_report", "Read a report", "Gives the published report of a research that completed or is partial, in pieces where it is long.", reads, s.report),
		add(s, "research_evidence", "Read the evidence", "Gives the claims of a report, how each stands to its evidence, and the exact quotes they cite.", reads, s.evidence),
		add(s, "research_cancel", "Cancel a research", "Stops a research. What it gathered is kept.", stops, s.cancel),
		add(s, "research_list", "List researches", "Lists the latest researches.", reads, s.list),
	)
}

func (s *Server) start(ctx context.Context, r request, in startInput) (state, error) {
	body := client.ResearchRequest{
		Topic: in.Topic, Questions: in.Questions, Language: in.Language, Deadline: in.Deadline, MaxIterations: in.MaxIterations,
		CitationStyle: client.CitationStyle(in.CitationStyle), Sources: client.Sources{Documents: in.Sources},
	}
	if len(in.Sources) == 0 {
		body.Sources.Documents = s.options.Sources
	}
	if in.BudgetUSD > 0 {
		body.Budget.USD = json.Number(strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.6f", in.BudgetUSD), "0"), "."))
	}
	if in.Review {
		body.Review = client.ReviewModeRequired
	}
	key := in.RequestID
	if key == "" {
		key = rand.Text()
	}
	accepted, err := r.api.CreateResearchWithResponse(ctx, &client.CreateResearchParams{IdempotencyKey: &key}, body)
	if err := client.Check(accepted, err); err != nil {
		return state{}, fmt.Errorf("starting the research: %w", err)
	}
	return run(ctx, r.api, accepted.JSON202.ID)
}

func (s *Server) status(ctx context.Context, r request, in runInput) (state, error) {
	return run(ctx, r.api, in.ID)
}

func run(ctx context.Context, api *client.API, id string) (state, error) {
	answer, err := api.GetResearchWithResponse(ctx, id)
	if err := client.Check(answer, err); err != nil {
		return state{}, fmt.Errorf("reading research %s: %w", id, err)
	}
	got := answer.JSON200
	now := state{
		ID: got.ID, Topic: got.Topic, Status: string(got.Status), Phase: got.Phase, Done: got.Progress.Done, Total: got.Progress.Total,
		Reason: got.Error, CostUSD: got.Usage.CostUSD.String(),
	}
	switch got.Status {
	case client.StatusRunning:
		now.Next = "call research_wait"
	case client.StatusAwaitingReview:
		now.Next = "a person decides on the draft; call research_wait or come back later"
	case client.StatusCompleted, client.StatusPartial:
		now.Ended, now.Report, now.Next = true, reportURI(got.ID), "read it with research_report"
	default:
		now.Ended = true
	}
	return now, nil
}

func (s *Server) wait(ctx context.Context, r request, in waitInput) (state, error) {
	seconds := in.Seconds
	if seconds == 0 {
		seconds = defaultWait
	}
	now, err := run(ctx, r.api, in.ID)
	if err != nil || now.Ended {
		return now, err
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(min(seconds, maxWait))*time.Second)
	defer cancel()
	last, err := follow(limited, r, now, in.After)
	if err != nil && limited.Err() == nil {
		return state{}, fmt.Errorf("following research %s: %w", in.ID, err)
	}
	if ctx.Err() != nil {
		return state{}, ctx.Err()
	}
	now, err = run(ctx, r.api, in.ID)
	now.Last = last
	return now, err
}

func (s *Server) report(ctx context.Context, r request, in reportInput) (chunk, error) {
	format := in.Format
	if format == "" {
		format = "md"
	}
	text, err := reportText(ctx, r.api, in.ID, format)
	if err != nil {
		return chunk{}, err
	}
	size := in.Bytes
	if size == 0 {
		size = defaultChunk
	}
	start := min(in.Offset, len(text))
	for start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	end := min(start+min(size, maxChunk), len(text))
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	out := chunk{ID: in.ID, Format: format, Text: text[start:end], TotalBytes: len(text)}
	if end < len(text) {
		out.NextOffset = end
	}
	return out, nil
}

func reportText(ctx context.Context, api *client.API, id, format string) (string, error) {
	form := client.GetReportParamsFormat(format)
	answer, err := api.GetReportWithResponse(ctx, id, &client.GetReportParams{Format: &form})
	if err := client.Check(answer, err); err != nil {
		return "", fmt.Errorf("reading the report of %s: %w", id, err)
	}
	return strings.ToValidUTF8(string(answer.Body), "\uFFFD"), nil
}

func (s *Server) cancel(ctx context.Context, r request, in runInput) (state, error) {
	answer, err := r.api.CancelResearchWithResponse(ctx, in.ID)
	if err := client.Check(answer, err); err != nil {
		return state{}, fmt.Errorf("cancelling research %s: %w", in.ID, err)
	}
	return run(ctx, r.api, in.ID)
}

func (s *Server) list(ctx context.Context, r request, in listInput) (stateList, error) {
	limit := in.Limit
	if limit == 0 {
		limit = 20
	}
	params := client.ListResearchParams{Limit: &limit}
	if in.Status != "" {
		status := client.Status(in.Status)
		params.Status = &status
	}
	answer, err := r.api.ListResearchWithResponse(ctx, &params)
	if err := client.Check(answer, err); err != nil {
		return stateList{}, fmt.Errorf("listing researches: %w", err)
	}
	out := stateList{Runs: []state{}}
	for _, got := range answer.JSON200.Runs {
		ended := got.Status != client.StatusRunning && got.Status != client.StatusAwaitingReview
		out.Runs = append(out.Runs, state{ID: got.ID, Topic: got.Topic, Status: string(got.Status), Ended: ended, Phase: got.Phase})
	}
	return out, nil
}
