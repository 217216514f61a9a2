package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// progress follows the events of a run and shows where it is: as a few lines
// that are redrawn on a terminal, as one line an event elsewhere.
type progress struct {
	out   io.Writer
	live  bool
	width func() int
	now   func() time.Time

	started      time.Time
	phase        string
	done, total  int
	input        int64
	output       int64
	costUSD      float64
	calls        int
	active       []activeAgent
	drawn        int // lines of the last drawing
	lastActivity string
}

type activeAgent struct {
	label string
	doing string
}

// eventData is the union of what the events of a run carry.
type eventData struct {
	Phase        string     `json:"phase"`
	Label        string     `json:"label"`
	Agent        string     `json:"agent"`
	Step         int        `json:"step"`
	Steps        int        `json:"steps"`
	Tool         string     `json:"tool"`
	Model        string     `json:"model"`
	InputTokens  int64      `json:"input_tokens"`
	OutputTokens int64      `json:"output_tokens"`
	CostUSD      float64    `json:"cost_usd"`
	Documents    int        `json:"documents"`
	Tables       int        `json:"tables"`
	Questions    []struct{} `json:"questions"`
	Round        int        `json:"round"`
	Claims       int        `json:"claims"`
	Changes      int        `json:"changes"`
	Issues       int        `json:"issues"`
	Accept       bool       `json:"accept"`
	Status       string     `json:"status"`
	Reason       string     `json:"reason"`
	Question     string     `json:"question"`
	Digest       string     `json:"digest"`
	Error        string     `json:"error"`
}

// event takes in one event and shows what changed.
func (p *progress) event(kind string, raw json.RawMessage) {
	var data eventData
	_ = json.Unmarshal(raw, &data) // an event of a newer server that does not fit shows as its name
	switch kind {
	case "phase":
		p.phase = data.Phase
	case "plan":
		p.total = 1 + 2*len(data.Questions) + 2
	case "model.call":
		p.input += data.InputTokens
		p.output += data.OutputTokens
		p.costUSD += data.CostUSD
		p.calls++
		p.busy(data.Label, fmt.Sprintf("step %d, %s", data.Step, data.Model))
	case "tool.call":
		p.busy(data.Label, fmt.Sprintf("step %d, tool %s", data.Step, data.Tool))
	case "agent.finished":
		p.done++
		p.active = slices.DeleteFunc(p.active, func(a activeAgent) bool { return a.label == data.Label })
	case "run.finished":
		p.active = nil
	}
	line := describe(kind, data)
	if p.live {
		if line != "" && kind != "model.call" && kind != "tool.call" {
			p.lastActivity = line
		}
		p.draw()
		return
	}
	if line != "" {
		fmt.Fprintf(p.out, "%s  %-12s %s\n", p.elapsed(), p.phase, line)
	}
}

func (p *progress) busy(label, doing string) {
	for i := range p.active {
		if p.active[i].label == label {
			p.active[i].doing = doing
			return
		}
	}
	p.active = append(p.active, activeAgent{label, doing})
}

// describe says an event in words; an empty text is not worth a line.
func describe(kind string, data eventData) string {
	switch kind {
	case "survey":
		return fmt.Sprintf("%s and %s to read", count(data.Documents, "document"), count(data.Tables, "table"))
	case "plan":
		return count(len(data.Questions), "question") + " planned"
	case "model.call":
		return fmt.Sprintf("%s: step %d, %s, %d tokens", data.Label, data.Step, data.Model, data.InputTokens+data.OutputTokens)
	case "tool.call":
		if data.Error != "" {
			return fmt.Sprintf("%s: step %d, tool %s refused: %s", data.Label, data.Step, data.Tool, data.Error)
		}
		return fmt.Sprintf("%s: step %d, tool %s", data.Label, data.Step, data.Tool)
	case "agent.finished":
		return fmt.Sprintf("%s: done after %s", data.Label, count(data.Steps, "step"))
	case "draft":
		if data.Round == 0 {
			return fmt.Sprintf("first draft with %s", count(data.Claims, "claim"))
		}
		return fmt.Sprintf("refinement %d: %s, %s", data.Round, count(data.Claims, "claim"), count(data.Changes, "change"))
	case "review":
		if data.Accept {
			return fmt.Sprintf("review of round %d: accepted", data.Round)
		}
		return fmt.Sprintf("review of round %d: %s", data.Round, count(data.Issues, "issue"))
	case "question.failed":
		return fmt.Sprintf("left unanswered: %s (%s)", data.Question, data.Reason)
	case "awaiting_review":
		return "waits for a person's decision on draft " + data.Digest
	case "review.reminder":
		return "still waits for a person's decision"
	case "run.finished":
		if data.Reason != "" {
			return data.Status + ": " + data.Reason
		}
		return data.Status
	}
	return ""
}

// draw replaces the lines drawn before with the present state.
func (p *progress) draw() {
	lines := []string{fmt.Sprintf("%-12s %d/%d agents · %s in %s · $%.4f · %s",
		p.phase, p.done, max(p.total, p.done), count(int(p.input+p.output), "token"), count(p.calls, "call"), p.costUSD, p.elapsed())}
	const most = 4
	for i, agent := range p.active {
		if i == most {
			lines = append(lines, fmt.Sprintf("  and %d more", len(p.active)-most))
			break
		}
		lines = append(lines, fmt.Sprintf("  %s — %s", agent.label, agent.doing))
	}
	if len(p.active) == 0 && p.lastActivity != "" {
		lines = append(lines, "  "+p.lastActivity)
	}
	var text strings.Builder
	p.erase(&text)
	for _, line := range lines {
		text.WriteString(clip(line, p.width()-1) + "\n")
	}
	p.drawn = len(lines)
	_, _ = io.WriteString(p.out, text.String())
}

// finish leaves the last state on the screen.
func (p *progress) finish() {
	if p.live {
		p.draw()
		p.drawn = 0
	}
}

func (p *progress) erase(text *strings.Builder) {
	for range p.drawn {
		text.WriteString("\x1b[1A\x1b[2K")
	}
}

func (p *progress) elapsed() string {
	passed := p.now().Sub(p.started)
	return fmt.Sprintf("%02d:%04.1f", int(passed.Minutes()), passed.Seconds()-60*float64(int(passed.Minutes())))
}

func clip(line string, width int) string {
	if width < 1 || utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:width-1]) + "…"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
