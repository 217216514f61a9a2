package modelapi

import (
	"sync"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// framer turns the pieces of a completion into chunks as OpenAI has them: the
// role of each choice first, then what comes, its finish reason, and the usage.
type framer struct {
	calls chatCalls

	mu    sync.Mutex
	roles []bool // by choice: its role was told
}

func newFramer(calls chatCalls) *framer {
	return &framer{calls: calls, roles: make([]bool, len(calls.calls))}
}

func (f *framer) chunk(choices []chunkChoice, sum *usage) ([]byte, error) {
	c := chunk{
		ID: f.calls.id, Object: "chat.completion.chunk", Created: f.calls.created, Model: f.calls.request.model, Choices: choices, Usage: sum,
	}
	if f.calls.request.includeUsage {
		return encode(countedChunk(c))
	}
	return encode(c)
}

// opening is the role of a choice, or nothing when it was told.
func (f *framer) opening(choice int) ([]byte, error) {
	f.mu.Lock()
	told := f.roles[choice]
	f.roles[choice] = true
	f.mu.Unlock()
	if told {
		return nil, nil
	}
	return f.chunk([]chunkChoice{{Index: choice, Delta: delta{Role: "assistant", Content: new(string)}}}, nil)
}

func (f *framer) piece(choice int, d provider.Delta) ([]byte, error) {
	return f.chunk([]chunkChoice{{Index: choice, Delta: deltaOf(d)}}, nil)
}

func (f *framer) finish(choice int, result gateway.Result) ([]byte, error) {
	reason := finishReason(result.Response)
	return f.chunk([]chunkChoice{{Index: choice, FinishReason: &reason}}, nil)
}

// counted is the last chunk, or nothing when nobody asked.
func (f *framer) counted(answers []answer) ([]byte, error) {
	if !f.calls.request.includeUsage {
		return nil, nil
	}
	return f.chunk([]chunkChoice{}, usageOf(answers...))
}

// chunks writes the chunks of one completion as server-sent events.
type chunks struct {
	*framer
	events *sse
}

func newChunks(calls chatCalls, events *sse) *chunks { return &chunks{newFramer(calls), events} }

func (c *chunks) piece(choice int, d provider.Delta) error {
	if err := c.send(c.opening(choice)); err != nil {
		return err
	}
	return c.send(c.framer.piece(choice, d))
}

func (c *chunks) finish(choice int, result gateway.Result) error {
	if err := c.send(c.opening(choice)); err != nil {
		return err
	}
	return c.send(c.framer.finish(choice, result))
}

func (c *chunks) end(answers []answer) error {
	if err := c.send(c.counted(answers)); err != nil {
		return err
	}
	if err := c.events.send("data: [DONE]", nil); err != nil {
		return err
	}
	tellResult(c.events.w.Header(), answers)
	return nil
}

func (c *chunks) beat(quiet time.Duration) error { return c.events.beat(quiet) }

func (c *chunks) gone() <-chan struct{} { return c.events.broken }

func (c *chunks) send(text []byte, err error) error {
	if err != nil || text == nil {
		return err
	}
	return c.events.send("data: ", text)
}
