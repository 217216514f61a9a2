package mock_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

const hello = `{"model":"m","messages":[{"role":"user","content":"Hello"}]}`

func TestRulesMatch(t *testing.T) {
	t.Parallel()
	s := mocktest.StartScript(t, `
rules:
  - {name: down, match: {region: us-east-1}, fault: {kind: unavailable}}
  - {name: second, match: {protocol: openai, nth: [2]}, answer: {text: second}}
  - {name: twice, match: {model: "gpt-*", times: 2}, answer: {text: twice}}
  - {name: weather, match: {message: "(?i)weather", stream: false}, answer: {text: sunny}}
  - {name: bedrock, match: {operation: converse}, answer: {tool_calls: [{name: f, arguments: {a: [1, x]}}], usage: {input: 7, output: 9, cache_read: 3}}}
`)
	c := client(s.OpenAI("eu-west-1"))
	for i, want := range []string{"twice", "second", "twice", "You said: Hi"} {
		got, err := c.CreateChatCompletion(t.Context(), say("Hi"))
		if err != nil || got.Choices[0].Message.Content != want {
			t.Errorf("%d: %+v, %v", i, got, err)
		}
	}
	if got, err := c.CreateChatCompletion(t.Context(), say("The Weather?")); err != nil || got.Choices[0].Message.Content != "sunny" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := bedrock(s.URL, "us-east-1").Converse(t.Context(), converse("Hi")); !is[*types.ServiceUnavailableException](err) {
		t.Error(err)
	}
	output, err := bedrock(s.URL, "us-west-2").Converse(t.Context(), converse("Hi"))
	if err != nil || *output.Usage.InputTokens != 7 || *output.Usage.OutputTokens != 9 || *output.Usage.CacheReadInputTokens != 3 || *output.Usage.TotalTokens != 19 {
		t.Fatalf("%+v, %v", output, err)
	}
	if rule := s.Entries()[6].Rule; rule != "bedrock" {
		t.Errorf("rule %q", rule)
	}
}

// A script can have an answer use up what a gateway holds for it.
func TestUsage(t *testing.T) {
	t.Parallel()
	s := mocktest.StartScript(t, `rules: [{match: {nth: [1]}, answer: {text: a, usage: full}}, {match: {nth: [1]}, answer: {text: a, usage: none}}, {answer: {text: a, usage: {output: -1}}}]`)
	c := client(s.OpenAI(""))
	request := say("Hello")
	request.MaxCompletionTokens = 300
	got, err := c.CreateChatCompletion(t.Context(), request)
	if err != nil || got.Usage.CompletionTokens != 300 || got.Usage.PromptTokens != 64+16+5 {
		t.Errorf("full: %+v, %v", got.Usage, err)
	}
	if got, err = c.CreateChatCompletion(t.Context(), request); err != nil || got.Usage.TotalTokens != 0 {
		t.Errorf("none: %+v, %v", got.Usage, err)
	}
	if got, err = c.CreateChatCompletion(t.Context(), request); err != nil || got.Usage.CompletionTokens != -1 || got.Usage.PromptTokens != 9 {
		t.Errorf("wrong: %+v, %v", got.Usage, err)
	}
	if entries := s.Entries(); !entries[1].UsageUntold || entries[0].Usage.Output != 300 {
		t.Errorf("log %+v", entries)
	}
}

