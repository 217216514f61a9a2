package mock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	openai "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

func record(t *testing.T, path, upstream string) *mocktest.Server {
	t.Helper()
	cassette, err := mock.OpenCassette(path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cassette.Close() })
	return mocktest.Start(t, mock.Options{Cassette: cassette, Record: upstream, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAOURS", SecretAccessKey: "ours"}, nil
	})})
}

func replay(t *testing.T, path string) *mocktest.Server {
	t.Helper()
	cassette, err := mock.OpenCassette(path, false)
	if err != nil {
		t.Fatal(err)
	}
	return mocktest.Start(t, mock.Options{Cassette: cassette})
}

// What was recorded is replayed without the service, byte for byte where it
// matters: streams by event, and failures in their order.
func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cassette.jsonl")
	upstream := mocktest.StartScript(t, `rules: [{match: {protocol: openai, stream: false, nth: [1]}, fault: {kind: throttled}}, {answer: {text: From the service.}}]`)
	check := func(s *mocktest.Server) {
		t.Helper()
		c := client(s.OpenAI("eu-west-1"))
		var told *openai.APIError
		if _, err := c.CreateChatCompletion(t.Context(), say("Hi")); !errors.As(err, &told) || told.HTTPStatusCode != 429 {
			t.Errorf("the first answer: %v", err)
		}
	}
	again := func(s *mocktest.Server) {
		t.Helper()
		if got, err := client(s.OpenAI("")).CreateChatCompletion(t.Context(), say("Hi")); err != nil || got.Choices[0].Message.Content != "From the service." {
			t.Errorf("the second answer: %+v, %v", got, err)
		}
		if got, err := listen(t.Context(), client(s.OpenAI("")), say("Hi")); err != nil || got.text != "From the service." || got.finish != "stop" {
			t.Errorf("a stream: %+v, %v", got, err)
		}
		if got, err := gather(t, bedrock(s.URL, "eu-west-1"), converseStream("Hi")); err != nil || got.text != "From the service." || got.usage == nil {
			t.Errorf("an event stream: %+v, %v", got, err)
		}
	}
	recording := record(t, path, upstream.URL)
	check(recording)
	second := record(t, path+".2", upstream.URL)
	again(second)
	both := append(readFile(t, path), readFile(t, path+".2")...)
	cassette, err := mock.ReadCassette("both", bytes.NewReader(both))
	if err != nil {
		t.Fatal(err)
	}
	served := upstream.Log().Served()
	s := mocktest.Start(t, mock.Options{Cassette: cassette})
	check(s)
	again(s)
	again(s)
	if upstream.Log().Served() != served {
		t.Error("a replay asked the service")
	}
	if e := s.Entries()[3]; e.Source != "cassette" || e.Usage.Output == 0 || !e.Stream {
		t.Errorf("entry %+v", e)
	}
	// It was signed anew, for the region that was asked for.
	entries := upstream.Entries()
	if e := entries[len(entries)-1]; e.Region != "eu-west-1" || e.Operation != mock.OpConverseStream {
		t.Errorf("upstream %+v", e)
	}
}

func TestWhatIsNotRecorded(t *testing.T) {
	t.Parallel()
	cassette, err := mock.ReadCassette("empty", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	s := mocktest.Start(t, mock.Options{Cassette: cassette})
	var told *openai.APIError
	if _, err := client(s.OpenAI("")).CreateChatCompletion(t.Context(), say("Hi")); !errors.As(err, &told) || told.Code != "not_recorded" {
		t.Errorf("%v", err)
	}
}

// No secret of the request, nor what looks like one, gets onto a cassette.
func TestSecretsAreStruckOut(t *testing.T) {
	t.Parallel()
	const secret = "sk-test-0123456789abcdef"
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("the service got %q", r.Header.Get("Authorization"))
		}
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"message":{"content":"Your key is %s, his is AKIAIOSFODNN7EXAMPLE"}}]}`, secret)
	}))
	t.Cleanup(upstream.Close)
	path := filepath.Join(t.TempDir(), "cassette.jsonl")
	s := record(t, path, upstream.URL+"/v1")
	if got, err := client(s.OpenAI("")).CreateChatCompletion(t.Context(), say("Hi")); err != nil || !strings.Contains(got.Choices[0].Message.Content, "[struck out]") {
		t.Errorf("%+v, %v", got, err)
	}
	if text := string(readFile(t, path)); strings.Contains(text, secret) || strings.Contains(text, "AKIA") || strings.Contains(text, "session") || text == "" {
		t.Errorf("the cassette: %s", text)
	}
	again := replay(t, path)
	if _, err := client(again.OpenAI("")).CreateChatCompletion(t.Context(), say("Hi")); err != nil {
		t.Error(err)
	}
}

// A request is found whatever the order of its keys.
func TestKey(t *testing.T) {
	t.Parallel()
	one, two := mock.Key("chat", "m", []byte(`{"a":1,"b":[2.50,{"c":null}]}`)), mock.Key("chat", "m", []byte(" {\"b\": [2.50, {\"c\":null}],\n\"a\":1}"))
	if one != two || one == mock.Key("chat", "n", []byte(`{"a":1,"b":[2.50,{"c":null}]}`)) || one == mock.Key("chat", "m", []byte(`{"a":1}`)) {
		t.Error("keys do not tell requests apart as they should")
	}
}

func FuzzCassette(f *testing.F) {
	key := strings.Repeat("0", 64)
	f.Add([]byte(`{"key":"` + key + `","protocol":"openai","operation":"chat","model":"m","status":200,"header":{"Content-Type":"text/event-stream"},"body":["data: a\n\n",{"base64":"/w=="}],"usage":{"input":1,"output":2}}`))
	f.Add([]byte(`{"key":"x"}`))
	f.Add([]byte("\n\n{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cassette, err := mock.ReadCassette("c", bytes.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "c:") {
				t.Errorf("an error that does not name its file: %v", err)
			}
			return
		}
		if _, err := mock.New(mock.Options{Cassette: cassette}); err != nil {
			t.Error(err)
		}
	})
}

// FuzzRequests holds every operation against whatever comes.
func FuzzRequests(f *testing.F) {
	paths := []string{"/v1/chat/completions", "/v1/embeddings", "/model/anthropic.x/converse", "/model/anthropic.x/converse-stream", "/model/anthropic.x/invoke", "/model/anthropic.x/count-tokens", "/model/amazon.titan-embed/invoke", "/model/cohere.embed/invoke"}
	f.Add(0, []byte(hello))
	f.Add(0, []byte(`{"model":"m","n":2,"stream":true,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","required":["a"],"properties":{"a":{"$ref":"#"}}}}}],"tool_choice":"required","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}`))
	f.Add(1, []byte(`{"model":"m","input":[[1,2],[3]],"encoding_format":"base64","dimensions":3}`))
	f.Add(2, []byte(`{"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{"maxTokens":1}}`))
	f.Add(4, []byte(`{"anthropic_version":"x","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`))
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		s, err := mock.New(mock.Options{})
		if err != nil {
			t.Fatal(err)
		}
		path := paths[uint(which)%uint(len(paths))]
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body)))
		if w.Code != 200 && w.Code != 400 {
			t.Errorf("%s: %d", path, w.Code)
		}
		if _, err := io.ReadAll(w.Body); err != nil {
			t.Error(err)
		}
	})
}
