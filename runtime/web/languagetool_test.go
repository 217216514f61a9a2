package web_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools/grammar"
)

func languageTool(t *testing.T, answer http.HandlerFunc, change ...func(*web.LanguageToolOptions)) *web.LanguageTool {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	options := web.LanguageToolOptions{BaseURL: server.URL + "/", Timeout: 5 * time.Second, LocalOnly: true}
	for _, c := range change {
		c(&options)
	}
	return web.NewLanguageTool(options)
}

func answering(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// Offsets of the server are UTF-16 code units, ours are bytes.
func TestLanguageToolSpeaksItsProtocol(t *testing.T) {
	t.Parallel()
	text := "“🚆 é” They go, he go to Xyzzy."
	lt := languageTool(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.URL.Path != "/v2/check" || r.Method != http.MethodPost || r.PostForm.Get("text") != text || r.PostForm.Get("language") != "en-GB" {
			t.Errorf("asked %s %s %v, %v", r.Method, r.URL, r.PostForm, err)
		}
		_, _ = io.WriteString(w, `{"matches":[
			{"message":"Agreement.","offset":19,"length":2,"replacements":[{"value":"goes"}],"rule":{"id":"AGREEMENT","category":{"id":"GRAMMAR"}}},
			{"message":"Unknown.","offset":25,"length":5,"replacements":[{"value":"Fuzzy"},{"value":"a\nb"}],"rule":{"id":"SPELL","category":{"id":"TYPOS"}}},
			{"message":"Half a pair.","offset":2,"length":1,"replacements":[],"rule":{"id":"X"}},
			{"message":"Outside.","offset":25,"length":900,"replacements":[],"rule":{"id":"X"}},
			{"message":"Before.","offset":-4,"length":2,"replacements":[],"rule":{"id":"X"}}]}`)
	})
	edits, err := lt.Check(t.Context(), text, "en-GB")
	if err != nil || len(edits) != 2 {
		t.Fatalf("got %+v, %v", edits, err)
	}
	if got := text[edits[0].Start:edits[0].End]; got != "go" || !edits[0].Certain || edits[0].Replacements[0] != "goes" || edits[0].Rule != "languagetool AGREEMENT" {
		t.Errorf("%q: %+v", got, edits[0])
	}
	if got := text[edits[1].Start:edits[1].End]; got != "Xyzzy" || edits[1].Certain || len(edits[1].Replacements) != 1 {
		t.Errorf("%q: %+v", got, edits[1])
	}
	out, err := grammar.NewReader(grammar.Options{Second: lt, Spelling: grammar.British}).Read(t.Context(), grammar.Input{Texts: []string{text}})
	if err != nil || len(out.Texts) != 1 || out.Texts[0].Mended != "“🚆 é” They go, he goes to Xyzzy." {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestLanguageToolThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]http.HandlerFunc{
		"languagetool: answered 200 with what is not its JSON": answering(200, "<html>"),
		"languagetool: answered 200 without results":           answering(200, `{"software":{}}`),
		"languagetool: answered 400":                           answering(400, "Error: 'xx' is not a language code"),
		"languagetool: its answer is larger than 4 MB":         answering(200, strings.Repeat(" ", 4<<20+1)),
		"languagetool: its rate limit is reached":              answering(429, ""),
		"languagetool: redirects, which is not followed": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusTemporaryRedirect)
		},
	} {
		if _, err := languageTool(t, answer).Check(t.Context(), "x", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestLanguageToolIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	lt := languageTool(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}, func(o *web.LanguageToolOptions) { o.Timeout = 50 * time.Millisecond })
	if _, err := lt.Check(t.Context(), "x", ""); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("got %v", err)
	}
}

// With the web off not even a name that means this machine today leads away.
func TestLocalOnlyLanguageToolDialsThisMachineAlone(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://192.0.2.1:8081", "http://[2001:db8::1]:8081", "http://0.0.0.0:8081"} {
		lt := web.NewLanguageTool(web.LanguageToolOptions{BaseURL: base, Timeout: 5 * time.Second, LocalOnly: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("the dial of others is used")
			return nil, net.ErrClosed
		}})
		if _, err := lt.Check(t.Context(), "x", ""); err == nil || !strings.Contains(err.Error(), "another machine") {
			t.Errorf("%s: got %v", base, err)
		}
	}
}

// What a server answers is bytes from outside.
func FuzzLanguageToolAnswer(f *testing.F) {
	f.Add(`{"matches":[{"offset":1,"length":3,"replacements":[{"value":"b"}]}]}`, "a 🚆 text")
	f.Add(`{"matches":null}`, "x")
	f.Add(`{"matches":[{"offset":9223372036854775807,"length":1}]}`, "")
	f.Fuzz(func(t *testing.T, answer, text string) {
		if raw, err := json.Marshal(text); err != nil || len(raw) > 10_000 || len(answer) > 10_000 {
			return
		}
		edits, err := languageTool(t, answering(200, answer)).Check(t.Context(), text, "")
		if err != nil {
			return
		}
		for _, e := range edits {
			if e.Start < 0 || e.End < e.Start || e.End > len(text) {
				t.Errorf("edit %+v of %q", e, text)
			}
		}
	})
}
