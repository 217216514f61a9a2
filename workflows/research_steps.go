package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
)

// reviewed is a reviewer's verdict with the blob of the review itself.
type reviewed struct {
	verdict ReviewVerdict
	review  string
}

func (r *research) cycle() Cycle[agents.Question, string, CheckedDraft, reviewed] {
	return Cycle[agents.Question, string, CheckedDraft, reviewed]{
		Plan:        r.makePlan,
		Execute:     r.answer,
		StepFailed:  r.unanswered,
		Combine:     func(ctx workflow.Context, _ []string) (CheckedDraft, error) { return r.write(ctx) },
		Validate:    r.validate,
		Met:         func(v reviewed) bool { return v.verdict.Accept },
		Refine:      r.refine,
		Concurrency: r.settings.Concurrency,
		Rounds:      r.request.MaxIterations,
	}
}

// makePlan surveys the sources and has the coordinator plan the questions.
func (r *research) makePlan(ctx workflow.Context) ([]agents.Question, error) {
	if err := r.enter(ctx, PhasePlan); err != nil {
		return nil, err
	}
	survey := SurveyRequest{Run: r.id, Client: r.request.Client, Topic: r.request.Topic, Sources: r.request.Sources, Team: r.request.Team, Published: r.request.Published}
	err := workflow.ExecuteActivity(modelOptions(ctx, "survey of the sources"), SurveySourcesName, survey).Get(ctx, &r.survey)
	if err != nil {
		return nil, err
	}
	r.total = 1
	r.planRef, err = r.runAgent(ctx, "coordinator", "coordinator", "coordinator · plan", coordinator.Input{
		Topic: r.request.Topic, Language: r.request.Language, Questions: r.request.Questions,
		Survey: agents.Hold[agents.Survey](r.survey),
	})
	if err != nil {
		return nil, err
	}
	if r.plan, err = quick[agents.Plan](ctx, LoadOutputName, r.planRef); err != nil {
		return nil, err
	}
	questions := len(r.plan.Questions)
	r.gathered, r.evidence, r.analyses = make([]string, questions), make([]string, questions), make([]string, questions)
	r.total = 1 + 2*questions + 2
	if err := r.record(ctx, Record{Plan: r.planRef}, "plan", r.plan); err != nil {
		return nil, err
	}
	return r.plan.Questions, r.enter(ctx, PhaseGather)
}

// answer gathers evidence for a question and has it analysed.
func (r *research) answer(ctx workflow.Context, question agents.Question, number, of int) (string, error) {
	label := func(role string) string {
		return fmt.Sprintf("%s · question %d of %d: %s", role, number, of, question.Text)
	}
	at := number - 1
	var err error
	r.gathered[at], err = r.runAgent(ctx, "gatherer", fmt.Sprintf("gatherer-%d", number), label("gatherer"), gatherer.Input{
		Topic: r.request.Topic, Language: r.request.Language, Question: question,
		Survey: agents.Hold[agents.Survey](r.survey),
	})
	if err != nil {
		return "", err
	}
	r.evidence[at], err = quick[string](ctx, CollectName, Collect{Run: r.id, Outputs: []string{r.gathered[at]}})
	if err != nil {
		return "", err
	}
	if len(present(r.gathered)) == len(r.gathered) {
		if err := r.enter(ctx, PhaseAnalyse); err != nil {
			return "", err
		}
	}
	r.analyses[at], err = r.runAgent(ctx, "analyst", fmt.Sprintf("analyst-%d", number), label("analyst"), analyst.Input{
		Topic: r.request.Topic, Language: r.request.Language, Question: question,
		Survey: agents.Hold[agents.Survey](r.survey), Evidence: agents.Hold[[]agents.Evidence](r.evidence[at]),
	})
	return r.analyses[at], err
}

// unanswered keeps the run going without a question that could not be answered;
// the report names it as a gap.
func (r *research) unanswered(ctx workflow.Context, question agents.Question, cause error) error {
	workflow.GetLogger(ctx).Warn("Question left unanswered", "question", question.ID, "error", cause)
	r.done = min(r.done+1, r.total)
	return r.record(ctx, Record{}, "question.failed", struct {
		Question string `json:"question"`
		Reason   string `json:"reason"`
	}{question.Text, Reason(cause)})
}

// write has the first draft written from all analyses, and checks it.
func (r *research) write(ctx workflow.Context) (CheckedDraft, error) {
	if len(present(r.analyses)) == 0 {
		return CheckedDraft{}, fmt.Errorf("none of the %d questions could be answered", len(r.analyses))
	}
	if err := r.enter(ctx, PhaseWrite); err != nil {
		return CheckedDraft{}, err
	}
	input, err := r.writerInput(ctx)
	if err != nil {
		return CheckedDraft{}, err
	}
	draft, err := r.firstDraft(ctx, input)
	if err != nil {
		return CheckedDraft{}, err
	}
	return r.draft, r.check(ctx, DraftCheck{Draft: draft})
}

