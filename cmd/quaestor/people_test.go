//go:build !slim && unix

package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// awaitReview waits for the run's draft to wait for a person.
func (i *instance) awaitReview(t *testing.T, run string, not ...string) client.Review {
	t.Helper()
	var review client.Review
	eventually(t, "a draft waits for a decision", func() bool {
		if status := i.status(t, run); status.Status == client.StatusFailed {
			t.Fatalf("the run failed: %s", status.Error)
		}
		open := true
		answer, err := i.ListReviewsWithResponse(t.Context(), &client.ListReviewsParams{Open: &open})
		if err := client.Check(answer, err); err != nil {
			t.Fatal(err)
		}
		for _, waiting := range answer.JSON200.Reviews {
			if waiting.Run == run && !slices.Contains(not, waiting.ID) {
				review = waiting
				return i.status(t, run).Status == client.StatusAwaitingReview
			}
		}
		return false
	})
	return review
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v it is not so that %s", patience, what)
		}
	}
}

func (i *instance) decide(t *testing.T, review, decision, digest, comments string) int {
	t.Helper()
	answer, err := i.DecideReviewWithResponse(t.Context(), review, client.DecisionRequest{
		Decision: client.DecisionRequestDecision(decision), Digest: digest, Comments: comments,
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode()
}

// TestAPersonDecides sends a draft back, restarts the server while the next one
// waits, and approves that one by its digest.
func TestAPersonDecides(t *testing.T) {
	t.Parallel()
	server := up(t, t.TempDir(), nil)
	request := sampleRun
	request.Review = "required"
	id := server.research(t, request)
	first := server.awaitReview(t, id)
	if code := server.decide(t, first.ID, "changes", first.Digest, "Say more about radiology."); code != http.StatusOK {
		t.Fatalf("asking for changes: %d", code)
	}
	second := server.awaitReview(t, id, first.ID)
	server.interrupt(t)
	server.wait(t)
	server.restart(t)
	if code := server.decide(t, second.ID, "approve", "sha256:"+stale(second.Digest), ""); code != http.StatusConflict {
		t.Errorf("approving another draft: %d", code)
	}
	if code := server.decide(t, second.ID, "approve", second.Digest, ""); code != http.StatusOK {
		t.Fatalf("approving: %d", code)
	}
	server.finish(t, id)
	if run := server.status(t, id); run.Status != client.StatusCompleted {
		t.Errorf("the run is %s: %s", run.Status, run.Error)
	}
	if report := decode[struct{ Digest string }](t, server.report(t, id, "json")); report.Digest != second.Digest {
		t.Errorf("published is %s, approved was %s", report.Digest, second.Digest)
	}
	if code := server.decide(t, second.ID, "reject", second.Digest, ""); code != http.StatusConflict {
		t.Errorf("deciding again: %d", code)
	}

	rejected := server.research(t, request)
	third := server.awaitReview(t, rejected)
	if code := server.decide(t, third.ID, "reject", third.Digest, "Not today."); code != http.StatusOK {
		t.Fatalf("rejecting: %d", code)
	}
	server.finish(t, rejected)
	if run := server.status(t, rejected); run.Status != client.StatusRejected {
		t.Errorf("the rejected run is %s", run.Status)
	}
}

// stale turns a digest into another one.
func stale(digest string) string {
	hex := []byte(digest[len("sha256:"):])
	slices.Reverse(hex)
	return string(hex)
}

func (i *instance) runsOf(t *testing.T, schedule string) []client.RunSummary {
	t.Helper()
	answer, err := i.ListResearchWithResponse(t.Context(), &client.ListResearchParams{Schedule: &schedule})
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	return answer.JSON200.Runs
}

func TestASchedule(t *testing.T) {
	t.Parallel()
	server := up(t, t.TempDir(), nil)
	made, err := server.CreateScheduleWithResponse(t.Context(), client.ScheduleRequest{ID: "weekly", Interval: "1s", Overlap: "skip", Research: sampleRun})
	if err := client.Check(made, err); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the schedule's first run is completed", func() bool {
		runs := server.runsOf(t, "weekly")
		return len(runs) > 0 && runs[len(runs)-1].Status == client.StatusCompleted
	})
	server.kill(t)
	server.restart(t)
	pause, note := true, "enough"
	patched, err := server.UpdateScheduleWithResponse(t.Context(), "weekly", client.SchedulePatch{Paused: &pause, Note: &note})
	if err := client.Check(patched, err); err != nil || !patched.JSON200.Paused || patched.JSON200.Note != note || patched.JSON200.Interval != "1s" {
		t.Fatalf("pausing: %v, %s", err, patched.Body)
	}
	settled := func() bool {
		return !slices.ContainsFunc(server.runsOf(t, "weekly"), func(run client.RunSummary) bool { return run.Status == client.StatusRunning })
	}
	eventually(t, "the paused schedule's runs are over", settled)
	paused := len(server.runsOf(t, "weekly"))
	time.Sleep(2500 * time.Millisecond) // two firings, were it not paused
	if now := len(server.runsOf(t, "weekly")); now != paused {
		t.Errorf("%d runs were started while the schedule was paused", now-paused)
	}
	triggered, err := server.TriggerScheduleWithResponse(t.Context(), "weekly")
	if err := client.Check(triggered, err); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the triggered run is there, and over", func() bool { return len(server.runsOf(t, "weekly")) == paused+1 && settled() })
	if newest := server.runsOf(t, "weekly")[0]; newest.Status != client.StatusCompleted {
		t.Errorf("the triggered run is %s", newest.Status)
	}
	deleted, err := server.DeleteScheduleWithResponse(t.Context(), "weekly")
	if err := client.Check(deleted, err); err != nil {
		t.Fatal(err)
	}
	if gone, err := server.GetScheduleWithResponse(t.Context(), "weekly"); err != nil || gone.StatusCode() != http.StatusNotFound {
		t.Errorf("after its deletion: %v, %s", err, gone.Body)
	}
}
