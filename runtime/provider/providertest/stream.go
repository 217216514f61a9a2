package providertest

import (
	"context"
	"errors"
	"math"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// Streamer is what decides a streamed call; see Provider.Streams.
type Streamer = func(ctx context.Context, call int, req provider.Request, emit func(provider.Delta) error) (provider.Response, error)

// Cut streams an answer and fails after so many pieces.
func Cut(response provider.Response, after int, failed *provider.Error) Streamer {
	return func(ctx context.Context, _ int, _ provider.Request, emit func(provider.Delta) error) (provider.Response, error) {
		pieces := provider.Pieces(response.Message)
		if err := hand(ctx, pieces[:min(after, len(pieces))], emit); err != nil {
			return provider.Response{}, err
		}
		return provider.Response{}, failed
	}
}

// Paced streams an answer, each piece when the gate gives a value or is closed.
func Paced(response provider.Response, gate <-chan struct{}) Streamer {
	return func(ctx context.Context, _ int, _ provider.Request, emit func(provider.Delta) error) (provider.Response, error) {
		for _, piece := range provider.Pieces(response.Message) {
			select {
			case <-gate:
			case <-ctx.Done():
				return provider.Response{}, cancelled(ctx.Err())
			}
			if err := hand(ctx, []provider.Delta{piece}, emit); err != nil {
				return provider.Response{}, err
			}
		}
		return response, nil
	}
}

// hand gives pieces to emit until one of them is not taken.
func hand(ctx context.Context, pieces []provider.Delta, emit func(provider.Delta) error) error {
	for _, piece := range pieces {
		if err := ctx.Err(); err != nil {
			return cancelled(err)
		}
		if err := emit(piece); err != nil {
			return cancelled(err)
		}
	}
	return nil
}

// asError is the error of a stream, with what is known of its pieces. A script's
// own error is left as it is, for it may be used again.
func asError(err error, begun bool) error {
	var failed *provider.Error
	if !errors.As(err, &failed) {
		failed = cancelled(err)
	}
	told := *failed
	told.Begun = told.Begun || begun
	if begun {
		told.NotCharged = false
	}
	return &told
}

// vectors makes one of unit length for each text, of its bytes: the same text
// has the same vector.
func vectors(req provider.EmbedRequest) provider.EmbedResponse {
	dimensions := req.Dimensions
	if dimensions <= 0 {
		dimensions = 8
	}
	response := provider.EmbedResponse{}
	for _, text := range req.Texts {
		sums, length := make([]float64, dimensions), 0.0
		sums[0] = 1
		for i := range len(text) {
			sums[(i+int(text[i]))%dimensions]++
		}
		for _, x := range sums {
			length += x * x
		}
		vector := make([]float32, dimensions)
		for i, x := range sums {
			vector[i] = float32(x / math.Sqrt(length))
		}
		response.Vectors = append(response.Vectors, vector)
	}
	return response
}