// validate has the draft reviewed.
func (r *research) validate(ctx workflow.Context, draft CheckedDraft, round int) (reviewed, error) {
	if err := r.enter(ctx, PhaseReview); err != nil {
		return reviewed{}, err
	}
	evidence, err := r.allEvidence(ctx)
	if err != nil {
		return reviewed{}, err
	}
	name := fmt.Sprintf("reviewer-%d", round)
	review, err := r.runAgent(ctx, "reviewer", name, fmt.Sprintf("reviewer · round %d", round), reviewer.Input{
		Topic: r.request.Topic, Language: r.request.Language, Round: round,
		Plan: agents.Hold[agents.Plan](r.planRef), Draft: agents.Hold[agents.Draft](draft.Draft),
		Evidence: agents.Hold[[]agents.Evidence](evidence),
	})
	if err != nil {
		return reviewed{}, err
	}
	if r.settings.Unsupported == UnsupportedRepair && draft.Unsupported > 0 {
		if review, err = quick[string](ctx, GateReviewName, GateReview{Run: r.id, Review: review}); err != nil {
			return reviewed{}, err
		}
	}
	verdict, err := quick[ReviewVerdict](ctx, ReadReviewName, review)
	if err != nil {
		return reviewed{}, err
	}
	r.review = review
	return reviewed{verdict, review}, r.record(ctx, Record{}, "review", struct {
		Round int `json:"round"`
		ReviewVerdict
	}{round, verdict})
}

// refine has the writer mend what the reviewer named.
func (r *research) refine(ctx workflow.Context, draft CheckedDraft, review reviewed, round int) (CheckedDraft, error) {
	input, err := r.writerInput(ctx)
	if err != nil {
		return CheckedDraft{}, err
	}
	held := agents.Hold[agents.Review](review.review)
	input.Review = &held
	return r.rewrite(ctx, input, draft, round)
}

// rewrite has a draft written anew from the one before it.
func (r *research) rewrite(ctx workflow.Context, input writer.Input, draft CheckedDraft, round int) (CheckedDraft, error) {
	if err := r.enter(ctx, PhaseRefine); err != nil {
		return CheckedDraft{}, err
	}
	r.total += 2
	previous := agents.Hold[agents.Draft](draft.Draft)
	input.Previous = &previous
	refined, err := r.refined(ctx, input, draft.Draft, round)
	if err != nil {
		return CheckedDraft{}, err
	}
	check := DraftCheck{Draft: refined, Round: round, Author: "writer", Version: r.settings.Agents["writer"], Comments: input.Comments}
	if input.Review != nil {
		check.Review = input.Review.Ref
	}
	return r.draft, r.check(ctx, check)
}

// check has a draft checked by code; what it returns is the run's draft from
// then on.
func (r *research) check(ctx workflow.Context, in DraftCheck) error {
	in.Run, in.Previous, in.Unsupported = r.id, r.draft.Draft, r.settings.Unsupported
	in.Judge = !r.settings.Instant["reviewer"]
	checked, err := quick[CheckedDraft](ctx, CheckDraftName, in)
	if err != nil {
		return err
	}
	if in.Judge && checked.Open > 0 {
		if checked, err = r.judge(ctx, in, checked); err != nil {
			return err
		}
	}
	r.draft, r.rounds, r.review = checked, in.Round, ""
	return r.record(ctx, Record{Iteration: &in.Round}, "draft", struct {
		Round int `json:"round"`
		CheckedDraft
	}{in.Round, checked})
}

// judge has the reviewer's model judge what the rules leave open, and the draft
// checked again with what it said. Without its word, because the budget ended or
// its answer could not be read, the rules' word stands.
func (r *research) judge(ctx workflow.Context, in DraftCheck, checked CheckedDraft) (CheckedDraft, error) {
	open := agents.Hold[[]agents.OpenClaim](checked.OpenClaims)
	r.judged++
	r.total++
	judgements, err := r.runAgent(ctx, "reviewer", fmt.Sprintf("reviewer-claims-%d", r.judged),
		fmt.Sprintf("reviewer · %d claims of draft %d", checked.Open, in.Round), reviewer.Input{
			Topic: r.request.Topic, Language: r.request.Language, Round: in.Round, Open: &open,
		})
	if temporal.IsCanceledError(err) || ctx.Err() != nil {
		return CheckedDraft{}, err
	}
	if err != nil {
		workflow.GetLogger(ctx).Warn("Claims left to the rules", "error", err)
		r.done = min(r.done+1, r.total)
	}
	in.Judge, in.Judgements = false, judgements
	return quick[CheckedDraft](ctx, CheckDraftName, in)
}

func (r *research) writerInput(ctx workflow.Context) (writer.Input, error) {
	evidence, err := r.allEvidence(ctx)
	if err != nil {
		return writer.Input{}, err
	}
	input := writer.Input{
		Topic: r.request.Topic, Language: r.request.Language,
		Plan: agents.Hold[agents.Plan](r.planRef), Survey: agents.Hold[agents.Survey](r.survey),
		Evidence: agents.Hold[[]agents.Evidence](evidence),
	}
	for _, ref := range present(r.analyses) {
		input.Analyses = append(input.Analyses, agents.Hold[agents.Analysis](ref))
	}
	return input, nil
}

func (r *research) allEvidence(ctx workflow.Context) (string, error) {
	return quick[string](ctx, CollectName, Collect{Run: r.id, Outputs: append(present(r.gathered), present(r.analyses)...)})
}

// runAgent runs one agent of the run and gives the blob of its output.
func (r *research) runAgent(ctx workflow.Context, agent, name, label string, input any) (string, error) {
	result, err := StartAgent(ctx, name, AgentRun{
		Run: r.id, Client: r.request.Client, Team: r.request.Team, Agent: agent, Version: r.settings.Agents[agent],
		Instant: r.settings.Instant[agent], Label: label, Sources: r.request.Sources, Published: r.request.Published,
	}, input)
	if err != nil {
		return "", err
	}
	r.done++
	return result.Output, r.record(ctx, Record{}, "agent.finished", struct {
		Agent string `json:"agent"`
		Label string `json:"label"`
		Steps int    `json:"steps"`
	}{agent, label, result.Steps})
}
