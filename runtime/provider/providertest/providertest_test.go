package providertest_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

func take(provider.Delta) error { return nil }

func TestTheFakeStreamsItsAnswer(t *testing.T) {
	t.Parallel()
	answer := providertest.Text("one two three")
	answer.Message.ToolCalls = []agents.ToolCall{{ID: "x", Name: "sum", Arguments: []byte(`{"n":1}`)}}
	p := &providertest.Provider{Answer: func(context.Context, int, provider.Request) (provider.Response, error) { return answer, nil }}
	var pieces []provider.Delta
	got, err := p.Stream(t.Context(), provider.Request{Region: "r1"}, func(d provider.Delta) error {
		pieces = append(pieces, d)
		return nil
	})
	if err != nil || !reflect.DeepEqual(got.Message, answer.Message) || !reflect.DeepEqual(pieces, provider.Pieces(answer.Message)) || got.FirstToken <= 0 {
		t.Errorf("%+v, %+v, %v", pieces, got, err)
	}
	whole, err := p.Converse(t.Context(), provider.Request{Region: "r2"})
	if err != nil || whole.Usage != got.Usage {
		t.Errorf("%+v, %v", whole, err)
	}
	vectors, err := p.Embed(t.Context(), provider.EmbedRequest{Texts: []string{"a", "bc", "a"}, Region: "r3"})
	if err != nil || provider.CheckVectors(vectors.Vectors, 8) != nil || !reflect.DeepEqual(vectors.Vectors[0], vectors.Vectors[2]) || vectors.Usage.Input == 0 {
		t.Errorf("%+v, %v", vectors, err)
	}
	calls := p.Calls()
	if len(calls) != 3 || calls[0].Kind != providertest.Streamed || calls[0].Pieces != 5 || calls[1].Kind != providertest.Conversed || calls[2].Kind != providertest.Embedded {
		t.Errorf("calls %+v", calls)
	}
	if !reflect.DeepEqual(p.Regions(), []string{"r1", "r2", "r3"}) || len(p.Requests()) != 2 || p.Underway() != 0 || p.MostAtOnce() != 1 {
		t.Errorf("regions %q, %d requests", p.Regions(), len(p.Requests()))
	}
}

func TestTheFakeBreaksOff(t *testing.T) {
	t.Parallel()
	refused := providertest.Fail(provider.ClassThrottled)
	for after, begun := range []bool{false, true, true} {
		p := &providertest.Provider{Streams: providertest.Cut(providertest.Text("one two three"), after, refused)}
		_, err := p.Stream(t.Context(), provider.Request{}, take)
		var failed *provider.Error
		if !errors.As(err, &failed) || failed.Class != provider.ClassThrottled || failed.Begun != begun || failed.NotCharged == begun || p.Calls()[0].Pieces != after {
			t.Errorf("after %d: %+v", after, err)
		}
	}
	gone := errors.New("gone")
	p := &providertest.Provider{}
	_, err := p.Stream(t.Context(), provider.Request{}, func(provider.Delta) error { return gone })
	var failed *provider.Error
	if !errors.As(err, &failed) || failed.Class != provider.ClassCancelled || !failed.Begun || !errors.Is(err, gone) || p.Calls()[0].Err == nil {
		t.Errorf("nobody takes the pieces: %+v", err)
	}
}

func TestTheFakeWaitsAtItsGates(t *testing.T) {
	t.Parallel()
	gate, pace := make(chan struct{}), make(chan struct{})
	p := &providertest.Provider{Gate: gate, Streams: providertest.Paced(providertest.Text("one two"), pace)}
	pieces, done := make(chan provider.Delta, 2), make(chan error, 1)
	go func() {
		_, err := p.Stream(t.Context(), provider.Request{}, func(d provider.Delta) error { pieces <- d; return nil })
		done <- err
	}()
	gate <- struct{}{}
	for _, want := range []string{"one", " two"} {
		select {
		case piece := <-pieces:
			t.Fatalf("a piece came before its time: %+v", piece)
		case pace <- struct{}{}:
		}
		if piece := <-pieces; piece.Text != want {
			t.Errorf("piece %+v", piece)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for _, stuck := range []*providertest.Provider{{Gate: make(chan struct{})}, {Latency: time.Hour}} {
		_, err := stuck.Converse(ctx, provider.Request{})
		var failed *provider.Error
		if !errors.As(err, &failed) || failed.Class != provider.ClassCancelled || !stuck.Calls()[0].Ended {
			t.Errorf("a caller who goes away: %+v", err)
		}
	}
}
