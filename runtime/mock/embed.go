package mock

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode"
)

// How many numbers a vector has where the request does not say.
const (
	dimensionsOpenAI  = 1536
	dimensionsBedrock = 1024
	maxDimensions     = 4096
	maxTexts          = 2048
)

// vector embeds a text by hashing its words: the same text has the same vector,
// texts that share words are near each other, and its length is 1.
func vector(text string, dimensions int) []float32 {
	sums := make([]float64, dimensions)
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for _, word := range words {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(word)) // a hash takes everything
		sum := hash.Sum64()
		sign := 1.0
		if sum>>63 == 1 {
			sign = -1
		}
		sums[sum%uint64(dimensions)] += sign
	}
	var square float64
	for _, x := range sums {
		square += x * x
	}
	if square == 0 {
		sums[0], square = 1, 1
	}
	out := make([]float32, dimensions)
	for i, x := range sums {
		out[i] = float32(x / math.Sqrt(square))
	}
	return out
}

// embed makes the vectors of a request.
func embed(req *Request) [][]float32 {
	vectors := make([][]float32, len(req.Texts))
	for i, text := range req.Texts {
		vectors[i] = vector(text, req.Dimensions)
	}
	return vectors
}

func readTitan(body []byte, req *Request) *refusal {
	var told struct {
		Text       *string `json:"inputText"`
		Dimensions *int    `json:"dimensions"`
	}
	if f := decodeBedrock(body, &told); f != nil {
		return f
	}
	if told.Text == nil || *told.Text == "" {
		return invalid("Malformed input request: #: required key [inputText] not found, please reformat your input and try again.")
	}
	req.Texts, req.Dimensions = []string{*told.Text}, dimensionsBedrock
	if told.Dimensions != nil {
		if !slices.Contains([]int{256, 384, 512, 1024}, *told.Dimensions) {
			return invalid(fmt.Sprintf("Malformed input request: #/dimensions: %d is not a valid enum value, please reformat your input and try again.", *told.Dimensions))
		}
		req.Dimensions = *told.Dimensions
	}
	return nil
}

func wholeTitan(_ *exchange, a *Answer) []byte {
	out := appendVector([]byte(`{"embedding":`), a.Vectors[0])
	out = appendVector(append(out, `,"embeddingsByType":{"float":`...), a.Vectors[0])
	out = append(out, '}')
	if !a.HideUsage {
		out = appendInt(out, `,"inputTextTokenCount":`, a.Usage.Input)
	}
	return append(out, '}')
}

func readCohere(body []byte, req *Request) *refusal {
	var told struct {
		Texts      []string `json:"texts"`
		InputType  string   `json:"input_type"`
		Types      []string `json:"embedding_types"`
		Dimensions int      `json:"output_dimension"`
	}
	if f := decodeBedrock(body, &told); f != nil {
		return f
	}
	switch {
	case len(told.Texts) == 0:
		return invalid("Malformed input request: #: required key [texts] not found, please reformat your input and try again.")
	case len(told.Texts) > 96:
		return invalid(fmt.Sprintf("Malformed input request: #/texts: expected maximum item count: 96, found: %d, please reformat your input and try again.", len(told.Texts)))
	case told.InputType == "":
		return invalid("Malformed input request: #: required key [input_type] not found, please reformat your input and try again.")
	case told.Dimensions < 0 || told.Dimensions > maxDimensions:
		return invalid(fmt.Sprintf("Malformed input request: #/output_dimension: %d is not a valid value, please reformat your input and try again.", told.Dimensions))
	case len(told.Types) > 0 && !slices.Equal(told.Types, []string{"float"}):
		return invalid("The emulator gives embeddings of type float only.")
	}
	req.Texts, req.Dimensions = told.Texts, dimensionsBedrock
	if told.Dimensions > 0 {
		req.Dimensions = told.Dimensions
	}
	req.format = strings.Join(told.Types, ",")
	return nil
}

func wholeCohere(x *exchange, a *Answer) []byte {
	out := append(appendQuoted([]byte(`{"id":`), x.id("")), `,"response_type":"embeddings_floats","embeddings":[`...)
	end := "]"
	if x.request.format != "" {
		out = append(appendQuoted([]byte(`{"id":`), x.id("")), `,"response_type":"embeddings_by_type","embeddings":{"float":[`...)
		end = "]}"
	}
	for i, v := range a.Vectors {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendVector(out, v)
	}
	out = append(append(out, end...), `,"texts":`...)
	texts, _ := json.Marshal(x.request.Texts) // texts are always JSON
	return append(append(out, texts...), '}')
}

// packed is a vector as OpenAI gives it in base64: little-endian floats.
func packed(v []float32) string {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}
