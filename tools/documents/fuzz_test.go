package documents

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkExtracted fails when offsets do not lie in the text, in order and on
// whole characters, or when a passage quotes anything but a part of a block.
func checkExtracted(t *testing.T, out Extracted) {
	t.Helper()
	last := 0
	for _, segment := range out.Segments {
		if len(segment.Blocks) == 0 {
			t.Errorf("segment %q is empty", segment.Heading)
		}
		for _, block := range segment.Blocks {
			if block.Start < last || block.Start >= block.End || block.End > len(out.Text) {
				t.Fatalf("block %+v after %d in a text of %d", block, last, len(out.Text))
			}
			if text := out.Text[block.Start:block.End]; utf8.ValidString(out.Text) && !utf8.ValidString(text) {
				t.Errorf("block %+v cuts a character", block)
			}
			last = block.End
		}
	}
	for _, passage := range Passages(out.Text, out.Segments) {
		if passage.Start >= passage.End || passage.End > len(out.Text) {
			t.Fatalf("passage %+v", passage)
		}
		at := passage.Start
		for _, sentence := range passage.Sentences {
			if sentence.Start < at || sentence.End > passage.End {
				t.Fatalf("sentence %+v of passage %+v", sentence, passage)
			}
			at = sentence.End
			if text := out.Text[sentence.Start:sentence.End]; strings.TrimSpace(text) != text || text == "" {
				t.Errorf("sentence %q", text)
			}
		}
	}
}

// fuzzExtract feeds an extractor with documents of one type.
func fuzzExtract(f *testing.F, name string) {
	f.Helper()
	e := NewExtractor(ExtractorOptions{})
	f.Cleanup(func() {
		if err := e.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := e.Extract(t.Context(), name, "", data)
		var unreadable *ReadError
		if err != nil && !errors.As(err, &unreadable) {
			t.Fatal(err)
		}
		if err == nil {
			checkExtracted(t, out)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	f.Add([]byte("---\ntitle: T\nyear: 2001\n---\n\n# H\n\nOne. Two.\n\n- a b c\n  - d\n\n| x |\n|---|\n| 1 |\n\n> q\n\n```\ncode\n```\n"))
	f.Add([]byte("\xef\xbb\xbf+++\ntitle = \"T\"\n+++\r\n\r\nText *here*\r\nand there.\r\n===\r\n"))
	fuzzExtract(f, "a.md")
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("Title\n=====\n\nOne line\nand two.\n\n* item one here\n1. item two here\n\nA heading\n\nMore."))
	f.Add([]byte("\xff\xfeA\x00.\x00"))
	f.Add([]byte("caf\xe9 na\xefve."))
	fuzzExtract(f, "a.txt")
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte("<title>T</title><nav>n</nav><main><h1>H</h1><p>One.<br>Two.<ul><li>a<li>b</ul><table><tr><td>1<td>2</table></main>"))
	f.Add([]byte("<meta charset=utf-16><p>x<script>y</script><pre>z</pre><table><p>q"))
	fuzzExtract(f, "a.html")
}

func FuzzPDF(f *testing.F) {
	f.Add(makePDF("", []string{"A line of text that is long enough.", "And another."}))
	f.Add([]byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj trailer<</Root 1 0 R>>"))
	fuzzExtract(f, "a.pdf")
}

func FuzzTable(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n3,4\n", "a;b\n\"x\ny\";1,5\n", "x\ty\n01/02/2003\t5%\n", "a,b\n\"unclosed,1\n2,3\n", "title\n\na|b|c\n1|2|3\n1|2\n",
		"\ufeffa,a,\n$1,\"1,234\",(5)\n", "\"\"\"\",\"\"\r\r\n,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ReadTable(TableSource{Text: text}, Limits{Rows: 1000, Cells: 10_000})
		var unreadable *ReadError
		if err != nil {
			if !errors.As(err, &unreadable) {
				t.Fatal(err)
			}
			return
		}
		if header := table.Header; text[header.Start:header.End] != header.Quote {
			t.Errorf("header %+v", header)
		}
		names := map[string]bool{}
		for _, column := range table.Columns {
			if len(column.Text) != table.Rows || column.Numbers != nil && len(column.Numbers) != table.Rows || column.Dates != nil && len(column.Dates) != table.Rows {
				t.Errorf("column %+v of %d rows", column, table.Rows)
			}
			if names[column.Name] {
				t.Errorf("two columns are named %q", column.Name)
			}
			names[column.Name] = true
		}
		Profile(table, text)
	})
}

func FuzzSentences(f *testing.F) {
	f.Add("It fell (P < 0.05). See Fig. 2 [3] and e.g. Smith et al. (2004). J. R. Doe said “so.” 12. Then?")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		at := 0
		for _, span := range splitSentences(text) {
			if span.Start < at || span.Start >= span.End || span.End > len(text) || !utf8.ValidString(text[span.Start:span.End]) {
				t.Fatalf("span %+v after %d in %q", span, at, text)
			}
			at = span.End
		}
	})
}
