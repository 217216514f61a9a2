package bedrock_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/eventstream"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

func TestWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	half := 0.5
	const tools = `"tools":[{"toolSpec":{"name":"sum","description":"Adds.","inputSchema":{"json":{"type":"object"}}}}]`
	for name, c := range map[string]struct {
		change func(*provider.Request)
		want   string // beside the messages
	}{
		"top_p and stop": {
			func(r *provider.Request) { r.TopP, r.Stop = &half, []string{"a", "b"} },
			`{"inferenceConfig":{"maxTokens":50,"temperature":0,"topP":0.5,"stopSequences":["a","b"]},"toolConfig":{` + tools + `}}`,
		},
		"auto": {
			func(r *provider.Request) { r.ToolChoice.Mode = provider.ToolAuto },
			`{"inferenceConfig":{"maxTokens":50,"temperature":0},"toolConfig":{` + tools + `}}`,
		},
		"any": {
			func(r *provider.Request) { r.ToolChoice.Mode = provider.ToolAny },
			`{"inferenceConfig":{"maxTokens":50,"temperature":0},"toolConfig":{"toolChoice":{"any":{}},` + tools + `}}`,
		},
		"named": {
			func(r *provider.Request) { r.ToolChoice = provider.ToolChoice{Mode: provider.ToolNamed, Name: "sum"} },
			`{"inferenceConfig":{"maxTokens":50,"temperature":0},"toolConfig":{"toolChoice":{"tool":{"name":"sum"}},` + tools + `}}`,
		},
		"none": {
			func(r *provider.Request) { r.ToolChoice.Mode = provider.ToolNone },
			`{"inferenceConfig":{"maxTokens":50,"temperature":0}}`,
		},
		"a limit that fits no int32": {
			func(r *provider.Request) { r.MaxTokens = 1 << 40 },
			`{"inferenceConfig":{"maxTokens":2147483647,"temperature":0},"toolConfig":{` + tools + `}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, say(answered))
			request := full()
			request.Output, request.System = nil, ""
			c.change(&request)
			if _, err := connect(t, e.URL, 0).Converse(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			var sent map[string]json.RawMessage
			if err := json.Unmarshal([]byte(e.sent()[0]), &sent); err != nil {
				t.Fatal(err)
			}
			delete(sent, "messages")
			text, _ := json.Marshal(sent)
			same(t, string(text), c.want)
		})
	}
}

func TestWhatIsNeverSent(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	p := connect(t, e.URL, 0)
	for name, change := range map[string]func(*provider.Request){
		"any of no tools":     func(r *provider.Request) { r.Tools, r.ToolChoice.Mode = nil, provider.ToolAny },
		"an unknown tool":     func(r *provider.Request) { r.ToolChoice = provider.ToolChoice{Mode: provider.ToolNamed, Name: "max"} },
		"a region that is no": func(r *provider.Request) { r.Region = "evil.example/x" },
		"a schema that is no": func(r *provider.Request) { r.Tools[0].Input = json.RawMessage(`{`) },
	} {
		request := full()
		change(&request)
		for _, ask := range []func() error{
			func() error { _, err := p.Converse(t.Context(), request); return err },
			func() error { _, _, err := stream(t.Context(), p, request); return err },
			func() error { _, err := p.CountTokens(t.Context(), request); return err },
		} {
			var failed *provider.Error
			if err := ask(); !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged || failed.Message == "" {
				t.Errorf("%s: %+v", name, err)
			}
		}
	}
	if n := len(e.sent()); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var calls []string // host and the region it was signed for
	p, err := bedrock.New(t.Context(), bedrock.Options{
		Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(keys),
		Endpoints: map[string]string{"us-west-2": "http://west.example"},
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, req.URL.Host+" "+strings.Split(req.Header.Get("Authorization"), "/")[2])
			recorder := httptest.NewRecorder()
			say(answered)(recorder, req)
			return recorder.Result(), nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	request := full()
	for _, region := range []string{"", "us-west-2", "us-east-1", "us-west-2"} {
		request.Region = region
		if _, err := p.Converse(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"bedrock-runtime.eu-west-1.amazonaws.com eu-west-1", "west.example us-west-2",
		"bedrock-runtime.us-east-1.amazonaws.com us-east-1", "west.example us-west-2",
	}
	if !reflect.DeepEqual(calls, want) {
		t.Errorf("calls %q", calls)
	}
	for i := range 70 {
		request.Region = fmt.Sprintf("xx-test-%d", i)
		_, err = p.Converse(t.Context(), request)
	}
	var failed *provider.Error
	if !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged {
		t.Errorf("regions without end: %+v", err)
	}
}

func TestCountTokens(t *testing.T) {
	t.Parallel()
	e := serve(t, say(`{"inputTokens":42}`))
	n, err := connect(t, e.URL, 0).CountTokens(t.Context(), full())
	if err != nil || n != 42 {
		t.Errorf("%d, %v", n, err)
	}
	var sent struct {
		Input struct {
			Converse map[string]json.RawMessage `json:"converse"`
		} `json:"input"`
	}
	if err := json.Unmarshal([]byte(e.sent()[0]), &sent); err != nil || len(sent.Input.Converse) != 3 {
		t.Errorf("sent %s, %v", e.sent()[0], err)
	}
	var failed *provider.Error
	if _, err := connect(t, serve(t, say(`{}`)).URL, 0).CountTokens(t.Context(), full()); !errors.As(err, &failed) || failed.Class != provider.ClassBadResponse {
		t.Errorf("no number: %+v", err)
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		req          provider.EmbedRequest
		answer, sent string
		class        provider.Class // empty where there are vectors
		want         [][]float32
		tokens       int64
	}{
		"Titan": {
			provider.EmbedRequest{Model: titan, Texts: []string{"a"}, Dimensions: 2},
			`{"embedding":[1,0.5],"inputTextTokenCount":3}`,
			`{"inputText":"a","dimensions":2,"normalize":true}`, "",
			[][]float32{{1, 0.5}},
			3,
		},
		"Titan, several":   {req: provider.EmbedRequest{Model: titan, Texts: []string{"a", "b"}}, class: provider.ClassInvalid},
		"Titan 1":          {provider.EmbedRequest{Model: "amazon.titan-embed-text-v1", Texts: []string{"a"}}, `{"embedding":[1],"inputTextTokenCount":3}`, `{"inputText":"a"}`, "", [][]float32{{1}}, 3},
		"Titan 1, shorter": {req: provider.EmbedRequest{Model: "amazon.titan-embed-text-v1", Texts: []string{"a"}, Dimensions: 5}, class: provider.ClassInvalid},
		"Cohere": {
			provider.EmbedRequest{Model: cohere, Texts: []string{"a", "b"}},
			`{"embeddings":{"float":[[1],[2]]},"id":"x"}`,
			`{"texts":["a","b"],"input_type":"search_document","truncate":"NONE","embedding_types":["float"]}`, "",
			[][]float32{{1}, {2}},
			7,
		},
		"Cohere, bare":      {provider.EmbedRequest{Model: cohere, Texts: []string{"a", "b"}}, `{"embeddings":[[1],[2]]}`, "", "", [][]float32{{1}, {2}}, 7},
		"Cohere, too many":  {req: provider.EmbedRequest{Model: cohere, Texts: make([]string, 97)}, class: provider.ClassInvalid},
		"Cohere, one short": {req: provider.EmbedRequest{Model: cohere, Texts: []string{"a", "b"}}, answer: `{"embeddings":[[1]]}`, class: provider.ClassBadResponse},
		"another length":    {req: provider.EmbedRequest{Model: titan, Texts: []string{"a"}, Dimensions: 2}, answer: `{"embedding":[1]}`, class: provider.ClassBadResponse},
		"no vector":         {req: provider.EmbedRequest{Model: titan, Texts: []string{"a"}}, answer: `{}`, class: provider.ClassBadResponse},
		"no JSON":           {req: provider.EmbedRequest{Model: titan, Texts: []string{"a"}}, answer: `{`, class: provider.ClassBadResponse},
		"no text":           {req: provider.EmbedRequest{Model: titan}, class: provider.ClassInvalid},
		"no such model":     {req: provider.EmbedRequest{Model: model, Texts: []string{"a"}}, class: provider.ClassInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Amzn-Bedrock-Input-Token-Count", "7")
				say(c.answer)(w, r)
			})
			got, err := connect(t, e.URL, 0).Embed(t.Context(), c.req)
			if c.class != "" {
				var failed *provider.Error
				if !errors.As(err, &failed) || failed.Class != c.class || failed.NotCharged != (c.class == provider.ClassInvalid) || len(e.sent()) == 0 != failed.NotCharged {
					t.Errorf("%+v, %+v", got, err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got.Vectors, c.want) || got.Usage != (provider.Tokens{Input: c.tokens}) || got.UsageMissing || got.RequestID != "req-1" || got.Latency <= 0 {
				t.Errorf("%+v, %v", got, err)
			}
			if c.sent != "" {
				same(t, e.sent()[0], c.sent)
			}
		})
	}
	silent := serve(t, say(`{"embedding":[1]}`))
	got, err := connect(t, silent.URL, 0).Embed(t.Context(), provider.EmbedRequest{Model: titan, Texts: []string{"a"}})
	if err != nil || !got.UsageMissing {
		t.Errorf("no usage: %+v, %v", got, err)
	}
}

// The recorded frames hold no event of a model: the valid ones decode to what
// is recorded, and neither those nor the corrupt ones are an answer.
func TestRecordedFrames(t *testing.T) {
	t.Parallel()
	folder := toolstest.Data(t, "bedrock-eventstream")
	valid, err := filepath.Glob(filepath.Join(folder, "encoded", "positive", "*"))
	if err != nil || len(valid) == 0 {
		t.Fatalf("%d valid frames in %s, %v", len(valid), folder, err)
	}
	for _, path := range valid {
		checkFrame(t, path, filepath.Join(folder, "decoded", "positive", filepath.Base(path)))
	}
	corrupt, err := filepath.Glob(filepath.Join(folder, "encoded", "negative", "*"))
	if err != nil || len(corrupt) == 0 {
		t.Fatalf("%d corrupt frames, %v", len(corrupt), err)
	}
	begin, end := frames(start, text(0, "a")), frames(stop("end_turn"), metadata)
	for _, path := range append(corrupt, valid...) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var in io.Reader
		p := streaming(t, func() io.Reader { return in })
		for _, body := range [][]byte{raw, frames(begin, raw), frames(begin, raw, end), frames(begin, end, raw)} {
			cuts := []int{0, len(body) / 2}
			if len(body) == len(raw) {
				cuts = make([]int, len(body))
			}
			for i, at := range cuts {
				in = io.MultiReader(bytes.NewReader(body[:max(i, at)]), iotest.OneByteReader(bytes.NewReader(body[max(i, at):])))
				_, _, err := stream(t.Context(), p, full())
				var failed *provider.Error
				if !errors.As(err, &failed) || failed.Class != provider.ClassBadResponse || failed.NotCharged {
					t.Fatalf("%s: %+v", path, err)
				}
			}
		}
	}
}

// checkFrame decodes a frame however it is cut, as the SDK does for us.
func checkFrame(t *testing.T, path, expected string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Headers []struct {
			Name  string
			Value json.RawMessage
		}
		Payload []byte
	}
	if err := json.Unmarshal(told, &want); err != nil {
		t.Fatal(err)
	}
	for at := range raw {
		got, err := eventstream.NewDecoder().Decode(io.MultiReader(bytes.NewReader(raw[:at]), iotest.OneByteReader(bytes.NewReader(raw[at:]))), nil)
		if err != nil || !bytes.Equal(got.Payload, want.Payload) || len(got.Headers) != len(want.Headers) {
			t.Fatalf("%s: %+v, %v", path, got, err)
		}
		for i, header := range want.Headers {
			if got.Headers[i].Name != header.Name || headerText(got.Headers[i].Value) != strings.Trim(string(header.Value), `"`) {
				t.Fatalf("%s: header %+v, want %s", path, got.Headers[i], header.Value)
			}
		}
	}
}

