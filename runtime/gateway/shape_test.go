package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

func user(text string) agents.Message { return agents.Message{Role: agents.RoleUser, Text: text} }
func assistant(text string) agents.Message {
	return agents.Message{Role: agents.RoleAssistant, Text: text}
}

// exchange is a call of a tool and its result.
func exchange(id, result string) []agents.Message {
	value, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	return []agents.Message{
		{Role: agents.RoleAssistant, ToolCalls: []agents.ToolCall{{ID: id, Name: "search", Arguments: json.RawMessage(`{}`)}}},
		{Role: agents.RoleTool, ToolResults: []agents.ToolResult{{CallID: id, Name: "search", Value: value}}},
	}
}

// words has about so many tokens by the gateway's estimate, of three bytes each.
func words(tokens int) string { return strings.Repeat("ab ", tokens) }

// window is a model of 10,000 tokens.
func window(o *gateway.Options) {
	m := o.Catalog["small"]
	m.ContextWindow, m.MaxOutput = 10_000, 4000
	o.Catalog["small"] = m
}

func shaped(key string, messages ...agents.Message) gateway.Call {
	c := call(key)
	c.Shape, c.Messages = true, messages
	return c
}

func TestTheOldestMessagesAreLeftOut(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, window)
	var messages []agents.Message
	for i := range 10 {
		messages = append(messages, user(fmt.Sprint(i, words(500))), assistant(words(500)))
	}
	messages = append(messages, user("last"))
	result := f.mustInvoke(t, shaped("k", messages...))
	sent := f.double.Requests()[0]
	// 80 % are 8000 tokens: seven turns of about 1030 and the last message.
	if len(sent.Messages) != 15 || sent.Messages[0].Role != agents.RoleUser || sent.Messages[14].Text != "last" || sent.System != "Be brief." {
		t.Errorf("%d messages sent, the first %.10q", len(sent.Messages), sent.Messages[0].Text)
	}
	if result.Omitted.Messages != 6 || result.Omitted.Tokens < 3000 || result.Omitted.Tokens > 3200 {
		t.Errorf("omitted %+v", result.Omitted)
	}
	if sent.MaxTokens < 2000 || sent.MaxTokens > 3000 {
		t.Errorf("max_tokens %d in a window of 10,000 with about 7,300 taken", sent.MaxTokens)
	}
	messages = messages[4:] // about 8,300 tokens
	if result := f.mustInvoke(t, shaped("l", messages...)); result.Omitted != (gateway.Omitted{}) || len(f.double.Requests()[1].Messages) != len(messages) {
		t.Errorf("below 90 %% of the window was cut: %+v", result.Omitted)
	}
}

func TestACallAndItsResultStayTogether(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, window)
	messages := []agents.Message{user("What is known?")}
	for i := range 12 {
		messages = append(messages, exchange(fmt.Sprint("call", i), words(900))...)
	}
	result := f.mustInvoke(t, shaped("k", messages...))
	sent := f.double.Requests()[0].Messages
	if sent[0].Text != "What is known?" || sent[len(sent)-1].ToolResults[0].CallID != "call11" {
		t.Errorf("sent from %+v to %+v", sent[0], sent[len(sent)-1])
	}
	if result.Omitted.Messages == 0 || result.Omitted.Messages%2 != 0 {
		t.Errorf("omitted %+v", result.Omitted)
	}
	checkPairs(t, sent)
}

func checkPairs(t *testing.T, messages []agents.Message) {
	t.Helper()
	if messages[0].Role != agents.RoleUser {
		t.Errorf("the conversation begins with a message of role %s", messages[0].Role)
	}
	var open, closed []string
	for _, m := range messages {
		for _, c := range m.ToolCalls {
			open = append(open, c.ID)
		}
		for _, r := range m.ToolResults {
			closed = append(closed, r.CallID)
		}
	}
	if !slices.Equal(open, closed) {
		t.Errorf("calls %v, results %v", open, closed)
	}
}

func TestWhatDoesNotFitAloneIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, window)
	for name, c := range map[string]gateway.Call{
		"message":  shaped("1", user(words(11_000))),
		"exchange": shaped("2", append([]agents.Message{user("go")}, exchange("x", words(11_000))...)...),
		"question": shaped("5", append([]agents.Message{user(words(6000))}, exchange("x", words(6000))...)...),
		"system":   func() gateway.Call { c := shaped("3", user("go")); c.System = words(11_000); return c }(),
	} {
		_, err := f.Invoke(t.Context(), c)
		var cause *provider.Error
		if !errors.As(err, &cause) || cause.Class != provider.ClassInvalid || !strings.Contains(err.Error(), "window has room for") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(f.double.Calls()) + len(f.attempts(t)); n > 0 {
		t.Errorf("%d were sent or reserved", n)
	}
	long := shaped("4", user("before"), assistant("so"), user(words(9000)))
	if result := f.mustInvoke(t, long); result.Omitted.Messages != 2 {
		t.Errorf("a newest message between 80 %% and the window: %+v", result.Omitted)
	}
}

func TestWithoutLeaveNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, window)
	c := shaped("k", user(words(6000)), assistant("so"), user(words(3500)))
	c.Shape = false
	if result := f.mustInvoke(t, c); result.Omitted != (gateway.Omitted{}) {
		t.Errorf("omitted %+v", result.Omitted)
	}
	if r := f.double.Requests()[0]; len(r.Messages) != 3 || r.MaxTokens > 500 || r.MaxTokens < gateway.DefaultMinOutput {
		t.Errorf("%d messages, max_tokens %d", len(r.Messages), r.MaxTokens)
	}
}

// The estimate of a window is not the bound of a budget: English is not cut
// four times too early, and other scripts not too late.
func TestTheWindowIsEstimatedByScript(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		fits bool
	}{
		"English, 8,800 tokens of three bytes": {words(8800), true},
		"Chinese, 8,800 characters":            {strings.Repeat("語", 8800), true},
		"Chinese, 9,500 characters":            {strings.Repeat("語", 9500), false},
		"emoji, 3,000":                         {strings.Repeat("😀", 3000), false},
	} {
		f := setup(t, nil, window)
		result := f.mustInvoke(t, shaped("k", user("before"), assistant("so"), user(c.text)))
		if got := result.Omitted.Messages == 0; got != c.fits {
			t.Errorf("%s: omitted %+v", name, result.Omitted)
		}
	}
}

func FuzzShape(f *testing.F) {
	f.Add([]byte{0, 40, 1, 200, 2, 90, 0, 10, 2, 255, 1, 3})
	f.Add([]byte{2, 255, 2, 255, 2, 255})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 100 {
			return
		}
		messages := []agents.Message{user("the task")}
		for i := 0; i+1 < len(script); i += 2 {
			text := words(int(script[i+1]) * 18) // any two fit into the window
			switch script[i] % 3 {
			case 0:
				messages = append(messages, user(text))
			case 1:
				messages = append(messages, assistant(text))
			case 2:
				messages = append(messages, exchange(fmt.Sprint(i), text)...)
			}
		}
		double := &providertest.Provider{}
		options := gateway.Options{
			Ledger: &bottomless{}, Providers: map[string]provider.Provider{"double": double}, Catalog: catalog(), Routes: gateway.Routes{Default: "small"},
		}
		window(&options)
		gate, err := gateway.New(options)
		if err != nil {
			t.Fatal(err)
		}
		c := shaped("k", messages...)
		c.Transient = true
		result, err := gate.Invoke(t.Context(), c)
		if err != nil {
			t.Fatal(err) // each message is far below the window
		}
		sent := double.Requests()[0].Messages
		checkPairs(t, sent)
		if len(sent)+result.Omitted.Messages != len(messages) || (result.Omitted.Messages == 0) != (result.Omitted.Tokens == 0) {
			t.Errorf("%d of %d sent, omitted %+v", len(sent), len(messages), result.Omitted)
		}
		if last := len(messages) - 1; sent[len(sent)-1].Text != messages[last].Text {
			t.Error("the newest message is missing")
		}
	})
}

// counting is a provider that can be asked for a count.
type counting struct {
	provider.Provider
	asked int
	count int64
	err   error
}

func (c *counting) CountTokens(context.Context, provider.Request) (int64, error) {
	c.asked++
	return c.count, c.err
}

func TestAProviderIsAskedToCountWhereBytesDoNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit int64
		err   error
		asked int
		sent  int // max_tokens, or 0 where it is refused
	}{
		"the bytes fit":             {limit: 100_000, sent: 1000},
		"the count fits":            {limit: 2000, asked: 1, sent: 1000},
		"the count fits, with less": {limit: 1300, asked: 1, sent: 800},
		"nothing fits":              {limit: 600, asked: 1},
		"it cannot count":           {limit: 2000, err: errors.New("no"), asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			double := &counting{count: 500, err: c.err}
			f := setup(t, nil, func(o *gateway.Options) {
				double.Provider = o.Providers["double"]
				o.Providers["double"] = double
			})
			limit(t, f, ledger.Limit{Tokens: c.limit})
			ask := call("k")
			ask.System = words(700)
			_, err := f.Invoke(t.Context(), ask)
			if double.asked != c.asked || (err == nil) != (c.sent > 0) {
				t.Fatalf("asked %d times: %v", double.asked, err)
			}
			if err == nil && f.double.Requests()[0].MaxTokens != c.sent {
				t.Errorf("max_tokens %d", f.double.Requests()[0].MaxTokens)
			}
		})
	}
}
