package mock_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

const claude = "global.anthropic.claude-sonnet-4-20250514-v1:0"

// bedrock is AWS's own client, without retries.
func bedrock(url, region string) *bedrockruntime.Client {
	return bedrockruntime.New(bedrockruntime.Options{
		Region: region, BaseEndpoint: aws.String(url), Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
		}),
	})
}

func user(text string) []types.Message {
	return []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text}}}}
}

func converse(text string) *bedrockruntime.ConverseInput {
	return &bedrockruntime.ConverseInput{ModelId: aws.String(claude), Messages: user(text)}
}

func converseStream(text string) *bedrockruntime.ConverseStreamInput {
	return &bedrockruntime.ConverseStreamInput{ModelId: aws.String(claude), Messages: user(text)}
}

func weatherTool() *types.ToolConfiguration {
	schema := map[string]any{
		"type": "object", "required": []string{"city", "days"},
		"properties": map[string]any{"city": map[string]any{"type": "string"}, "days": map[string]any{"type": "integer", "minimum": 3}},
	}
	return &types.ToolConfiguration{Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
		Name: aws.String("weather"), InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)},
	}}}}
}

// gathered is a stream as its reader sees it.
type gathered struct {
	text, arguments, tool string
	stop                  types.StopReason
	usage                 *types.TokenUsage
	stops, metadatas      int
	pieces                int
}

func gather(t *testing.T, c *bedrockruntime.Client, input *bedrockruntime.ConverseStreamInput) (gathered, error) {
	t.Helper()
	var got gathered
	output, err := c.ConverseStream(t.Context(), input)
	if err != nil {
		return got, err
	}
	stream := output.GetStream()
	defer stream.Close()
	for event := range stream.Events() {
		switch e := event.(type) {
		case *types.ConverseStreamOutputMemberContentBlockStart:
			if start, ok := e.Value.Start.(*types.ContentBlockStartMemberToolUse); ok {
				got.tool = aws.ToString(start.Value.Name)
			}
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			got.pieces++
			switch delta := e.Value.Delta.(type) {
			case *types.ContentBlockDeltaMemberText:
				got.text += delta.Value
			case *types.ContentBlockDeltaMemberToolUse:
				got.arguments += aws.ToString(delta.Value.Input)
			}
		case *types.ConverseStreamOutputMemberMessageStop:
			got.stops++
			got.stop = e.Value.StopReason
		case *types.ConverseStreamOutputMemberMetadata:
			got.metadatas++
			got.usage = e.Value.Usage
		}
	}
	return got, stream.Err()
}

func TestConverse(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	output, err := bedrock(s.URL, "eu-central-1").Converse(t.Context(), converse(`Say "ä" \ and 😀`))
	if err != nil {
		t.Fatal(err)
	}
	message := output.Output.(*types.ConverseOutputMemberMessage).Value
	if text := message.Content[0].(*types.ContentBlockMemberText).Value; text != `You said: Say "ä" \ and 😀` {
		t.Errorf("text %q", text)
	}
	if output.StopReason != types.StopReasonEndTurn || *output.Usage.InputTokens != 3+4+5 || *output.Usage.OutputTokens != 8 || *output.Usage.TotalTokens != 20 {
		t.Errorf("stop %s, usage %d and %d", output.StopReason, *output.Usage.InputTokens, *output.Usage.OutputTokens)
	}
	entries := s.Ended(t, 1)
	if len(entries) != 1 {
		t.Fatalf("log %+v", entries)
	}
	e := entries[0]
	if e.Region != "eu-central-1" || e.Model != claude || e.Operation != mock.OpConverse || e.Protocol != mock.Bedrock || e.SDKRequest != "attempt=1; max=1" ||
		e.InvocationID == "" || e.Status != 200 || !e.Complete || e.Usage != (mock.Usage{Input: 12, Output: 8}) || len(e.Digest) != 64 {
		t.Errorf("entry %+v", e)
	}
}

func TestConverseHonoursTheRequest(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	c := bedrock(s.URL, "us-east-1")
	short := converse("one two three four five six seven eight")
	short.InferenceConfig = &types.InferenceConfiguration{MaxTokens: aws.Int32(4)}
	output, err := c.Converse(t.Context(), short)
	if err != nil || output.StopReason != types.StopReasonMaxTokens || *output.Usage.OutputTokens != 4 {
		t.Errorf("max_tokens: %+v, %v", output, err)
	}
	stopped := converse("one two three")
	stopped.InferenceConfig = &types.InferenceConfiguration{StopSequences: []string{"three", " two"}}
	output, err = c.Converse(t.Context(), stopped)
	if err != nil || output.StopReason != types.StopReasonStopSequence {
		t.Fatalf("stop sequence: %+v, %v", output, err)
	}
	if text := output.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value; text != "You said: one" {
		t.Errorf("text %q", text)
	}
}

