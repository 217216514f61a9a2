package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// Embed makes vectors of texts, through the same gate as every call: budgets,
// retries, circuits and the record. The vectors are not kept: a key that was
// answered is refused. Every error is a *CallError.
func (g *Gateway) Embed(ctx context.Context, call EmbedCall) (EmbedResult, error) {
	fail := func(err error) (EmbedResult, error) {
		return EmbedResult{}, &CallError{Key: call.Key, Model: call.Model, Retryable: retryable(err), Err: err}
	}
	if call.Key == "" || call.Model == "" || call.Run == "" && call.Client == "" {
		return EmbedResult{}, &CallError{Key: call.Key, Model: call.Model, Err: errors.New("an embedding needs a key, a model, and a run or a client to charge")}
	}
	model, _, err := g.resolve(call.Model)
	if err != nil {
		return fail(err)
	}
	if !model.Embedding {
		return fail(&UnknownModelError{Model: call.Model, Reason: "it makes no vectors"})
	}
	if err := model.checkTexts(call.Texts); err != nil {
		return fail(err)
	}
	if call.Feature == "" {
		call.Feature = "embeddings"
	}
	t := &trip{gateway: g, name: call.Model, places: g.places[call.Model], texts: call.Texts, sizes: call.Dimensions, call: Call{
		Key: call.Key, Run: call.Run, Client: call.Client, Team: call.Team, Feature: call.Feature, Model: call.Model,
		RequestLimit: call.RequestLimit, Transient: true,
	}}
	result, err := t.run(ctx)
	if err != nil {
		return EmbedResult{}, err
	}
	return EmbedResult{
		Response: provider.EmbedResponse{
			Vectors: t.vectors, Usage: result.Response.Usage, UsageMissing: result.Response.UsageMissing,
			RequestID: result.Response.RequestID, Latency: result.Response.Latency,
		},
		Model: result.Model, NanoUSD: result.NanoUSD, Left: result.Left,
	}, nil
}

func (m Model) checkTexts(texts []string) error {
	invalid := func(format string, args ...any) error {
		return &provider.Error{Class: provider.ClassInvalid, Provider: "gateway", NotCharged: true, Message: fmt.Sprintf(format, args...)}
	}
	if len(texts) == 0 {
		return invalid("there is no text to make a vector of")
	}
	for i, text := range texts {
		switch {
		case text == "":
			return invalid("text %d is empty", i+1)
		case m.ContextWindow > 0 && len(text) > m.ContextWindow*maxBytesPerToken:
			return invalid("text %d has %d bytes, more than fit into the model's window of %d tokens; split it", i+1, len(text), m.ContextWindow)
		}
	}
	return nil
}

// maxBytesPerToken is more bytes than a token has on average in any text that
// people write.
const maxBytesPerToken = 16

// textsBound is an upper bound of the input tokens of texts.
func textsBound(texts []string) int64 {
	bound := requestOverhead
	for _, text := range texts {
		bound += messageOverhead + len(text)
	}
	return int64(bound)
}

// embed makes one attempt at the vectors of a trip.
func (t *trip) embed(ctx context.Context, request provider.Request) (provider.Response, *provider.Error) {
	embedder, ok := t.leg.server.(provider.Embedder)
	if !ok {
		return provider.Response{}, &provider.Error{
			Class: provider.ClassInvalid, Provider: t.leg.model.Provider, NotCharged: true, Message: "this provider makes no vectors",
		}
	}
	limited, cancel := context.WithTimeout(ctx, t.gateway.options.AttemptTimeout)
	defer cancel()
	made, err := embedder.Embed(limited, provider.EmbedRequest{Model: request.Model, Region: request.Region, Texts: t.texts, Dimensions: t.sizes})
	if err != nil {
		return provider.Response{}, inTime(ctx, limited, asProviderError(err, t.leg.model.Provider))
	}
	response := provider.Response{Usage: made.Usage, UsageMissing: made.UsageMissing, RequestID: made.RequestID, Latency: made.Latency}
	if len(made.Vectors) != len(t.texts) {
		return response, &provider.Error{
			Class: provider.ClassBadResponse, Provider: t.leg.model.Provider,
			Message: fmt.Sprintf("%d vectors came back for %d texts", len(made.Vectors), len(t.texts)),
		}
	}
	t.vectors = made.Vectors
	return response, nil
}
