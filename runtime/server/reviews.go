package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

// ListReviews lists drafts that wait for a decision, or all.
func (o operations) ListReviews(ctx context.Context, in api.ListReviewsRequestObject) (api.ListReviewsResponseObject, error) {
	open := in.Params.Open == nil || *in.Params.Open
	reviews, err := o.store.Reviews(ctx, store.ReviewFilter{Client: principalOf(ctx).filter(), Open: open, Limit: given(in.Params.Limit)})
	if err != nil {
		return nil, err
	}
	answer := api.ListReviews200JSONResponse{Reviews: make([]api.Review, 0, len(reviews))}
	for _, review := range reviews {
		answer.Reviews = append(answer.Reviews, reviewOf(review))
	}
	return answer, nil
}

// GetReview gives a review and the draft to read.
func (o operations) GetReview(ctx context.Context, in api.GetReviewRequestObject) (api.GetReviewResponseObject, error) {
	review, err := o.visibleReview(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	draft, err := o.draftOf(ctx, review)
	if err != nil {
		return nil, err
	}
	evidence, err := o.store.Evidence(ctx, review.Run)
	if err != nil {
		return nil, err
	}
	markdown, err := o.renderDraft(ctx, draft, evidence)
	if err != nil {
		return nil, fmt.Errorf("rendering the draft of review %s: %w", review.ID, err)
	}
	return api.GetReview200JSONResponse{Review: reviewOf(review), Markdown: markdown}, nil
}

// draftOf finds the draft a review is about, by its digest.
func (s *Server) draftOf(ctx context.Context, review store.Review) (agents.Draft, error) {
	drafts, err := s.store.Drafts(ctx, review.Run)
	if err != nil {
		return agents.Draft{}, err
	}
	for _, record := range drafts {
		if record.Digest != review.Digest {
			continue
		}
		raw, err := s.store.Blob(ctx, record.Ref)
		if err != nil {
			return agents.Draft{}, fmt.Errorf("reading draft %s: %v", record.Ref, err) //nolint:errorlint // a lost blob is a fault, not a 404
		}
		var draft agents.Draft
		if err := json.Unmarshal(raw, &draft); err != nil {
			return agents.Draft{}, fmt.Errorf("reading draft %s: %w", record.Ref, err)
		}
		return draft, nil
	}
	return agents.Draft{}, newProblem(http.StatusNotFound, "The draft %q of this review was replaced; list the reviews again.", review.Digest)
}

// DecideReview sends a person's decision to the run that waits.
func (o operations) DecideReview(ctx context.Context, in api.DecideReviewRequestObject) (api.DecideReviewResponseObject, error) {
	review, err := o.visibleReview(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	who := principalOf(ctx)
	decision := workflows.ReviewDecision{
		Decision: string(in.Body.Decision), Digest: in.Body.Digest, Comments: strings.TrimSpace(in.Body.Comments),
		By: who.name, Role: who.role,
	}
	var reading reading
	if decision.Decision == workflows.DecisionChanges && decision.Comments == "" {
		reading.blame("/comments", "say what to change")
	}
	reading.printable("/comments", decision.Comments)
	if err := reading.err(); err != nil {
		return nil, err
	}
	switch {
	case review.Decision != nil:
		return nil, conflict("The review was decided: %q by %s.", review.Decision.Decision, review.Decision.By)
	case review.Digest != decision.Digest:
		return nil, stale(review.Digest)
	}
	if err := o.decide(ctx, review, decision); err != nil {
		return nil, err
	}
	answer := reviewOf(review)
	answer.Decision = api.Decision{
		Decision: decision.Decision, Digest: decision.Digest, Comments: decision.Comments,
		By: decision.By, Role: decision.Role, At: o.now().UTC(),
	}
	return api.DecideReview200JSONResponse(answer), nil
}

// decide hands the decision to the workflow, which keeps it with the review.
func (s *Server) decide(ctx context.Context, review store.Review, decision workflows.ReviewDecision) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startPatience)
	defer cancel()
	err := s.engine.Decide(ctx, review.Run, decision)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrStaleReview):
		return stale("")
	case errors.Is(err, ErrNoReview):
		return conflict("The run does not wait for a decision any more.")
	}
	return unavailable("temporal", err)
}

func stale(digest string) *problem {
	p := conflict("Another draft waits by now; read it before you decide.")
	if digest != "" {
		p.detail = fmt.Sprintf("Draft %q waits; read it before you decide.", digest)
	}
	p.kind = kind{"stale", "The decision names another draft"}
	p.fields = []api.FieldError{inBody("/digest", "is not the digest of the draft that waits")}
	return p
}

func (s *Server) visibleReview(ctx context.Context, id string) (store.Review, error) {
	review, err := s.store.Review(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !principalOf(ctx).sees(review.Client) {
		return store.Review{}, notFound("review", id)
	}
	if err != nil {
		return store.Review{}, err
	}
	exchangeOf(ctx).run = review.Run
	return review, nil
}

func reviewOf(r store.Review) api.Review {
	self := "/v1/reviews/" + r.ID
	answer := api.Review{
		ID: r.ID, Run: r.Run, Topic: r.Topic, Digest: r.Digest, CreatedAt: r.Created.UTC(), DueAt: r.Due.UTC(),
		Links: api.ReviewLinks{Self: self, Decision: self + "/decision", Run: runLinks(r.Run).Self},
	}
	if d := r.Decision; d != nil {
		answer.Decision = api.Decision{
			Decision: d.Decision, Digest: d.Digest, Comments: d.Comments, By: d.By, Role: d.Role, At: d.At.UTC(),
		}
	}
	return answer
}

// plainDraft is a draft as Markdown with the ids of its evidence in brackets.
func plainDraft(_ context.Context, draft agents.Draft, _ []agents.Evidence) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n", draft.Title)
	for _, section := range draft.Sections {
		fmt.Fprintf(&text, "\n## %s\n", section.Heading)
		for _, paragraph := range section.Paragraphs {
			text.WriteString("\n")
			for _, sentence := range paragraph.Sentences {
				mark := ""
				if paragraph.List {
					mark = "- "
				}
				text.WriteString(mark + sentence.Text)
				if len(sentence.Evidence) > 0 {
					fmt.Fprintf(&text, " [%s]", strings.Join(sentence.Evidence, ", "))
				}
				text.WriteString("\n")
			}
		}
	}
	return text.String(), nil
}