func TestConverseTools(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	c := bedrock(s.URL, "us-east-1")
	input := converse("What is the weather in Rome?")
	input.ToolConfig = weatherTool()
	output, err := c.Converse(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	message := output.Output.(*types.ConverseOutputMemberMessage).Value
	call := message.Content[0].(*types.ContentBlockMemberToolUse).Value
	var arguments struct {
		City string
		Days int
	}
	if err := call.Input.UnmarshalSmithyDocument(&arguments); err != nil || arguments.City == "" || arguments.Days != 3 {
		t.Errorf("arguments %+v, %v", arguments, err)
	}
	if output.StopReason != types.StopReasonToolUse || *call.Name != "weather" {
		t.Errorf("stop %s, call %v", output.StopReason, call)
	}
	input.Messages = append(input.Messages, message, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{
		&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: call.ToolUseId, Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "Sunny"}}}},
	}})
	output, err = c.Converse(t.Context(), input)
	if err != nil || output.StopReason != types.StopReasonEndTurn {
		t.Errorf("after the result: %+v, %v", output, err)
	}
	got, err := gather(t, c, &bedrockruntime.ConverseStreamInput{ModelId: aws.String(claude), Messages: user("Hi"), ToolConfig: &types.ToolConfiguration{
		Tools: input.ToolConfig.Tools, ToolChoice: &types.ToolChoiceMemberAny{},
	}})
	if err != nil || got.tool != "weather" || got.stop != types.StopReasonToolUse || !json.Valid([]byte(got.arguments)) {
		t.Errorf("streamed %+v, %v", got, err)
	}
}

func TestConverseStream(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	got, err := gather(t, bedrock(s.URL, "us-east-1"), converseStream("Grüße an alle"))
	if err != nil {
		t.Fatal(err)
	}
	if got.text != "You said: Grüße an alle" || got.stop != types.StopReasonEndTurn || got.usage == nil || *got.usage.OutputTokens != 7 || got.pieces < 6 {
		t.Errorf("got %+v", got)
	}
}

func TestInvokeModel(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	c := bedrock(s.URL, "us-east-1")
	body := []byte(`{"anthropic_version":"bedrock-2023-05-31","max_tokens":100,"system":"Be brief.","messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}]}`)
	output, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String("anthropic.claude-3"), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Type       string
		StopReason string `json:"stop_reason"`
		Content    []struct{ Text string }
		Usage      struct {
			Output int `json:"output_tokens"`
		}
	}
	if err := json.Unmarshal(output.Body, &said); err != nil || said.Content[0].Text != "You said: Hello" || said.Type != "message" || said.StopReason != "end_turn" || said.Usage.Output != 4 {
		t.Errorf("body %s, %v", output.Body, err)
	}
	streamed, err := c.InvokeModelWithResponseStream(t.Context(), &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: aws.String("anthropic.claude-3"), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	var kinds []string
	for event := range streamed.GetStream().Events() {
		var part struct {
			Type  string
			Delta struct{ Text string }
		}
		if err := json.Unmarshal(event.(*types.ResponseStreamMemberChunk).Value.Bytes, &part); err != nil {
			t.Fatal(err)
		}
		if part.Type != "content_block_delta" {
			kinds = append(kinds, part.Type)
		}
		text.WriteString(part.Delta.Text)
	}
	if err := streamed.GetStream().Err(); err != nil || text.String() != "You said: Hello" ||
		strings.Join(kinds, " ") != "message_start content_block_start content_block_stop message_delta message_stop" {
		t.Errorf("streamed %q, %v, %v", text.String(), kinds, err)
	}
}

func TestBedrockEmbeddings(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	c := bedrock(s.URL, "us-east-1")
	output, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String("amazon.titan-embed-text-v2:0"), Body: []byte(`{"inputText":"hello world","dimensions":256}`)})
	if err != nil {
		t.Fatal(err)
	}
	var titan struct {
		Embedding []float32
		Count     int `json:"inputTextTokenCount"`
	}
	if err := json.Unmarshal(output.Body, &titan); err != nil || len(titan.Embedding) != 256 || titan.Count != 3 {
		t.Errorf("titan %d, %d, %v", len(titan.Embedding), titan.Count, err)
	}
	output, err = c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String("cohere.embed-english-v3"), Body: []byte(`{"texts":["a","b"],"input_type":"search_query"}`)})
	if err != nil {
		t.Fatal(err)
	}
	var cohere struct{ Embeddings [][]float32 }
	if err := json.Unmarshal(output.Body, &cohere); err != nil || len(cohere.Embeddings) != 2 || len(cohere.Embeddings[1]) != 1024 {
		t.Errorf("cohere %v", err)
	}
}

func TestCountTokens(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	c := bedrock(s.URL, "us-east-1")
	count := func(input types.CountTokensInput) int32 {
		output, err := c.CountTokens(t.Context(), &bedrockruntime.CountTokensInput{ModelId: aws.String(claude), Input: input})
		if err != nil {
			t.Fatal(err)
		}
		return *output.InputTokens
	}
	if n := count(&types.CountTokensInputMemberConverse{Value: types.ConverseTokensRequest{Messages: user("12345")}}); n != 3+4+2 {
		t.Errorf("converse: %d", n)
	}
	body := []byte(`{"anthropic_version":"x","max_tokens":1,"messages":[{"role":"user","content":"12345"}]}`)
	if n := count(&types.CountTokensInputMemberInvokeModel{Value: types.InvokeModelTokensRequest{Body: body}}); n != 3+4+2 {
		t.Errorf("invoke: %d", n)
	}
}

