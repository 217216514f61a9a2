package server_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

// addReview makes a run wait for a decision on its draft.
func (w *world) addReview(client string) store.Review {
	w.t.Helper()
	run := w.addRun(store.Run{ID: "r_" + client, Client: client, Status: store.StatusAwaitingReview})
	draft, err := json.Marshal(agents.Draft{Title: "Heat pumps", Sections: []agents.Section{{
		Kind: agents.SectionFindings, Heading: "Costs",
		Paragraphs: []agents.Paragraph{{Sentences: []agents.Statement{{Text: "They save.", Evidence: []string{"e_1"}}}}},
	}}})
	if err != nil {
		w.t.Fatal(err)
	}
	ref := w.blob(string(draft))
	if err := w.store.PutDraft(w.t.Context(), store.DraftRecord{Run: run.ID, Ref: ref, Digest: ref, Created: now}); err != nil {
		w.t.Fatal(err)
	}
	review := store.Review{ID: run.ID + "-review-0", Run: run.ID, Client: client, Topic: run.Topic, Digest: ref, Created: now, Due: now.Add(24 * time.Hour)}
	if err := w.store.OpenReview(w.t.Context(), review); err != nil {
		w.t.Fatal(err)
	}
	w.engine.Await(run.ID, ref)
	return review
}

func TestReview(t *testing.T) {
	t.Parallel()
	w := setup(t)
	review := w.addReview("acme")
	ann, bob := w.addKey("acme", "ann"), w.addKey("umbrella", "bob")

	var list struct {
		Reviews []struct{ ID, Run, Digest string }
	}
	ann.call("GET", "/v1/reviews", "").want(200).into(&list)
	if len(list.Reviews) != 1 || list.Reviews[0].ID != review.ID || list.Reviews[0].Run != review.Run {
		t.Errorf("ann sees %+v", list)
	}
	bob.call("GET", "/v1/reviews", "").want(200).into(&list)
	if len(list.Reviews) != 0 {
		t.Errorf("bob sees %+v, which is another client's", list)
	}
	self := "/v1/reviews/" + review.ID
	var got struct {
		Review   struct{ Digest string }
		Markdown string
	}
	ann.call("GET", self, "").want(200).into(&got)
	if got.Review.Digest != review.Digest || !strings.Contains(got.Markdown, "They save. [e_1]") || !strings.Contains(got.Markdown, "## Costs") {
		t.Errorf("draft %+v", got)
	}
	bob.call("GET", self, "").wantProblem(404, "not-found")

	approve := `{"decision":"approve","digest":"` + review.Digest + `"}`
	bob.call("POST", self+"/decision", approve).wantProblem(404, "not-found")
	ann.call("POST", self+"/decision", `{"decision":"approve","digest":"sha256:old"}`).wantField(409, "stale", "body", "/digest")
	if len(w.engine.Decisions()) != 0 {
		t.Fatal("a stale decision reached the run")
	}
	var decided struct {
		Decision struct{ Decision, Digest, By, Role string }
	}
	ann.call("POST", self+"/decision", approve).want(200).into(&decided)
	want := workflows.ReviewDecision{Decision: "approve", Digest: review.Digest, By: "ann", Role: "reviewer"}
	if diff := differ(w.engine.Decisions()[review.Run], want); diff != "" {
		t.Error(diff)
	}
	if d := decided.Decision; d.By != "ann" || d.Role != "reviewer" || d.Digest != review.Digest || d.Decision != "approve" {
		t.Errorf("answered %+v", d)
	}
	ann.call("POST", self+"/decision", approve).wantProblem(409, "conflict") // nothing waits

	err := w.store.DecideReview(t.Context(), review.ID, store.Decision{Decision: "approve", Digest: review.Digest, By: "ann", Role: "reviewer", At: now})
	if err != nil {
		t.Fatal(err)
	}
	if p := ann.call("POST", self+"/decision", approve).wantProblem(409, "conflict"); !strings.Contains(p.Detail, "by ann") {
		t.Errorf("%q does not say who decided", p.Detail)
	}
	ann.call("GET", "/v1/reviews", "").want(200).into(&list)
	if len(list.Reviews) != 0 {
		t.Errorf("a decided review is still open: %+v", list)
	}
	ann.call("GET", "/v1/reviews?open=false", "").want(200).into(&list)
	if len(list.Reviews) != 1 {
		t.Errorf("all reviews are %+v, want the decided one", list)
	}
}

func TestDecideReviewRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	review := w.addReview("local")
	path := "/v1/reviews/" + review.ID + "/decision"
	w.call("POST", path, `{"decision":"maybe","digest":"x"}`).wantField(422, "invalid", "body", "/decision")
	w.call("POST", path, `{"decision":"approve"}`).wantField(422, "invalid", "body", "/digest")
	w.call("POST", path, `{"decision":"changes","digest":"x","comments":"  "}`).wantField(422, "invalid", "body", "/comments")
	w.call("POST", path, `{"decision":"approve","digest":"x","by":"somebody else"}`).wantField(422, "invalid", "body", "/by")
	w.call("POST", "/v1/reviews/none/decision", `{"decision":"approve","digest":"x"}`).wantProblem(404, "not-found")
	w.call("GET", "/v1/reviews/none", "").wantProblem(404, "not-found")
	body := `{"decision":"reject","digest":"` + review.Digest + `"}`
	w.engine.Await(review.Run, "sha256:newer") // between our look and the run's
	w.call("POST", path, body).wantProblem(409, "stale")
	w.engine.Fail(errors.New("connection refused"))
	w.call("POST", path, body).wantField(503, "unavailable", "component", "temporal")
}
