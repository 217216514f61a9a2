// Package summarize makes summaries of texts of any length: in parts that fit
// the model's window, whose summaries are combined. Every step is a call of its
// own through the gateway, with the feature "summarize".
//
// It serves both the API, which summarises short texts at once, and the
// activities of the workflow that summarises long ones durably.
package summarize

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/agents/summarizer"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/workflows"
)

// Feature is what the calls of this package are for.
const Feature = "summarize"

const (
	maxPart    = 60_000 // bytes of a part, however large the window
	windowPart = 0.6    // of a window, in bytes: a token is at least one byte
	shareWords = 12     // bytes of a limit for each word of a partial summary: half of it is left
	leastWords = 40     // of a partial summary
	mostWords  = 400
	tries      = 2 // at an output that can be read
)

// Models is what the gateway does for summaries.
type Models interface {
	Invoke(ctx context.Context, call gateway.Call) (gateway.Result, error)
	Models() []gateway.ModelInfo
}

// Options say what a Summarizer works with; both are required.
type Options struct {
	Models Models
	Agent  agents.Definition // of the role summarizer
	Model  string            // for requests that name none
}

// Summarizer is safe for concurrent use.
type Summarizer struct {
	options Options
}

// New makes a Summarizer.
func New(options Options) *Summarizer { return &Summarizer{options} }

// Usage is what the calls of a summary consumed.
type Usage struct {
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
	NanoUSD      int64 `json:"nano_usd"`
	Calls        int64 `json:"calls"`
}

func (u Usage) plus(v Usage) Usage {
	return Usage{u.InputTokens + v.InputTokens, u.OutputTokens + v.OutputTokens, u.NanoUSD + v.NanoUSD, u.Calls + v.Calls}
}

// Piece is the summary of some texts.
type Piece struct {
	Summary string `json:"summary"`
	Model   string `json:"model"`
	Usage   Usage  `json:"usage"`
}

// Summary is the summary of a whole text.
type Summary struct {
	Piece
	Chunks int `json:"chunks"`
}

// Add takes another piece into account; the last one is the summary.
func (s *Summary) Add(piece Piece) {
	usage := s.Usage.plus(piece.Usage)
	s.Piece = piece
	s.Usage = usage
}

// Model is the model that a request comes to.
func (s *Summarizer) Model(asked string) string { return cmp.Or(asked, s.options.Model) }

// Limit is how many bytes of text fit a call of the model. A token of a
// byte-level tokenizer covers at least one byte, so they fit whatever the text.
func (s *Summarizer) Limit(model string) (int, error) {
	for _, known := range s.options.Models.Models() {
		if known.Name == model && !known.Embedding {
			return min(maxPart, int(windowPart*float64(known.ContextWindow))), nil
		}
	}
	return 0, &gateway.UnknownModelError{Model: model, Reason: "it cannot summarise"}
}

// Summarize summarises a text in this process. The job names the calls.
func (s *Summarizer) Summarize(ctx context.Context, job workflows.SummaryJob, text string) (Summary, error) {
	limit, err := s.Limit(job.Model)
	if err != nil {
		return Summary{}, err
	}
	texts := Split(text, limit)
	whole := Summary{Chunks: len(texts)}
	groups := workflows.EachAlone(len(texts))
	for level := 0; ; level++ {
		made, err := s.level(ctx, job, level, texts, groups)
		if err != nil {
			return Summary{}, err
		}
		texts = nil
		sizes := make([]int, len(made))
		for i, piece := range made {
			texts, sizes[i] = append(texts, piece.Summary), len(piece.Summary)
			whole.Add(piece)
		}
		if len(made) == 1 {
			return whole, nil
		}
		if groups = workflows.GroupSummaries(sizes, limit); len(groups) == len(made) {
			return Summary{}, workflows.ErrSummaryStuck
		}
	}
}