// Every failure arrives as the type that AWS's SDK has for it.
func TestBedrockFailures(t *testing.T) {
	t.Parallel()
	for kind, want := range map[mock.FaultKind]struct {
		status int
		is     func(error) bool
	}{
		mock.FaultThrottled:   {429, is[*types.ThrottlingException]},
		mock.FaultTimeout:     {408, is[*types.ModelTimeoutException]},
		mock.FaultNotReady:    {429, is[*types.ModelNotReadyException]},
		mock.FaultUnavailable: {503, is[*types.ServiceUnavailableException]},
		mock.FaultInternal:    {500, is[*types.InternalServerException]},
		mock.FaultValidation:  {400, is[*types.ValidationException]},
		mock.FaultAccess:      {403, is[*types.AccessDeniedException]},
		mock.FaultQuota:       {400, is[*types.ServiceQuotaExceededException]},
		mock.FaultNotFound:    {404, is[*types.ResourceNotFoundException]},
		mock.FaultModelError:  {424, is[*types.ModelErrorException]},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := mocktest.StartScript(t, fmt.Sprintf("rules: [{fault: {kind: %s, message: because, retry_after: 2s}}]", kind))
			c := bedrock(s.URL, "us-east-1")
			_, whole := c.Converse(t.Context(), converse("Hi"))
			_, streamed := c.ConverseStream(t.Context(), converseStream("Hi"))
			_, invoked := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String("anthropic.x"), Body: []byte(`{"anthropic_version":"x","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`)})
			for _, err := range []error{whole, streamed, invoked} {
				var told smithy.APIError
				var answered interface{ HTTPStatusCode() int }
				known := want.is(err) || kind == mock.FaultQuota && errors.As(err, &told) && told.ErrorCode() == "ServiceQuotaExceededException"
				if !known || !errors.As(err, &told) || told.ErrorMessage() != "because" || !errors.As(err, &answered) || answered.HTTPStatusCode() != want.status {
					t.Errorf("%T %v", err, err)
				}
			}
			for _, e := range s.Entries() {
				if e.Fault != kind || e.Status != want.status || e.Usage != (mock.Usage{}) {
					t.Errorf("entry %+v", e)
				}
			}
		})
	}
}

func is[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

func TestExceptionsWithinAStream(t *testing.T) {
	t.Parallel()
	for kind, is := range map[mock.FaultKind]func(error) bool{
		mock.FaultThrottled:   is[*types.ThrottlingException],
		mock.FaultUnavailable: is[*types.ServiceUnavailableException],
		mock.FaultInternal:    is[*types.InternalServerException],
		mock.FaultValidation:  is[*types.ValidationException],
		mock.FaultStreamError: is[*types.ModelStreamErrorException],
		mock.FaultTimeout:     func(err error) bool { return err != nil }, // Converse knows it in no stream
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := mocktest.StartScript(t, fmt.Sprintf("rules: [{answer: {text: one two three four}, fault: {kind: %s, after: 2}}]", kind))
			got, err := gather(t, bedrock(s.URL, "us-east-1"), converseStream("Hi"))
			if !is(err) || got.text != "one two " || got.stops != 0 {
				t.Errorf("%+v, %T %v", got, err, err)
			}
		})
	}
}

func TestBrokenBedrockStreams(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault            string
		fails            bool
		pieces           int
		stops, metadatas int
	}{
		"cut":                {"{kind: cut, after: 2}", false, 2, 0, 0}, // AWS's SDK takes it for an end
		"ends":               {"{kind: end, after: 2}", false, 2, 0, 0},
		"checksum":           {"{kind: malformed, after: 1}", true, 1, 0, 0},
		"no messageStop":     {"{kind: no_stop}", false, 4, 0, 1},
		"no metadata":        {"{kind: no_done}", false, 4, 1, 0},
		"neither":            {"{kind: no_end}", false, 4, 0, 0},
		"terminal replayed":  {"{kind: replay_end}", false, 4, 2, 2},
		"cut before the end": {"{kind: cut, after: 4}", false, 4, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.StartScript(t, "rules: [{answer: {text: one two three 4}, fault: "+c.fault+"}]")
			got, err := gather(t, bedrock(s.URL, "us-east-1"), converseStream("Hi"))
			same := (err != nil) == c.fails && got.pieces == c.pieces
			if strings.HasPrefix(name, "cut") { // the SDK may see the connection break, even before what had come, or take it for the end
				same = got.pieces <= c.pieces
			}
			if !same || got.stops != c.stops || got.metadatas != c.metadatas {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
