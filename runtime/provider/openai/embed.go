package openai

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// embeddings is what is read of an answer.
type embeddings struct {
	Data []struct {
		Index     int    `json:"index"`
		Embedding vector `json:"embedding"`
	} `json:"data"`
	Usage *client.Usage `json:"usage"`
}

// vector is read from base64, which is asked for and costs a quarter to read, or
// from an array of numbers, which some endpoints give all the same.
type vector []float32

// UnmarshalJSON implements json.Unmarshaler.
func (v *vector) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '"' {
		return json.Unmarshal(text, (*[]float32)(v))
	}
	var encoded string
	if err := json.Unmarshal(text, &encoded); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("reading a vector: %w", err)
	}
	if len(raw)%4 != 0 {
		return fmt.Errorf("reading a vector: %d bytes are not a number of 32-bit floats", len(raw))
	}
	*v = make(vector, len(raw)/4)
	for i := range *v {
		(*v)[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}

// Embed implements provider.Embedder.
func (p *Provider) Embed(ctx context.Context, req provider.EmbedRequest) (provider.EmbedResponse, error) {
	where, failed := p.at(req.Region)
	if failed != nil {
		return provider.EmbedResponse{}, failed
	}
	if len(req.Texts) == 0 {
		return provider.EmbedResponse{}, refused(errors.New("there is no text to embed"))
	}
	body, err := json.Marshal(client.EmbeddingRequest{
		Model: client.EmbeddingModel(req.Model), Input: req.Texts, Dimensions: req.Dimensions,
		EncodingFormat: client.EmbeddingEncodingFormatBase64,
	})
	if err != nil {
		return provider.EmbedResponse{}, refused(err)
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	started := time.Now()
	var told embeddings
	header, failed := p.ask(ctx, wire, where.embeddings, body, &told)
	if failed != nil {
		return provider.EmbedResponse{}, failed
	}
	response, err := told.read(req)
	if err != nil {
		return provider.EmbedResponse{}, p.unreadable(http.StatusOK, err)
	}
	response.RequestID, response.Latency = strings.Clone(header.Get(requestIDHeader)), time.Since(started)
	return response, nil
}

// read puts the vectors in the order of the texts: one for each, of one length.
func (e *embeddings) read(req provider.EmbedRequest) (provider.EmbedResponse, error) {
	if len(e.Data) != len(req.Texts) {
		return provider.EmbedResponse{}, fmt.Errorf("%d vectors for %d texts", len(e.Data), len(req.Texts))
	}
	response := provider.EmbedResponse{Vectors: make([][]float32, len(req.Texts))}
	for _, found := range e.Data {
		if found.Index < 0 || found.Index >= len(req.Texts) || response.Vectors[found.Index] != nil {
			return provider.EmbedResponse{}, fmt.Errorf("there are two vectors for one text, or one for none: index %d of %d", found.Index, len(req.Texts))
		}
		response.Vectors[found.Index] = found.Embedding
	}
	if err := provider.CheckVectors(response.Vectors, req.Dimensions); err != nil {
		return provider.EmbedResponse{}, err
	}
	tokens, missing := usage(e.Usage)
	tokens.Output = 0 // a vector is not paid for by the token
	response.Usage, response.UsageMissing = tokens, missing
	return response, nil
}