// level summarises groups of texts, some at a time.
func (s *Summarizer) level(ctx context.Context, job workflows.SummaryJob, level int, texts []string, groups [][]int) ([]Piece, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	made := make([]Piece, len(groups))
	slots := make(chan struct{}, workflows.SummariesAtOnce)
	var under sync.WaitGroup
	for i, group := range groups {
		together := make([]string, 0, len(group))
		for _, at := range group {
			together = append(together, texts[at])
		}
		slots <- struct{}{}
		under.Go(func() {
			defer func() { <-slots }()
			if ctx.Err() != nil {
				return
			}
			var err error
			if made[i], err = s.Step(ctx, job, fmt.Sprintf("%d/%d", level, i), together, len(groups) == 1); err != nil {
				cancel(err)
			}
		})
	}
	under.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return made, nil
}

// Step summarises some texts taken together. Its name is unique in the job.
func (s *Summarizer) Step(ctx context.Context, job workflows.SummaryJob, name string, texts []string, last bool) (Piece, error) {
	limit, err := s.Limit(job.Model)
	if err != nil {
		return Piece{}, err
	}
	in := summarizer.Input{Text: strings.Join(texts, "\n\n"), Words: job.Words, Format: job.Format, Language: job.Language, Partial: !last}
	if !last {
		in.Words = min(mostWords, max(leastWords, limit/(2*shareWords)))
	}
	call, err := s.call(job, in)
	if err != nil {
		return Piece{}, err
	}
	var piece Piece
	for attempt := range tries {
		call.Key = "summarize/" + job.ID + "/" + name + "/" + strconv.Itoa(attempt)
		result, err := s.options.Models.Invoke(ctx, call)
		if err != nil {
			return Piece{}, err
		}
		usage := result.Response.Usage
		piece.Model = result.Model
		piece.Usage = piece.Usage.plus(Usage{usage.Input + usage.CacheRead + usage.CacheWrite, usage.Output, result.NanoUSD, 1})
		text := result.Response.Message.Text
		out, problem := s.read(call.Input, text)
		if problem == nil {
			piece.Summary = out.Summary
			return piece, nil
		}
		call.Messages = append(call.Messages, agents.Message{Role: agents.RoleAssistant, Text: text},
			agents.Message{Role: agents.RoleUser, Text: "That was not accepted. What was wrong:\n<problem>\n" + prose.Fenced(problem.Error()) + "\n</problem>\nMend exactly this and answer again."})
	}
	return Piece{}, &OutputError{Model: piece.Model}
}

// OutputError says that a model gave no summary that could be read.
type OutputError struct {
	Model string
}

// Error implements error.
func (e *OutputError) Error() string {
	return fmt.Sprintf("model %q gave no summary that can be read, in %d tries", e.Model, tries)
}

func (s *Summarizer) read(input json.RawMessage, text string) (summarizer.Output, error) {
	var out summarizer.Output
	accepted, err := s.options.Agent.Accept(input, []byte(text))
	if err != nil {
		return out, err
	}
	err = json.Unmarshal(accepted.Output, &out)
	return out, err
}

// call is one step as the gateway takes it. The text is data in the user's
// message, between marks it cannot close.
func (s *Summarizer) call(job workflows.SummaryJob, in summarizer.Input) (gateway.Call, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return gateway.Call{}, fmt.Errorf("encoding a text to summarise: %w", err)
	}
	system, err := s.options.Agent.SystemPrompt(raw)
	if err != nil {
		return gateway.Call{}, err
	}
	if job.SystemPrompt != "" {
		system = job.SystemPrompt + "\n\n" + system
	}
	return gateway.Call{
		Client: job.Client, Team: job.Team, Feature: Feature, Agent: s.options.Agent.Name, AgentVersion: s.options.Agent.Version,
		Model: job.Model, Input: raw, System: system, Output: s.options.Agent.Output, BlockInjections: job.Block,
		Messages:  []agents.Message{{Role: agents.RoleUser, Text: "<untrusted>\n" + prose.Unmarked(in.Text) + "\n</untrusted>"}},
		MaxTokens: 4*in.Words + 512, // some languages need several tokens for a word
	}, nil
}
