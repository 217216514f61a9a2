package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
)

// story is what a short run tells.
var story = []struct{ kind, data string }{
	{"phase", `{"phase":"plan"}`},
	{"survey", `{"documents":11,"tables":1}`},
	{"model.call", `{"agent":"coordinator","label":"coordinator · plan","step":1,"model":"m","input_tokens":900,"output_tokens":100,"cost_usd":0.0125}`},
	{"agent.finished", `{"agent":"coordinator","label":"coordinator · plan","steps":1}`},
	{"plan", `{"questions":[{"text":"Why?"}]}`},
	{"phase", `{"phase":"gather"}`},
	{"tool.call", `{"agent":"gatherer","label":"gatherer · question 1 of 1: Why?","step":2,"tool":"documents"}`},
	{"tool.call", `{"agent":"gatherer","label":"gatherer · question 1 of 1: Why?","step":2,"tool":"trend","error":"name a column"}`},
	{"question.failed", `{"question":"Why?","reason":"nothing was found"}`},
	{"draft", `{"round":1,"claims":7,"changes":2}`},
	{"review", `{"round":1,"accept":false,"issues":1}`},
	{"awaiting_review", `{"digest":"sha256:ab"}`},
	{"of tomorrow", `{"phase":3}`},
	{"run.finished", `{"status":"partial","reason":"the budget ended"}`},
}

// watch makes a progress whose clock goes a second with every look.
func watch(live bool, width int) (*progress, *strings.Builder) {
	var out strings.Builder
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	return &progress{out: &out, live: live, width: func() int { return width }, started: start, now: func() time.Time {
		now = now.Add(time.Second)
		return now
	}}, &out
}

func TestProgressIsALineForEachEvent(t *testing.T) {
	t.Parallel()
	shown, out := watch(false, 80)
	for _, event := range story {
		shown.event(event.kind, json.RawMessage(event.data))
	}
	shown.finish()
	want := `00:01.0  plan         11 documents and 1 table to read
00:02.0  plan         coordinator · plan: step 1, m, 1000 tokens
00:03.0  plan         coordinator · plan: done after 1 step
00:04.0  plan         1 question planned
00:05.0  gather       gatherer · question 1 of 1: Why?: step 2, tool documents
00:06.0  gather       gatherer · question 1 of 1: Why?: step 2, tool trend refused: name a column
00:07.0  gather       left unanswered: Why? (nothing was found)
00:08.0  gather       refinement 1: 7 claims, 2 changes
00:09.0  gather       review of round 1: 1 issue
00:10.0  gather       waits for a person's decision on draft sha256:ab
00:11.0  gather       partial: the budget ended
`
	if out.String() != want {
		t.Errorf("shown was\n%s", out)
	}
}

func TestLiveProgressRedrawsItsLines(t *testing.T) {
	t.Parallel()
	const width = 80
	shown, out := watch(true, width)
	for _, event := range story[:7] {
		shown.event(event.kind, json.RawMessage(event.data))
	}
	screen := onScreen(out.String())
	if len(screen) != 2 || !strings.HasPrefix(screen[0], "gather") || !strings.Contains(screen[0], "1/5 agents · 1000 tokens in 1 call · $0.0125 · 00:07") ||
		!strings.Contains(screen[1], "gatherer · question 1 of 1: Why? — step 2, tool") {
		t.Errorf("the screen shows %q", screen)
	}
	for _, event := range story[7:] {
		shown.event(event.kind, json.RawMessage(event.data))
	}
	shown.finish()
	screen = onScreen(out.String())
	if len(screen) != 2 || !strings.Contains(screen[1], "partial: the budget ended") {
		t.Errorf("in the end the screen shows %q", screen)
	}
	for _, line := range screen {
		if n := len([]rune(line)); n >= width {
			t.Errorf("%q has %d characters on a screen of %d", line, n, width)
		}
	}
}

// onScreen is what a terminal shows after it was written a text: lines, and the
// sequence that goes up one line and clears it.
func onScreen(written string) []string {
	var lines []string
	for _, part := range regexp.MustCompile(`\x1b\[1A\x1b\[2K|[^\x1b\n]*\n`).FindAllString(written, -1) {
		if strings.HasPrefix(part, "\x1b") {
			lines = lines[:len(lines)-1]
		} else {
			lines = append(lines, strings.TrimRight(part, "\r\n"))
		}
	}
	return lines
}
