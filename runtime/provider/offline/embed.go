package offline

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// The dimensions of a vector: where none are asked for, and at most.
const (
	ownDimensions = 256
	maxDimensions = 4096
)

// Embed implements provider.Embedder by feature hashing: each stemmed word that
// carries content adds to, or takes from, the dimension its hash falls on, by
// 1 + ln of how often it stands in the text; the vector is then brought to unit
// length. Texts are near each other as far as they share words. Nothing is known
// of what words mean, so synonyms are strangers.
func (p *Provider) Embed(ctx context.Context, req provider.EmbedRequest) (provider.EmbedResponse, error) {
	started := time.Now()
	if req.Dimensions < 0 || req.Dimensions > maxDimensions {
		err := fmt.Errorf("%d dimensions were asked for; 1 to %d can be had", req.Dimensions, maxDimensions)
		return provider.EmbedResponse{}, failure(provider.ClassInvalid, err.Error(), err)
	}
	dimensions := req.Dimensions
	if dimensions == 0 {
		dimensions = ownDimensions
	}
	response := provider.EmbedResponse{Vectors: make([][]float32, 0, len(req.Texts))}
	for _, text := range req.Texts {
		if err := ctx.Err(); err != nil {
			return provider.EmbedResponse{}, failure(provider.ClassCancelled, "the call was cancelled", err)
		}
		response.Vectors = append(response.Vectors, hashed(text, dimensions))
		response.Usage.Input += tokens(len(text))
	}
	response.Latency = time.Since(started)
	return response, nil
}

// hashed is the vector of a text. One without a word is its own only feature.
func hashed(text string, dimensions int) []float32 {
	counts := map[string]int{}
	var order []string // sums of floats depend on it
	for _, word := range prose.Words(text) {
		if prose.Function(word) {
			continue
		}
		stem := prose.Stem(word)
		if counts[stem]++; counts[stem] == 1 {
			order = append(order, stem)
		}
	}
	if len(order) == 0 {
		order, counts[text] = []string{text}, 1
	}
	sums := make([]float64, dimensions)
	for _, stem := range order {
		at, sign := place(stem, dimensions)
		sums[at] += sign * (1 + math.Log(float64(counts[stem])))
	}
	length := 0.0
	for _, x := range sums {
		length += x * x
	}
	if length == 0 { // two words took each other away
		at, sign := place(order[0], dimensions)
		sums[at], length = sign, 1
	}
	vector := make([]float32, dimensions)
	for i, x := range sums {
		vector[i] = float32(x / math.Sqrt(length))
	}
	return vector
}

func place(feature string, dimensions int) (at int, sign float64) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(feature)) // never fails
	sum := hash.Sum64()
	if sum>>63 == 1 {
		sign = -1
	} else {
		sign = 1
	}
	return int(sum % (1 << 62) % uint64(dimensions)), sign
}
