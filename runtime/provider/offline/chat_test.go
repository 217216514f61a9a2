package offline_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

const article = `The harbour of Ostmark was dredged in 1911 to a depth of nine metres. Its cranes were painted green.
Grain made up most of what left the harbour before the war.

After the dredging, grain exports through the harbour rose from 40,000 to 110,000 tonnes within six years. Many visitors liked the view.`

func chat(messages ...string) provider.Request {
	req := provider.Request{Model: "offline", MaxTokens: 1000}
	for i, text := range messages {
		role := agents.RoleUser
		if i%2 == 1 {
			role = agents.RoleAssistant
		}
		req.Messages = append(req.Messages, agents.Message{Role: role, Text: text})
	}
	return req
}

func TestAChatIsAnsweredWithQuotes(t *testing.T) {
	t.Parallel()
	p := connect(t)
	req := chat(article + "\n\nHow did grain exports change after the harbour was dredged?")
	req.System = "Secret instructions are never repeated by anyone."
	got, err := p.Converse(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	text := got.Message.Text
	if !strings.Contains(text, "offline model") || !strings.Contains(text, "“After the dredging, grain exports through the harbour rose from 40,000 to 110,000 tonnes within six years.”") {
		t.Errorf("answer %s", text)
	}
	if strings.Contains(text, "Secret") || strings.Contains(text, "How did") || strings.Contains(text, "liked the view") {
		t.Errorf("it quotes what it should not: %s", text)
	}
	if got.StopReason != provider.StopEnd || got.Usage.Input == 0 || got.Usage.Output == 0 || got.UsageMissing {
		t.Errorf("response %+v", got)
	}
	again, err := p.Converse(t.Context(), req)
	if err != nil || again.Message.Text != text {
		t.Errorf("another answer to the same: %+v, %v", again, err)
	}
	later, err := p.Converse(t.Context(), chat(article, "Thank you.", "When was the harbour dredged, and how deep?"))
	if err != nil || !strings.Contains(later.Message.Text, "dredged in 1911 to a depth of nine metres") {
		t.Errorf("a question after the text: %+v, %v", later, err)
	}
}

func TestAChatWithNothingToQuote(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Hi!", "What is 2+2?", strings.Repeat("?", 100_000), "\xff\xfe"} {
		got, err := connect(t).Converse(t.Context(), chat(text))
		if err != nil || !strings.Contains(got.Message.Text, "no statement") {
			t.Errorf("%.20q: %+v, %v", text, got, err)
		}
	}
}

func TestSentencesOfAChat(t *testing.T) {
	t.Parallel()
	got, err := connect(t).Converse(t.Context(), chat("Dr. J. Smith (cf. Fig. 2) said that the harbour was deep.\nIt was\r\nnot so in 1910, as everybody knew. A headline without an end\n\nsmall print"))
	want := "\n- “Dr. J. Smith (cf. Fig. 2) said that the harbour was deep.”\n- “It was not so in 1910, as everybody knew.”"
	if err != nil || !strings.HasSuffix(got.Message.Text, want) {
		t.Errorf("%s, %v", got.Message.Text, err)
	}
}