// headerText writes a value as the recorded results do.
func headerText(value eventstream.Value) string {
	switch v := value.(type) {
	case eventstream.StringValue:
		return base64.StdEncoding.EncodeToString([]byte(v))
	case eventstream.BytesValue:
		return base64.StdEncoding.EncodeToString(v)
	case eventstream.UUIDValue:
		return base64.StdEncoding.EncodeToString(v[:])
	case eventstream.TimestampValue:
		return fmt.Sprint(time.Time(v).UnixMilli())
	}
	return fmt.Sprint(value.Get())
}

func BenchmarkStream(b *testing.B) {
	body := frames(start)
	for range 50 {
		body = append(body, text(0, "word ")...)
	}
	body = append(body, frames(stop("end_turn"), metadata)...)
	p := streaming(b, func() io.Reader { return bytes.NewReader(body) })
	request := provider.Request{Model: model, MaxTokens: 50, Messages: []agents.Message{{Role: agents.RoleUser, Text: "Go."}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Stream(b.Context(), request, func(provider.Delta) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// late is a transport that has an answer before it has looked for the end of
// what it sends, as net/http may.
type late struct{ sent io.Reader }

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.CopyN(io.Discard, r.Body, r.ContentLength); err != nil {
		return nil, err
	}
	l.sent = r.Body
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(answered)),
	}, nil
}

// To net/http, a body whose end is an error is a request that failed: it would
// close the connection in the middle of the answer.
func TestTheBodyOfARequestStillEndsWhenItsAnswerHasBegun(t *testing.T) {
	t.Parallel()
	transport := &late{}
	p, err := bedrock.New(t.Context(), bedrock.Options{
		Region: "eu-west-1", Endpoint: "http://127.0.0.1:9", Transport: transport,
		Credentials: aws.CredentialsProviderFunc(keys),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Converse(t.Context(), full()); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, transport.sent); n != 0 || err != nil {
		t.Errorf("after the answer the body has %d bytes more, and %v", n, err)
	}
}

// Streams of one client share nothing: the race detector looks on.
func TestStreamsAtTheSameTime(t *testing.T) {
	t.Parallel()
	p := streaming(t, func() io.Reader { return iotest.OneByteReader(bytes.NewReader(whole())) })
	var streams sync.WaitGroup
	for range 16 {
		streams.Go(func() {
			pieces, got, err := stream(t.Context(), p, full())
			if err != nil || got.Message.Text == "" || join(t, pieces).Text != got.Message.Text {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	streams.Wait()
}
