package documents

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func extract(t *testing.T, name, content string) Extracted {
	t.Helper()
	out, err := NewExtractor(ExtractorOptions{}).Extract(t.Context(), name, "", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	checkExtracted(t, out)
	return out
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	content := "---\ntitle: \"Sleep and work\"\ndate: 2019-05-02\nurl: https://example.org/sleep\n---\n\n" +
		"# Sleep & work\n\nNurses slept **six hours**\non average. They wanted eight.\n\n" +
		"## Results ##\n\n- Night work cost an hour\n- Day work cost none at all.\n\n| a | b |\n|---|---|\n| This row is not a sentence. | 2 |\n\n" +
		"```\nThis code is not a sentence.\n```\n\n> Somebody said that sleep matters.\n"
	out := extract(t, "notes/sleep.md", content)
	if out.Title != "Sleep and work" || out.Year != 2019 || out.URL != "https://example.org/sleep" || out.MediaType != Markdown {
		t.Errorf("%q %d %q %q", out.Title, out.Year, out.URL, out.MediaType)
	}
	if out.Text != content {
		t.Error("the snapshot is not the file")
	}
	want := []string{
		"Nurses slept **six hours**\non average.", "They wanted eight.",
		"Night work cost an hour", "Day work cost none at all.", "Somebody said that sleep matters.",
	}
	want = slices.DeleteFunc(want, func(s string) bool { return s == "They wanted eight." }) // three words are too few
	if got := quotes(out); !slices.Equal(got, want) {
		t.Errorf("quotes %q, want %q", got, want)
	}
	if len(out.Segments) != 2 || out.Segments[0].Heading != "" || out.Segments[1].Heading != "Results" {
		t.Errorf("segments %+v", out.Segments)
	}
}

func TestPlainTextInOtherEncodings(t *testing.T) {
	t.Parallel()
	const text = "A café opened\n\nThe café sold many cakes in 2004.\n"
	utf16 := []byte{0xFF, 0xFE}
	for _, r := range text {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	for name, data := range map[string]string{
		"utf8":         text,
		"utf16":        string(utf16),
		"windows-1252": strings.ReplaceAll(text, "é", "\xe9"),
		"bom":          "\ufeff" + text,
	} {
		out := extract(t, name+".txt", data)
		if strings.TrimPrefix(out.Text, "\ufeff") != text || out.Title != "A café opened" {
			t.Errorf("%s: %q titled %q", name, out.Text, out.Title)
		}
		if got := quotes(out); !slices.Equal(got, []string{"The café sold many cakes in 2004."}) {
			t.Errorf("%s: quotes %q", name, got)
		}
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	out := extract(t, "page.html", `<!doctype html><html><head><title>Robots at work | The Daily Example</title>
<meta property="article:published_time" content="2021-03-04T05:06:07Z"><link rel="canonical" href="https://example.org/robots">
<script>var x = "This script is not a sentence.";</script></head><body>
<nav><ul><li><a href="/">This link is not a sentence.</a></li></ul></nav>
<div class="cookie-banner cookie">This banner is not a sentence, really.</div>
<main><h1>Robots at work</h1><p>Robots&nbsp;lifted <b>nine</b> boxes
an hour. People lifted ten.</p><h2>Costs</h2><ul><li>Each robot cost a lot</li></ul>
<table><tr><th>Year</th><th>Robots</th></tr><tr><td>2020</td><td>12</td></tr></table>
<aside><p>This aside is not a sentence at all.</p></aside>
<p>`+strings.Repeat("More was said about robots here. ", 12)+`</p></main>
<footer><p>This footer is not a sentence at all.</p></footer></body></html>`)
	if out.Title != "Robots at work" || out.Year != 2021 || out.URL != "https://example.org/robots" {
		t.Errorf("%q %d %q", out.Title, out.Year, out.URL)
	}
	got := quotes(out)
	if want := []string{"Robots lifted nine boxes an hour.", "Each robot cost a lot"}; len(got) < 3 || !slices.Equal(got[:2], want) {
		t.Errorf("quotes %q, want first %q", got, want)
	}
	if strings.Contains(out.Text, "is not a sentence") {
		t.Errorf("what stands around the text is in it:\n%s", out.Text)
	}
	if !strings.Contains(out.Text, "| 2020 | 12 |") {
		t.Errorf("the table is not in the text:\n%s", out.Text)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, declared, content, want string }{
		{"a.md", "", "# T\n", Markdown},
		{"a.md", "text/plain; charset=utf-8", "# T\n", Markdown},
		{"a", "text/x-markdown", "# T\n", Markdown},
		{"https://example.org/table.csv?x=1.html", "", "a,b\n", CSV},
		{"a.csv", "application/vnd.ms-excel", "a,b\n", CSV},
		{"a.txt", "", "%PDF-1.7\n", PDF},
		{"page", "", "<!DOCTYPE html><p>x", HTML},
		{"a.docx", "", "PK\x03\x04", "application/zip"},
		{"a.png", "application/octet-stream", "\x89PNG\x0d\x0a\x1a\x0a", "image/png"},
	} {
		if got := DetectMediaType(test.name, test.declared, []byte(test.content)); got != test.want {
			t.Errorf("%+v gave %s", test, got)
		}
	}
}

func TestProblemsAreNamed(t *testing.T) {
	t.Parallel()
	e := NewExtractor(ExtractorOptions{Limits: Limits{Bytes: 1 << 20}})
	for name, test := range map[string]struct {
		content string
		want    Problem
	}{
		"empty.md":    {"", ProblemEmpty},
		"blank.txt":   {" \n\t\n", ProblemEmpty},
		"binary.csv":  {"a,b\x00\x01\n", ProblemNotText},
		"picture.png": {"\x89PNG\x0d\x0a\x1a\x0a", ProblemUnsupported},
		"large.md":    {strings.Repeat("x", 1<<20+1), ProblemTooLarge},
		"frame.html":  {"<html><body><script>x</script></body></html>", ProblemNoText},
		"deep.html":   {strings.Repeat("<div>", 100_000), ProblemMalformed},
	} {
		_, err := e.Extract(t.Context(), name, "", []byte(test.content))
		var unreadable *ReadError
		if !errors.As(err, &unreadable) || unreadable.Problem != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
			continue
		}
		if unreadable.Name != name || unreadable.Remedy == "" {
			t.Errorf("%s: %+v names no document or no remedy", name, unreadable)
		}
	}
}

func TestDeepMarkdownEnds(t *testing.T) {
	t.Parallel()
	out := extract(t, "deep.md", strings.Repeat("> - ", 5000)+"text\n\nA whole sentence follows here.\n")
	if got := quotes(out); !slices.Equal(got, []string{"A whole sentence follows here."}) {
		t.Errorf("quotes %q", got)
	}
}
