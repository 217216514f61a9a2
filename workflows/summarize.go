package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// SummaryJob is a text to summarise, and how. It is the input of the workflow
// Summarize and the Request of the summary's record.
type SummaryJob struct {
	ID           string  `json:"id"`
	Client       string  `json:"client"`
	Team         string  `json:"team,omitempty"`
	Model        string  `json:"model"`
	Text         string  `json:"text"` // blob
	Words        int     `json:"words"`
	Format       string  `json:"format"`
	Language     string  `json:"language,omitempty"`
	SystemPrompt string  `json:"system_prompt,omitempty"` // of the client
	Block        float64 `json:"block,omitempty"`         // score from which injections are refused
}

// SummaryPlan is a text in parts that fit the model's window.
type SummaryPlan struct {
	Parts []string `json:"parts"` // blobs
	Limit int      `json:"limit"` // bytes that fit
}

// SummaryStep asks for the summary of some texts taken together.
type SummaryStep struct {
	Job     SummaryJob `json:"job"`
	Name    string     `json:"name"`              // unique in the job: part of the call's key
	Texts   []string   `json:"texts"`             // blobs
	Combine bool       `json:"combine,omitempty"` // the texts are pieces, not parts of the text
	Last    bool       `json:"last"`              // it is the summary itself, not one to be combined
	Done    int        `json:"done"`              // steps that ended before it, for the record
}

// SummaryPiece is the summary of some texts.
type SummaryPiece struct {
	Ref   string `json:"ref"` // blob
	Bytes int    `json:"bytes"`
}

// SummaryEnding keeps what became of a job: its last piece, or why it failed.
type SummaryEnding struct {
	Job    SummaryJob `json:"job"`
	Pieces []string   `json:"pieces"` // all of them; the last one is the summary
	Parts  int        `json:"parts"`
	Error  string     `json:"error,omitempty"`
}

// SummariesAtOnce is how many parts of a text are summarised at a time.
const SummariesAtOnce = 4

// ErrSummaryStuck says that a model's summaries are no shorter than what they
// summarise.
var ErrSummaryStuck = errors.New("the model's summaries do not get shorter; choose another model or a smaller max_length")

// EachAlone is n texts in groups of one.
func EachAlone(n int) [][]int {
	groups := make([][]int, n)
	for i := range groups {
		groups[i] = []int{i}
	}
	return groups
}

// GroupSummaries puts texts that follow each other together as far as they fit
// into the limit.
func GroupSummaries(sizes []int, limit int) [][]int {
	var groups [][]int
	total := 0
	for i, size := range sizes {
		last := len(groups) - 1
		if last >= 0 && total+size <= limit {
			groups[last] = append(groups[last], i)
			total += size
			continue
		}
		groups = append(groups, []int{i})
		total = size
	}
	return groups
}

// Summarize summarises the parts of a long text in parallel, and combines the
// summaries until they fit into one.
func Summarize(ctx workflow.Context, job SummaryJob) error {
	pieces, parts, err := summarize(ctx, job)
	ending := SummaryEnding{Job: job, Pieces: pieces, Parts: parts}
	if err != nil {
		if temporal.IsCanceledError(err) {
			ctx, _ = workflow.NewDisconnectedContext(ctx)
		}
		ending.Error = Reason(err)
	}
	if _, recordErr := quick[struct{}](ctx, EndSummaryName, ending); recordErr != nil {
		return recordErr
	}
	return err
}

func summarize(ctx workflow.Context, job SummaryJob) (pieces []string, parts int, err error) {
	plan, err := quick[SummaryPlan](ctx, SplitTextName, job)
	if err != nil {
		return nil, 0, err
	}
	texts, groups := plan.Parts, EachAlone(len(plan.Parts))
	for level := 0; ; level++ {
		steps := make([]SummaryStep, len(groups))
		for i, group := range groups {
			steps[i] = SummaryStep{Job: job, Name: fmt.Sprintf("%d/%d", level, i), Combine: level > 0, Last: len(groups) == 1}
			for _, text := range group {
				steps[i].Texts = append(steps[i].Texts, texts[text])
			}
		}
		made, err := takeSteps(ctx, steps, len(pieces))
		if err != nil {
			return pieces, len(plan.Parts), err
		}
		texts = nil
		sizes := make([]int, len(made))
		for i, piece := range made {
			texts, sizes[i] = append(texts, piece.Ref), piece.Bytes
		}
		pieces = append(pieces, texts...)
		if len(made) == 1 {
			return pieces, len(plan.Parts), nil
		}
		if groups = GroupSummaries(sizes, plan.Limit); len(groups) == len(made) {
			return pieces, len(plan.Parts), temporal.NewNonRetryableApplicationError(ErrSummaryStuck.Error(), ErrorStepLimit, nil)
		}
	}
}

// takeSteps takes the steps of one level, some at a time.
func takeSteps(ctx workflow.Context, steps []SummaryStep, done int) ([]SummaryPiece, error) {
	made, errs := make([]SummaryPiece, len(steps)), make([]error, len(steps))
	slots, under := workflow.NewSemaphore(ctx, SummariesAtOnce), workflow.NewWaitGroup(ctx)
	ended := 0
	var failed error
	for i := range steps {
		if err := slots.Acquire(ctx, 1); err != nil {
			failed = err
		}
		if failed != nil { // what is under way is waited for, nothing more is begun
			break
		}
		under.Add(1)
		steps[i].Done = done + ended
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer under.Done()
			defer slots.Release(1)
			options := modelOptions(ctx, fmt.Sprintf("summary %s", steps[i].Name))
			errs[i] = workflow.ExecuteActivity(options, SummarizeTextsName, steps[i]).Get(ctx, &made[i])
			ended++
			if errs[i] != nil && failed == nil {
				failed = errs[i]
			}
		})
	}
	under.Wait(ctx)
	return made, failed
}