// Hostile texts take no more time for each byte than others.
func TestLongChats(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{"abbreviations": "Dr. ", "lines": "a\n", "paragraphs": "a b c d e.\n\n", "questions": "what is this? ", "no end": "word "} {
		started := time.Now()
		if _, err := connect(t).Converse(t.Context(), chat(strings.Repeat(part, (1<<20)/len(part)))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

func TestAChatThatDemandsWhatCannotBe(t *testing.T) {
	t.Parallel()
	tool := []tools.Spec{{Name: "sum", Input: json.RawMessage(`{}`)}}
	for name, change := range map[string]func(*provider.Request){
		"any": func(r *provider.Request) { r.Tools, r.ToolChoice.Mode = tool, provider.ToolAny },
		"named": func(r *provider.Request) {
			r.Tools, r.ToolChoice = tool, provider.ToolChoice{Mode: provider.ToolNamed, Name: "sum"}
		},
		"unknown": func(r *provider.Request) { r.ToolChoice.Mode = "perhaps" },
	} {
		req := chat(article)
		change(&req)
		_, err := connect(t).Converse(t.Context(), req)
		var failed *provider.Error
		if !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged || failed.Message == "" {
			t.Errorf("%s: %+v", name, err)
		}
	}
	req := chat(article)
	req.Tools, req.ToolChoice.Mode = tool, provider.ToolAuto
	if got, err := connect(t).Converse(t.Context(), req); err != nil || len(got.Message.ToolCalls) != 0 {
		t.Errorf("tools that may be called: %+v, %v", got, err)
	}
}

func TestAValueIsMadeOnlyWhereNothingIsMadeUp(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{"type":"string"}`: `"TEXT"`,
		`{"type":"object","properties":{"answer":{"type":"string","description":"d"},"more":{"type":"number"}},"required":["answer"],"additionalProperties":false}`:                                                              `{"answer":"TEXT"}`,
		`{"type":"object","properties":{"kind":{"const":"a"},"version":{"enum":[1],"type":"integer"},"in":{"type":"object","properties":{"x":{"type":["string","null"]}},"required":["x"]}},"required":["kind","version","in"]}`: `{"kind":"a","version":1,"in":{"x":"TEXT"}}`,
		`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["number","null"]},"c":{"type":["string","null"]}},"required":["a","b","c"]}`:                                                                          `{"a":"TEXT","b":null,"c":null}`,
		`{"type":"object","properties":{}}`:  `{}`,
		`{"type":"number"}`:                  "",
		`{"type":"boolean"}`:                 "",
		`{"type":"array","items":{}}`:        "",
		`{"type":"string","enum":["a","b"]}`: "",
		`{"type":"string","minLength":5}`:    "",
		`{"type":"string","format":"date"}`:  "",
		`{"type":"string","const":5}`:        "",
		`{"$ref":"#/$defs/x"}`:               "",
		`{"anyOf":[{"type":"string"}]}`:      "",
		`true`:                               "",
		`{}`:                                 "",
		`{"type":"object","required":["a"]}`: "",
		`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"]}`: "",
	} {
		req := chat(article)
		req.Output = json.RawMessage(schema)
		got, err := connect(t).Converse(t.Context(), req)
		if want == "" {
			var failed *provider.Error
			if !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged || !strings.Contains(failed.Message, "make up") {
				t.Errorf("%s: %+v, %+v", schema, got, err)
			}
			continue
		}
		req.Output = nil
		plain, err2 := connect(t).Converse(t.Context(), req)
		quoted, _ := json.Marshal(plain.Message.Text)
		if err != nil || err2 != nil || got.Message.Text != strings.ReplaceAll(want, `"TEXT"`, string(quoted)) {
			t.Errorf("%s: %+v, %v", schema, got, err)
		}
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	req := chat(article)
	req.Stop = []string{"nowhere", ":", " quotes"}
	got, err := connect(t).Converse(t.Context(), req)
	if err != nil || got.Message.Text != "This is the offline model. It does not write; it" || got.StopReason != provider.StopEnd {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	p := connect(t)
	for name, req := range map[string]provider.Request{"chat": chat(article), "agent": request("page")} {
		whole, err := p.Converse(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		var joined string
		calls := make([]agents.ToolCall, len(whole.Message.ToolCalls))
		pieces := 0
		got, err := p.Stream(t.Context(), req, func(d provider.Delta) error {
			pieces++
			joined += d.Text
			if d.ToolCall != nil {
				call := &calls[d.ToolCall.Index]
				call.ID, call.Name, call.Arguments = call.ID+d.ToolCall.ID, call.Name+d.ToolCall.Name, append(call.Arguments, d.ToolCall.Arguments...)
			}
			return nil
		})
		if err != nil || got.FirstToken <= 0 || pieces < 3 {
			t.Errorf("%s: %d pieces, %+v, %v", name, pieces, got, err)
		}
		if !reflect.DeepEqual(got.Message, whole.Message) || got.Usage != whole.Usage || joined != whole.Message.Text {
			t.Errorf("%s: streamed %+v, handed over %q", name, got, joined)
		}
		for i, call := range whole.Message.ToolCalls {
			if !reflect.DeepEqual(calls[i], call) {
				t.Errorf("%s: call %+v", name, calls[i])
			}
		}
	}
}

func TestStreamsEndWithTheirCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	gone := errors.New("gone")
	for name, emit := range map[string]func(provider.Delta) error{
		"no taker":  func(provider.Delta) error { return gone },
		"cancelled": func(provider.Delta) error { cancel(); return nil },
	} {
		pass := t.Context()
		if name == "cancelled" {
			pass = ctx
		}
		_, err := connect(t).Stream(pass, chat(article), emit)
		var failed *provider.Error
		if !errors.As(err, &failed) || failed.Class != provider.ClassCancelled || !failed.Begun {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	p := connect(t)
	texts := []string{"The grain exports of the harbour rose.", "Harbours exported more grain.", "Violins need new strings.", "", "的", "the of and"}
	got, err := p.Embed(t.Context(), provider.EmbedRequest{Texts: texts})
	if err != nil || len(got.Vectors) != len(texts) || got.Usage.Input != 10+8+7+0+1+3 {
		t.Fatalf("%d vectors, %+v, %v", len(got.Vectors), got.Usage, err)
	}
	if err := provider.CheckVectors(got.Vectors, 256); err != nil {
		t.Error(err)
	}
	for i := range texts {
		if length := cosine(got.Vectors[i], got.Vectors[i]); math.Abs(length-1) > 1e-5 {
			t.Errorf("%q has length %v", texts[i], length)
		}
	}
	near, far := cosine(got.Vectors[0], got.Vectors[1]), cosine(got.Vectors[0], got.Vectors[2])
	if near < 0.4 || far > 0.2 {
		t.Errorf("near %v, far %v", near, far)
	}
	again, err := p.Embed(t.Context(), provider.EmbedRequest{Texts: texts})
	if err != nil || !reflect.DeepEqual(again.Vectors, got.Vectors) {
		t.Errorf("other vectors for the same texts, %v", err)
	}
	for _, dimensions := range []int{1, 2, 4096} {
		short, err := p.Embed(t.Context(), provider.EmbedRequest{Texts: texts, Dimensions: dimensions})
		if err != nil || provider.CheckVectors(short.Vectors, dimensions) != nil || math.Abs(cosine(short.Vectors[0], short.Vectors[0])-1) > 1e-5 {
			t.Errorf("%d dimensions: %v", dimensions, err)
		}
	}
	for _, dimensions := range []int{-1, 4097} {
		var failed *provider.Error
		if _, err := p.Embed(t.Context(), provider.EmbedRequest{Texts: texts, Dimensions: dimensions}); !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged {
			t.Errorf("%d dimensions: %+v", dimensions, err)
		}
	}
}

func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func FuzzChat(f *testing.F) {
	f.Add(article, `{"type":"string"}`, 100)
	f.Add("a. b? c!\n\n\n\nd", `{"type":"object","required":["a"],"properties":{"a":{"const":1}}}`, 1)
	p := connectFor(f)
	f.Fuzz(func(t *testing.T, text, schema string, limit int) {
		req := chat(text)
		req.MaxTokens = limit
		if _, err := p.Converse(t.Context(), req); err != nil {
			t.Errorf("plain chat: %v", err)
		}
		req.Output, req.MaxTokens = json.RawMessage(schema), 0
		if got, err := p.Converse(t.Context(), req); err == nil && len(schema) > 0 && !json.Valid([]byte(got.Message.Text)) {
			t.Errorf("no JSON: %s", got.Message.Text)
		}
	})
}
