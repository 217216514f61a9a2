package openai_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/openai"
)

func TestWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	half := 0.5
	for name, c := range map[string]struct {
		change func(*provider.Request)
		want   string // of the fields beside model, messages, stream and tools
	}{
		"nothing":    {func(r *provider.Request) { r.MaxTokens, r.Temperature = 0, nil }, `{}`},
		"top_p":      {func(r *provider.Request) { r.TopP, r.Temperature = &half, &half }, `{"max_tokens":50,"temperature":0.5,"top_p":0.5}`},
		"zeroes":     {func(r *provider.Request) { r.TopP = zero() }, `{"max_tokens":50,"temperature":0,"top_p":0}`},
		"stop":       {func(r *provider.Request) { r.Stop = []string{"a", "b"} }, `{"max_tokens":50,"stop":["a","b"],"temperature":0}`},
		"auto":       {func(r *provider.Request) { r.ToolChoice.Mode = provider.ToolAuto }, `{"max_tokens":50,"temperature":0}`},
		"none":       {func(r *provider.Request) { r.ToolChoice.Mode = provider.ToolNone }, `{"max_tokens":50,"temperature":0,"tool_choice":"none"}`},
		"any":        {func(r *provider.Request) { r.ToolChoice.Mode = provider.ToolAny }, `{"max_tokens":50,"temperature":0,"tool_choice":"required"}`},
		"named":      {func(r *provider.Request) { r.ToolChoice = provider.ToolChoice{Mode: provider.ToolNamed, Name: "sum"} }, `{"max_tokens":50,"temperature":0,"tool_choice":{"function":{"name":"sum"},"type":"function"}}`},
		"none of no": {func(r *provider.Request) { r.Tools, r.ToolChoice.Mode = nil, provider.ToolNone }, `{"max_tokens":50,"temperature":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, say(answered))
			request := full()
			request.Output = nil
			c.change(&request)
			if _, err := connect(t, e.URL).Converse(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			for _, field := range []string{"model", "messages", "stream", "tools"} {
				delete(e.body, field)
			}
			if sent, _ := json.Marshal(e.body); string(sent) != c.want {
				t.Errorf("sent %s, want %s", sent, c.want)
			}
		})
	}
}

func TestWhatIsNeverSent(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	for name, change := range map[string]func(*provider.Request){
		"any of no tools":  func(r *provider.Request) { r.Tools, r.ToolChoice.Mode = nil, provider.ToolAny },
		"an unknown tool":  func(r *provider.Request) { r.ToolChoice = provider.ToolChoice{Mode: provider.ToolNamed, Name: "max"} },
		"an unknown mode":  func(r *provider.Request) { r.ToolChoice.Mode = "perhaps" },
		"an unknown role":  func(r *provider.Request) { r.Messages = append(r.Messages, agents.Message{Role: "oracle"}) },
		"no schema":        func(r *provider.Request) { r.Tools[0].Input = json.RawMessage(`{`) },
		"a region unknown": func(r *provider.Request) { r.Region = "mars" },
	} {
		request := full()
		change(&request)
		for _, ask := range []func() error{
			func() error { _, err := connect(t, e.URL).Converse(t.Context(), request); return err },
			func() error { _, _, err := stream(t.Context(), connect(t, e.URL), request); return err },
		} {
			var failed *provider.Error
			if err := ask(); !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged || failed.Message == "" {
				t.Errorf("%s: %+v", name, err)
			}
		}
	}
	if e.calls.Load() != 0 {
		t.Errorf("%d were sent", e.calls.Load())
	}
}

func TestAMessageWithoutTextIsAMessage(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	request := provider.Request{Model: "m", Messages: []agents.Message{{Role: agents.RoleUser}, {Role: agents.RoleAssistant}, {Role: agents.RoleUser, Text: "<&>"}}}
	if _, err := connect(t, e.URL).Converse(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	want := `[{"content":"","role":"user"},{"content":"","role":"assistant"},{"content":"\u003c\u0026\u003e","role":"user"}]`
	if sent, _ := json.Marshal(e.body["messages"]); string(sent) != want {
		t.Errorf("sent %s", sent)
	}
}

func TestTextInParts(t *testing.T) {
	t.Parallel()
	e := serve(t, say(`{"choices":[{"message":{"role":"assistant","content":[{"type":"text","text":"Fo"},{"type":"text","text":"ur."}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`))
	got, err := connect(t, e.URL).Converse(t.Context(), full())
	if err != nil || got.Message.Text != "Four." {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRegionsHaveTheirOwnURL(t *testing.T) {
	t.Parallel()
	east, west := serve(t, say(answered)), serve(t, say(answered))
	p := connect(t, east.URL, func(o *openai.Options) { o.BaseURLs = map[string]string{"west": west.URL + "/v1/"} })
	request := full()
	for region, want := range map[string]*endpoint{"": east, "west": west} {
		before := want.calls.Load()
		request.Region = region
		if _, err := p.Converse(t.Context(), request); err != nil || want.calls.Load() != before+1 {
			t.Errorf("%q: %d calls, %v", region, want.calls.Load(), err)
		}
	}
	if _, err := openai.New(openai.Options{BaseURLs: map[string]string{"west": "nowhere"}}); err == nil || !strings.Contains(err.Error(), `"west"`) {
		t.Errorf("a region without a URL: %v", err)
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	const usage = `"usage":{"prompt_tokens":5,"total_tokens":5}`
	for name, c := range map[string]struct {
		answer     string
		dimensions int
		want       [][]float32
		missing    bool
	}{
		"numbers":     {`{"data":[{"index":0,"embedding":[1,0.5]},{"index":1,"embedding":[0,-2]}],` + usage + `}`, 2, [][]float32{{1, 0.5}, {0, -2}}, false},
		"out of turn": {`{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],` + usage + `}`, 0, [][]float32{{1}, {2}}, false},
		"base64":      {`{"data":[{"index":0,"embedding":"AACAPwAAAD8="},{"index":1,"embedding":"AAAAAAAAAMA="}],` + usage + `}`, 2, [][]float32{{1, 0.5}, {0, -2}}, false},
		"no usage":    {`{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}]}`, 0, [][]float32{{1}, {2}}, true},
		"one short":   {`{"data":[{"index":0,"embedding":[1]}],` + usage + `}`, 0, nil, false},
		"one twice":   {`{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}],` + usage + `}`, 0, nil, false},
		"outside":     {`{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}],` + usage + `}`, 0, nil, false},
		"lengths":     {`{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}],` + usage + `}`, 0, nil, false},
		"not asked":   {`{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}],` + usage + `}`, 3, nil, false},
		"empty":       {`{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}],` + usage + `}`, 0, nil, false},
		"half floats": {`{"data":[{"index":0,"embedding":"AAA="},{"index":1,"embedding":"AAA="}],` + usage + `}`, 0, nil, false},
		"no number":   {`{"data":[{"index":0,"embedding":"AADAfw=="},{"index":1,"embedding":"AADAfw=="}],` + usage + `}`, 0, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, say(c.answer))
			got, err := connect(t, e.URL).Embed(t.Context(), provider.EmbedRequest{Model: "m", Texts: []string{"a", "b"}, Dimensions: c.dimensions})
			if c.want == nil {
				var failed *provider.Error
				if !errors.As(err, &failed) || failed.Class != provider.ClassBadResponse || failed.NotCharged {
					t.Errorf("%+v, %+v", got, err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got.Vectors, c.want) || got.UsageMissing != c.missing || got.RequestID != "req_1" || got.Latency <= 0 {
				t.Errorf("%+v, %v", got, err)
			}
			if !c.missing && got.Usage != (provider.Tokens{Input: 5}) {
				t.Errorf("usage %+v", got.Usage)
			}
			if e.body["model"] != "m" || fmt.Sprint(e.body["input"]) != "[a b]" || (e.body["dimensions"] == nil) != (c.dimensions == 0) {
				t.Errorf("sent %v", e.body)
			}
		})
	}
	var failed *provider.Error
	if _, err := connect(t, "http://nobody").Embed(t.Context(), provider.EmbedRequest{Model: "m"}); !errors.As(err, &failed) || !failed.NotCharged {
		t.Errorf("no texts: %+v", err)
	}
}

func benchmark(b *testing.B, answer http.HandlerFunc) *openai.Provider {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
	}))
	b.Cleanup(server.Close)
	p, err := openai.New(openai.Options{BaseURL: server.URL + "/v1", APIKey: key})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return p
}

// BenchmarkConverse has the server in the same process, whose work is counted too.
func BenchmarkConverse(b *testing.B) {
	p := benchmark(b, say(answered))
	request := provider.Request{Model: "m", System: "Be brief.", MaxTokens: 50, Messages: []agents.Message{{Role: agents.RoleUser, Text: strings.Repeat("word ", 100)}}}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.Converse(b.Context(), request); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkConverseAlone has no network and no server.
func BenchmarkConverseAlone(b *testing.B) {
	p, err := openai.New(openai.Options{BaseURL: "http://double/v1", APIKey: key, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, ContentLength: int64(len(answered)), Request: req, Body: io.NopCloser(strings.NewReader(answered)), Header: http.Header{}}, nil
	})})
	if err != nil {
		b.Fatal(err)
	}
	request := provider.Request{Model: "m", System: "Be brief.", MaxTokens: 50, Messages: []agents.Message{{Role: agents.RoleUser, Text: strings.Repeat("word ", 100)}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Converse(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	lines := make([]string, 50)
	for i := range lines {
		lines[i] = delta(`{"content":"word "}`)
	}
	text := events(slices.Concat(lines, []string{finish("stop"), told, "[DONE]"})...)
	p := benchmark(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, text)
	})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.Stream(b.Context(), full(), func(provider.Delta) error { return nil }); err != nil {
				b.Error(err)
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(answered)
	f.Add(`{"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{a"}}]}}]}`)
	var body atomic.Value
	body.Store("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body.Load().(string)) }))
	f.Cleanup(server.Close)
	p, err := openai.New(openai.Options{BaseURL: server.URL})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body.Store(text)
		response, err := p.Converse(t.Context(), full())
		if err != nil {
			return
		}
		if _, err := json.Marshal(response); err != nil {
			t.Errorf("an answer that cannot be stored: %v", err)
		}
		if u := response.Usage; min(u.Input, u.Output, u.CacheRead) < 0 {
			t.Errorf("usage %+v", u)
		}
	})
}
