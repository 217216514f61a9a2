package summarizer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents/summarizer"
)

const harbour = `# The harbour

The harbour was dredged in 1931. Grain exports through the harbour rose after it was dredged. A cat slept.
The harbour board paid for the dredging of the harbour from grain fees!  Was it worth it? The weather was fine.`

func summarise(t *testing.T, in summarizer.Input) string {
	t.Helper()
	role, err := summarizer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	message, err := role.Offline(raw, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := role.Accept(raw, []byte(message.Text))
	if err != nil {
		t.Fatal(err)
	}
	var out summarizer.Output
	if err := json.Unmarshal(accepted.Output, &out); err != nil {
		t.Fatal(err)
	}
	return out.Summary
}

func TestOfflineExtracts(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		summarizer.FormatParagraph: "The harbour was dredged in 1931. Grain exports through the harbour rose after it was dredged.",
		summarizer.FormatBullets:   "- The harbour was dredged in 1931.\n- Grain exports through the harbour rose after it was dredged.",
		summarizer.FormatExecutive: "The harbour was dredged in 1931.\n\n- Grain exports through the harbour rose after it was dredged.",
	} {
		got := summarise(t, summarizer.Input{Text: harbour, Words: 16, Format: format})
		if !strings.HasPrefix(got, "An extract by the offline model") || !strings.HasSuffix(got, "\n\n"+want) {
			t.Errorf("%s: %q", format, got)
		}
	}
	partial := summarise(t, summarizer.Input{Text: harbour, Words: 12, Format: summarizer.FormatBullets, Partial: true})
	if strings.Contains(partial, "offline") || strings.Contains(partial, "- ") || partial == "" {
		t.Errorf("a part is %q", partial)
	}
	if got := summarise(t, summarizer.Input{Text: strings.Repeat("word ", 5000), Words: 5}); len(got) < 5000 {
		t.Errorf("a sentence was cut to %d bytes", len(got))
	}
	if got := summarise(t, summarizer.Input{Text: "海は広い。山は高い。", Words: 1}); !strings.HasSuffix(got, "\n\n海は広い。") {
		t.Errorf("got %q", got)
	}
}

func TestPromptSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	role, err := summarizer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := role.SystemPrompt(json.RawMessage(`{"text":"secret text","words":120,"format":"bullet_points","language":"de","partial":true}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"at most 120 words", "tag de", `begins with "- "`, "part of a longer text"} {
		if !strings.Contains(prompt, want) {
			t.Errorf("the prompt does not say %q:\n%s", want, prompt)
		}
	}
	if strings.Contains(prompt, "secret text") {
		t.Error("the text is among the instructions")
	}
	if _, err := role.Accept(json.RawMessage(`{}`), []byte(`{"summary":" "}`)); err == nil {
		t.Error("an empty summary is accepted")
	}
}