func TestWhatJustHappens(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	s.Script(t, "rules: [{fault: {kind: malformed}}]")
	if got := post(t, s.OpenAI("")+"/chat/completions", hello); got.err != nil || json.Valid([]byte(got.text)) || len(got.text) < 20 {
		t.Errorf("malformed: %+v", got)
	}
	s.Script(t, "rules: [{fault: {kind: cut, after: 1}}]")
	if got := post(t, s.OpenAI("")+"/chat/completions", hello); !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %+v", got)
	}
	s.Script(t, "rules: [{fault: {kind: raw, status: 502, body: <html>Bad gateway</html>}}]")
	if got := post(t, s.OpenAI("")+"/chat/completions", hello); got.status != http.StatusBadGateway || got.text != "<html>Bad gateway</html>" {
		t.Errorf("raw: %+v", got)
	}
	s.Script(t, "rules: [{fault: {kind: cut}}]")
	if _, err := client(s.OpenAI("")).CreateChatCompletion(t.Context(), say("x")); err == nil {
		t.Error("cut before the answer: no error")
	}
	s.Script(t, "rules: [{fault: {kind: hang}}]")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client(s.OpenAI("")).CreateChatCompletion(ctx, say("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
	last := s.Entries()[4]
	if last.Fault != mock.FaultHang || last.Status != 0 || !last.UsageUntold || last.Usage.Input == 0 {
		t.Errorf("entry %+v", last)
	}
}

// A client that goes away in a slow stream ends it.
func TestTheClientGoesAway(t *testing.T) {
	t.Parallel()
	s := mocktest.StartScript(t, "rules: [{token_delay: 5s, answer: {text: one two three}}]")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	output, err := bedrock(s.URL, "us-east-1").ConverseStream(ctx, converseStream("x"))
	if err != nil {
		t.Fatal(err)
	}
	stream := output.GetStream()
	<-stream.Events()
	<-stream.Events()
	cancel()
	stream.Close()
	if e := s.Ended(t, 1)[0]; e.Complete || e.Pieces != 1 || e.Status != 200 {
		t.Errorf("entry %+v", e)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	s := mocktest.StartScript(t, "rules: [{latency: 60ms, token_delay: 30ms, answer: {text: one two three}}]")
	began := time.Now()
	if _, err := listen(t.Context(), client(s.OpenAI("")), say("x")); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 60*time.Millisecond+3*30*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// The line of a request is in the log before its client sees a byte, and a
// request that cannot be written down is refused.
func TestLogFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log.jsonl")
	file, err := mock.OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	s := mocktest.Start(t, mock.Options{Log: file})
	for range 3 {
		if resp := post(t, s.OpenAI("")+"/chat/completions", hello); resp.status != 200 {
			t.Fatal(resp.status)
		}
	}
	post(t, s.OpenAI("")+"/chat/completions", "{")
	s.Ended(t, 4)
	file.Close()
	if resp := post(t, s.OpenAI("")+"/chat/completions", hello); resp.status != 500 {
		t.Errorf("a request that could not be written down: %d", resp.status)
	}
	text := readFile(t, path)
	entries, err := mock.ReadLog(bytes.NewReader(append(text, `{"seq":9,"ti`...)))
	if err != nil || len(entries) != 4 {
		t.Fatalf("%d entries, %v in %s", len(entries), err, text)
	}
	for i, e := range entries[:3] {
		if e.Sequence != int64(i+1) || !e.Complete || e.Usage.Input != 9 || e.Status != 200 {
			t.Errorf("entry %+v", e)
		}
	}
	if e := entries[3]; e.Status != 400 || e.Error == "" || !e.Complete {
		t.Errorf("entry %+v", e)
	}
}

func TestTheAdmin(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	if resp := post(t, s.URL+"/_mock/script", `{"rules":[{"answer":{"text":"scripted"}}]}`); resp.status != 204 {
		t.Fatal(resp.status)
	}
	if got := post(t, s.URL+"/_mock/script", "rules:\n  - fault: {kind: fire}\n"); got.status != http.StatusBadRequest || !strings.Contains(got.text, "script:2: rules[0].fault.kind") {
		t.Errorf("%+v", got)
	}
	if got, err := client(s.OpenAI("")).CreateChatCompletion(t.Context(), say("x")); err != nil || got.Choices[0].Message.Content != "scripted" {
		t.Errorf("%+v, %v", got, err)
	}
	ask := func(method string) []mock.Entry {
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/_mock/log", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var entries []mock.Entry
		if method == http.MethodGet {
			if err := json.NewDecoder(resp.Body).Decode(&entries); err != nil {
				t.Fatal(err)
			}
		}
		return entries
	}
	if entries := ask(http.MethodGet); len(entries) != 1 || entries[0].Source != "script" {
		t.Errorf("log %+v", entries)
	}
	ask(http.MethodDelete)
	post(t, s.OpenAI("")+"/chat/completions", hello)
	if entries := ask(http.MethodGet); len(entries) != 1 || entries[0].Sequence != 2 {
		t.Errorf("log %+v", entries)
	}
}

func TestStrangeRequests(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	for path, want := range map[string]int{"/": 404, "/v1/completions": 404, "/model/x/fly": 404, "/v1/chat/completions": 405, "/model//converse": 404} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if resp := post(t, s.OpenAI("")+"/chat/completions", strings.Repeat(" ", mock.MaxBody+1)); resp.status != 413 {
		t.Errorf("a large body: %d", resp.status)
	}
	for name, body := range map[string]string{
		"no JSON":   `{`,
		"wrong":     `{"messages":1}`,
		"nothing":   `{}`,
		"assistant": `{"messages":[{"role":"assistant","content":[{"text":"a"}]}]}`,
		"twice":     `{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"user","content":[{"text":"a"}]}]}`,
		"blank":     `{"messages":[{"role":"user","content":[{"text":" "}]}]}`,
		"tokens":    `{"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{"maxTokens":-1}}`,
		"schema":    `{"messages":[{"role":"user","content":[{"text":"a"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":"x"}}}]}}`,
		"result":    `{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[]}}]}]}`,
	} {
		resp := post(t, s.URL+"/model/m/converse", body)
		if resp.status != http.StatusBadRequest || !strings.HasPrefix(resp.header.Get("X-Amzn-Errortype"), "ValidationException") {
			t.Errorf("%s: %+v", name, resp)
		}
	}
}

// A client that reads nothing holds the emulator up, and nobody else.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{Script: &mock.Script{Rules: []mock.Rule{{
		Match: mock.Match{Model: "long"}, Answer: &mock.Reply{Text: strings.Repeat("lorem ipsum ", 1<<20)},
	}}}})
	dialer := &net.Dialer{}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"model":"long","stream":true,"max_tokens":100000000,"messages":[{"role":"user","content":"x"}]}`
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	waitServed(t, s)
	if resp := post(t, s.OpenAI("")+"/chat/completions", hello); resp.status != 200 {
		t.Fatal(resp.status)
	}
	if s.Entries()[0].Ended {
		t.Error("a stream that nobody reads came to its end")
	}
	conn.Close()
	if e := s.Ended(t, 1)[0]; e.Complete {
		t.Errorf("entry %+v", e)
	}
}

func waitServed(t *testing.T, s *mocktest.Server) {
	t.Helper()
	for range 1000 {
		if s.Log().Served() > 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("no request was served")
}

func TestTheAnswerer(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{Answerer: mock.AnswererFunc(func(_ context.Context, req *mock.Request) (mock.Answer, error) {
		if req.LastUser() == "fail" {
			return mock.Answer{}, errors.New("no idea")
		}
		return mock.Answer{Text: "From " + req.Region}, nil
	})})
	got, err := client(s.OpenAI("mars-1")).CreateChatCompletion(t.Context(), say("x"))
	if err != nil || got.Choices[0].Message.Content != "From mars-1" {
		t.Errorf("%+v, %v", got, err)
	}
	input := converse("fail")
	input.ModelId = aws.String("m")
	if _, err := bedrock(s.URL, "us-east-1").Converse(t.Context(), input); !is[*types.InternalServerException](err) {
		t.Errorf("%v", err)
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte("{\"seq\":1,\"status\":200}\n{\"seq\":1,\"ended\":true,\"complete\":true}\n{\"seq\":1}\n{\"se"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := mock.ReadLog(bytes.NewReader(text))
		if err == nil && len(entries) > bytes.Count(text, []byte("\n")) {
			t.Errorf("%d entries in %d lines", len(entries), bytes.Count(text, []byte("\n")))
		}
	})
}
