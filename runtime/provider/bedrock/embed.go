package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// maxCohereTexts is how many texts Cohere's models take in one request.
const maxCohereTexts = 96

// inputTokens is the header in which InvokeModel tells its usage.
const inputTokens = "X-Amzn-Bedrock-Input-Token-Count" //nolint:gosec // G101: the name of a header

type titanRequest struct {
	InputText  string `json:"inputText"`
	Dimensions int    `json:"dimensions,omitempty"`
	Normalize  *bool  `json:"normalize,omitempty"`
}

type titanAnswer struct {
	Embedding []float32 `json:"embedding"`
	Tokens    *int64    `json:"inputTextTokenCount"`
}

type cohereRequest struct {
	Texts      []string `json:"texts"`
	InputType  string   `json:"input_type"`
	Truncate   string   `json:"truncate"`
	Types      []string `json:"embedding_types"`
	Dimensions int      `json:"output_dimension,omitempty"`
}

// cohereAnswer holds the vectors by their type, or bare where the model is old.
type cohereAnswer struct {
	Embeddings json.RawMessage `json:"embeddings"`
}

// Embed implements provider.Embedder for Titan's text models, which take one
// text in a request, and Cohere's, which take up to 96. Several texts for Titan
// would be several physical requests, and are refused.
func (p *Provider) Embed(ctx context.Context, req provider.EmbedRequest) (provider.EmbedResponse, error) {
	client, err := p.client(req.Region)
	if err != nil {
		return provider.EmbedResponse{}, refused(err)
	}
	body, err := embedBody(req)
	if err != nil {
		return provider.EmbedResponse{}, refused(err)
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	started := time.Now()
	output, err := client.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{
		ModelId: aws.String(req.Model), Body: body,
		ContentType: aws.String("application/json"), Accept: aws.String("application/json"),
	})
	if err != nil {
		return provider.EmbedResponse{}, failure(err, wire)
	}
	response, err := readVectors(req, output)
	if err != nil {
		return provider.EmbedResponse{}, unreadable(err)
	}
	response.RequestID, _ = middleware.GetRequestIDMetadata(output.ResultMetadata)
	response.Latency = time.Since(started)
	return response, nil
}

func isTitan(model string) bool  { return strings.Contains(model, "titan-embed-text") }
func isCohere(model string) bool { return strings.Contains(model, "cohere.embed") }

func embedBody(req provider.EmbedRequest) ([]byte, error) {
	var body any
	switch {
	case len(req.Texts) == 0:
		return nil, errors.New("there is no text to embed")
	case isTitan(req.Model) && len(req.Texts) > 1:
		return nil, fmt.Errorf("%s takes one text in a request, and %d were given; ask once for each", req.Model, len(req.Texts))
	case isTitan(req.Model) && strings.Contains(req.Model, "v2"):
		body = titanRequest{InputText: req.Texts[0], Dimensions: req.Dimensions, Normalize: aws.Bool(true)}
	case isTitan(req.Model):
		if req.Dimensions != 0 {
			return nil, fmt.Errorf("%s knows no dimensions but its own", req.Model)
		}
		body = titanRequest{InputText: req.Texts[0]}
	case isCohere(req.Model) && len(req.Texts) > maxCohereTexts:
		return nil, fmt.Errorf("%s takes %d texts in a request, and %d were given", req.Model, maxCohereTexts, len(req.Texts))
	case isCohere(req.Model):
		body = cohereRequest{
			Texts: req.Texts, InputType: "search_document", Truncate: "NONE",
			Types: []string{"float"}, Dimensions: req.Dimensions,
		}
	default:
		return nil, fmt.Errorf("%s is no model whose embeddings are known here: Titan's text models and Cohere's are", req.Model)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	return text, nil
}

func readVectors(req provider.EmbedRequest, output *bedrockruntime.InvokeModelOutput) (provider.EmbedResponse, error) {
	response := provider.EmbedResponse{UsageMissing: true}
	if tokens, told := toldTokens(output.ResultMetadata); told {
		response.Usage.Input, response.UsageMissing = tokens, false
	}
	if isTitan(req.Model) {
		var told titanAnswer
		if err := json.Unmarshal(output.Body, &told); err != nil {
			return provider.EmbedResponse{}, fmt.Errorf("reading the answer: %w", err)
		}
		response.Vectors = [][]float32{told.Embedding}
		if told.Tokens != nil && *told.Tokens > 0 {
			response.Usage.Input, response.UsageMissing = *told.Tokens, false
		}
	} else {
		vectors, err := readCohere(output.Body)
		if err != nil {
			return provider.EmbedResponse{}, fmt.Errorf("reading the answer: %w", err)
		}
		response.Vectors = vectors
	}
	if len(response.Vectors) != len(req.Texts) {
		return provider.EmbedResponse{}, fmt.Errorf("%d vectors for %d texts", len(response.Vectors), len(req.Texts))
	}
	return response, provider.CheckVectors(response.Vectors, req.Dimensions)
}

func readCohere(body []byte) ([][]float32, error) {
	var told cohereAnswer
	if err := json.Unmarshal(body, &told); err != nil {
		return nil, err
	}
	var byType struct {
		Float [][]float32 `json:"float"`
	}
	if err := json.Unmarshal(told.Embeddings, &byType); err == nil {
		return byType.Float, nil
	}
	var bare [][]float32
	err := json.Unmarshal(told.Embeddings, &bare)
	return bare, err
}

// toldTokens reads the usage from the headers, which the SDK keeps only with the
// raw answer.
func toldTokens(metadata smithymiddleware.Metadata) (tokens int64, told bool) {
	raw, ok := middleware.GetRawResponse(metadata).(*smithyhttp.Response)
	if !ok {
		return 0, false
	}
	tokens, err := strconv.ParseInt(raw.Header.Get(inputTokens), 10, 64)
	return tokens, err == nil && tokens > 0
}
