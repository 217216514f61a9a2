package modelapi

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/server/access"
)

// maxTexts bounds the texts of one request, as OpenAI does.
const maxTexts = 2048

// maxDimensions is more than any model makes.
const maxDimensions = 1 << 16

type embedRequest struct {
	model      string
	texts      []string
	base64     bool
	dimensions int
}

// decodeEmbed reads the body of a request for vectors.
func decodeEmbed(body []byte) (embedRequest, error) {
	if err := checkText(body); err != nil {
		return embedRequest{}, err
	}
	c := &cursor{text: body}
	var request embedRequest
	given := false
	err := c.fields(func(name string) (err error) {
		if name != "input" && name != "model" && c.null() {
			return nil
		}
		switch name {
		case "model":
			request.model, err = c.string()
		case "input":
			given = true
			request.texts, err = c.inputs()
		case "encoding_format":
			request.base64, err = c.encoding()
		case "dimensions":
			request.dimensions, err = c.integer(1, maxDimensions)
		case "user":
			_, err = c.string()
		default:
			c.raw()
		}
		return err
	})
	switch {
	case err != nil:
		return embedRequest{}, err
	case request.model == "":
		return embedRequest{}, invalid("model", "you must provide a model parameter")
	case !given:
		return embedRequest{}, invalid("input", "Missing required parameter: 'input'.")
	}
	return request, nil
}

// inputs reads a text or a list of texts.
func (c *cursor) inputs() ([]string, error) {
	if c.kind() == '"' {
		text, err := c.input()
		return []string{text}, err
	}
	var texts []string
	err := c.items(func(i int) error {
		switch {
		case c.kind() == '0' || c.kind() == '[':
			return invalid("input", "Unsupported 'input': lists of tokens are not taken, since each model counts its own; send the text.")
		case i == maxTexts:
			return invalid("input", "Invalid 'input': array too long. Expected an array with maximum length %d, but got a longer one instead.", maxTexts)
		}
		text, err := c.input()
		texts = append(texts, text)
		return err
	})
	if err == nil && len(texts) == 0 {
		err = invalid("input", "Invalid 'input': empty array. Expected at least one text.")
	}
	return texts, err
}

func (c *cursor) input() (string, error) {
	text, err := c.string()
	if err == nil && text == "" {
		return "", c.refuse("invalid_value", "a text must not be empty.")
	}
	return text, err
}

func (c *cursor) encoding() (base64 bool, err error) {
	format, err := c.string()
	if err == nil && format != "float" && format != "base64" {
		err = c.refuse("invalid_value", "'%s'. Supported values are: 'float' and 'base64'.", clip(format))
	}
	return format == "base64", err
}

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // numbers, or their base64
}

type embeddingUsage struct {
	PromptTokens int64 `json:"prompt_tokens"`
	TotalTokens  int64 `json:"total_tokens"`
}

// embeddings serves POST /v1/embeddings.
func (a *API) embeddings(w http.ResponseWriter, r *http.Request, caller access.Caller) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	request, err := decodeEmbed(body)
	if err != nil {
		return err
	}
	if err := a.model(caller, request.model, true); err != nil {
		return err
	}
	key, _, err := a.key(r.Context(), caller, askedBy(r), body)
	if err != nil {
		return err
	}
	ctx, cancel := Patient(r.Context())
	defer cancel()
	result, err := a.options.Models.Embed(ctx, gateway.EmbedCall{
		Key: key, Client: caller.Client.ID, Team: caller.Client.Team, Model: request.model,
		Texts: request.texts, Dimensions: request.dimensions,
	})
	if err != nil {
		return err
	}
	w.Header().Set(headerModel, result.Model)
	tellLeft(w.Header(), result.Left)
	return a.writeJSON(w, request.answer(result))
}

func (r embedRequest) answer(result gateway.EmbedResult) any {
	answer := struct {
		Object string          `json:"object"`
		Data   []embedding     `json:"data"`
		Model  string          `json:"model"`
		Usage  *embeddingUsage `json:"usage,omitempty"`
	}{Object: "list", Model: result.Model, Data: []embedding{}}
	for i, vector := range result.Response.Vectors {
		one := embedding{Object: "embedding", Index: i, Embedding: vector}
		if r.base64 {
			one.Embedding = packed(vector)
		}
		answer.Data = append(answer.Data, one)
	}
	if !result.Response.UsageMissing {
		answer.Usage = &embeddingUsage{result.Response.Usage.Input, result.Response.Usage.Input}
	}
	return answer
}

// packed is a vector as base64 of little-endian floats of 32 bits.
func packed(vector []float32) string {
	raw := make([]byte, 0, 4*len(vector))
	for _, x := range vector {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}
