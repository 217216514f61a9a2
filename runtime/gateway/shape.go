package gateway

import (
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// Input above shapeAbove percent of the window is cut to shapeTo percent.
const (
	shapeAbove = 90
	shapeTo    = 80
)

// fit makes a request fit its model's window: where shape allows, the oldest
// messages are left out, and max_tokens is lowered to what the input leaves, but
// not below least; the provider knows best then. The bound is of the input, in
// tokens; what fits by the bound fits by the estimate, which is never above the
// bound by bytes.
func (m Model) fit(r *provider.Request, bound int64, shape bool, least int) (Omitted, error) {
	window := int64(m.ContextWindow)
	if window == 0 || bound+int64(r.MaxTokens) <= window && bound <= window*shapeAbove/100 {
		return Omitted{}, nil
	}
	fixed := estimateFixed(*r)
	sizes := make([]int64, len(r.Messages))
	input := fixed
	for i, message := range r.Messages {
		sizes[i] = estimateMessage(message)
		input += sizes[i]
	}
	var omitted Omitted
	if shape && input > window*shapeAbove/100 {
		kept, size, err := newest(r.Messages, sizes, window*shapeTo/100-fixed, window-fixed)
		if err != nil {
			return Omitted{}, err
		}
		omitted = Omitted{Messages: len(r.Messages) - len(kept), Tokens: input - fixed - size}
		r.Messages, input = kept, fixed+size
	}
	r.MaxTokens = int(min(int64(r.MaxTokens), max(window-input, int64(least))))
	return omitted, nil
}

// unit is messages that stay or go together: one message, or an assistant's
// calls and their results.
type unit struct {
	from, to int
	size     int64
	opens    bool // a conversation may begin with it: it is a user's
}

func unitsOf(messages []agents.Message, sizes []int64) []unit {
	var units []unit
	for i, message := range messages {
		if last := len(units) - 1; last >= 0 && message.Role == agents.RoleTool {
			units[last].to++
			units[last].size += sizes[i]
			continue
		}
		units = append(units, unit{from: i, to: i + 1, size: sizes[i], opens: message.Role == agents.RoleUser})
	}
	return units
}

// newest are the newest messages whose size is within target. Vendors want a
// conversation to begin with its user. Where what fits begins otherwise, the
// last question before it comes along if it fits, else what fits begins at the
// next question. The newest unit alone may be as large as most.
func newest(messages []agents.Message, sizes []int64, target, most int64) ([]agents.Message, int64, error) {
	units := unitsOf(messages, sizes)
	if len(units) == 0 {
		return nil, 0, tooLong("the instructions and tools alone are too long for the window", most, 0)
	}
	last := len(units) - 1
	size, start := units[last].size, last
	for start > 0 && size+units[start-1].size <= target {
		start--
		size += units[start].size
	}
	question := opening(units[:start])
	for ; start <= last; start++ { // ends at the next unit that opens

		room := target
		if start == last {
			room = most
		}
		if units[start].opens && size <= room {
			return messages[units[start].from:], size, nil
		}
		if question >= 0 && size+units[question].size <= room {
			kept := append([]agents.Message(nil), messages[units[question].from:units[question].to]...)
			return append(kept, messages[units[start].from:]...), size + units[question].size, nil
		}
		size -= units[start].size
	}
	size, what := units[last].size, "the newest message alone is too long"
	if question >= 0 && size <= most && !units[last].opens {
		size, what = size+units[question].size, "the newest message and the question it belongs to are too long together"
	}
	return nil, 0, tooLong(what, most, size)
}

// opening is the last unit a conversation may begin with, or -1.
func opening(units []unit) int {
	for i := len(units) - 1; i >= 0; i-- {
		if units[i].opens {
			return i
		}
	}
	return -1
}

func tooLong(what string, room, size int64) error {
	return &provider.Error{
		Class: provider.ClassInvalid, Provider: "gateway", Code: "context_length_exceeded", NotCharged: true,
		Message: fmt.Sprintf("%s: about %d tokens, where the model's window has room for %d; shorten it, or split it into parts", what, size, max(0, room)),
	}
}
