package format_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/format"
)

// hostile are texts that would like to be more than text.
var hostile = []string{
	`<script>alert(1)</script>`, `[click](javascript:alert(1))`, `![x](http://a.example/x.png)`, "`code` and ``more``", "```\nfence", "# heading", "## heading ##",
	"- item", "+ item", "* item", "1. one", "2) two", "1.", "> quote", "| a | b |", "---", "***", "___", "===", ":--- | ---:", "*bold* **bold** _em_ __em__ ~~gone~~",
	`\*not\*`, `\`, "a\\\nb", "&lt;b&gt; &amp; &#60;", "<https://a.example>", "https://a.example/path", "www.a.example", "mail@a.example", "mailto:me@a.example",
	"[ref]: http://a.example", "[^1]", "<!-- comment -->", "<?php ?>", "<![CDATA[x]]>", "]]>", "</style><b>", "</title>", "{{.Title}}", "\x00\x07\u202ereversed", "\xff\xfe",
	"line one\n\nline two", "    indented", "\tindented", "trailing  ", "a | b", "$x^2$", `"onmouseover="alert(1)`, "' onload='x", "expression(alert(1))", "#12 @someone", ":smile:",
}

// everywhere is a document that has a text at every place for text.
func everywhere(s string) format.Document {
	sentence := format.Sentence{Text: s, References: []int{1}, Evidence: []string{s}}
	raw, _ := json.Marshal(map[string]string{s: s})
	return format.Document{
		Title: s, Language: s, Notice: s, Meta: []format.Field{{Label: s, Value: s}},
		Sections: []format.Section{{
			Heading:    s,
			Paragraphs: []format.Paragraph{{Sentences: []format.Sentence{sentence, {Text: s, Marked: true}}}, {List: true, Sentences: []format.Sentence{sentence}}},
			Tables:     []format.Table{{Caption: s, Columns: []string{s, s}, Rows: [][]string{{s, s}, {s}}}},
			Charts: []format.Chart{
				{Kind: "bar", Title: s, XLabel: s, YLabel: s, X: []string{s, s}, Y: []float64{1, 2}, Note: s},
				{Kind: s, Title: s, XLabel: s, YLabel: s, X: []string{s}, Y: []float64{1, 2, 3}},
			},
		}},
		References: []format.Reference{{
			Number: 1, Text: s, URI: s, Title: s, SHA256: s,
			Passages: []format.Passage{{ID: s, Quote: s, Computation: &tools.Computation{Tool: s, Input: raw, Result: raw}}},
		}},
	}
}

var (
	ownAnchor = regexp.MustCompile(`^<a id="ref-\d+">$|^</a>$`)
	webLink   = regexp.MustCompile(`(?i)^https?://[^/?#\s]`)
)

// checkMarkdown renders with all the extensions of GitHub and looks for
// anything that only a text can have brought.
func checkMarkdown(t *testing.T, document format.Document) {
	t.Helper()
	source := format.Markdown(document)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList)).Parser().Parse(text.NewReader(source))
	blocks := map[ast.NodeKind]int{}
	err := ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		blocks[node.Kind()]++
		switch node := node.(type) {
		case *ast.Link:
			if !strings.HasPrefix(string(node.Destination), "#ref-") {
				t.Errorf("a link to %q in\n%s", node.Destination, source)
			}
		case *ast.AutoLink:
			if uri := string(node.URL(source)); uri != document.References[0].URI || !webLink.MatchString(uri) {
				t.Errorf("a link to %q in\n%s", uri, source)
			}
		case *ast.RawHTML:
			if markup := string(node.Segments.Value(source)); !ownAnchor.MatchString(markup) {
				t.Errorf("markup %q in\n%s", markup, source)
			}
		case *ast.HTMLBlock, *ast.Image, *ast.CodeSpan, *ast.CodeBlock, *ast.ThematicBreak,
			*extast.Strikethrough, *extast.TaskCheckBox, *extast.FootnoteLink, *extast.DefinitionList:
			t.Errorf("%v in\n%s", node.Kind(), source)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[ast.NodeKind]int{ast.KindFencedCodeBlock: 2, extast.KindTable: 3, ast.KindHeading: 3, ast.KindBlockquote: 1}
	for kind, count := range want {
		if plainIsEmpty(document.Title) {
			break
		}
		if blocks[kind] != count {
			t.Errorf("%d of %v, want %d, in\n%s", blocks[kind], kind, count, source)
		}
	}
}

func plainIsEmpty(s string) bool { return strings.TrimSpace(strings.ToValidUTF8(s, "")) == "" }

var (
	elements = strings.Fields(`html head meta title style body main header h1 h2 dl div dt dd p section ul li ol span a table caption b
		thead tbody tr th td figure figcaption svg desc text line rect path circle details summary q`)
	attributes = strings.Fields(`lang charset http-equiv content name class role aria-labelledby aria-label id scope tabindex href title rel
		xmlns viewbox width height style x y x1 x2 y1 y2 cx cy r d rx text-anchor`)
)

// checkHTML looks for elements, attributes and addresses that only a text can
// have brought.
func checkHTML(t *testing.T, document format.Document) {
	t.Helper()
	page, err := format.HTML(document)
	if err != nil {
		t.Fatal(err)
	}
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			if err := tokens.Err(); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return
		}
		token := tokens.Token()
		if kind == html.CommentToken || (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && !slices.Contains(elements, token.Data) {
			t.Errorf("%q in the page", token)
		}
		for _, attribute := range token.Attr {
			if kind == html.DoctypeToken || kind == html.EndTagToken {
				continue
			}
			if !slices.Contains(attributes, strings.ToLower(attribute.Key)) {
				t.Errorf("attribute %q of %q in the page", attribute.Key, token.Data)
			}
			if attribute.Key == "href" && !strings.HasPrefix(attribute.Val, "#ref-") && !webLink.MatchString(attribute.Val) {
				t.Errorf("a link to %q in the page", attribute.Val)
			}
			if attribute.Key == "style" && strings.Contains(attribute.Val, "url(") {
				t.Errorf("style %q", attribute.Val)
			}
		}
	}
}

func checkSVG(t *testing.T, chart format.Chart) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(format.SVG(chart)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the image is not XML: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok && !slices.Contains(elements, start.Name.Local) {
			t.Errorf("<%s> in the image", start.Name.Local)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	for _, s := range hostile {
		t.Run(s, func(t *testing.T) {
			t.Parallel()
			document := everywhere(s)
			checkMarkdown(t, document)
			checkHTML(t, document)
			for _, chart := range document.Sections[0].Charts {
				checkSVG(t, chart)
			}
		})
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		document := everywhere(s)
		checkMarkdown(t, document)
		checkHTML(t, document)
		checkSVG(t, document.Sections[0].Charts[0])
	})
}

// What Markdown shows is the text itself, letter for letter.
func TestMarkdownShowsTextAsItStands(t *testing.T) {
	t.Parallel()
	for _, s := range hostile {
		want := strings.Join(strings.Fields(strings.Map(func(char rune) rune {
			if char < ' ' && char != '\n' && char != '\t' || char == '\u202e' {
				return -1
			}
			return char
		}, strings.ToValidUTF8(s, "\ufffd"))), " ")
		source := format.Markdown(format.Document{Title: "T", Sections: []format.Section{{
			Heading: "H", Paragraphs: []format.Paragraph{{Sentences: []format.Sentence{{Text: s}}}},
		}}})
		var page bytes.Buffer
		if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert(source, &page); err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(page.String(), "</h2>")
		body = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(body), "<p>"), "</p>")
		if got := html.UnescapeString(body); got != want {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
}
