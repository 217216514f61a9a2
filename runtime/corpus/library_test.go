package corpus_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/toolstest"
)

// abstracts are real texts where they are there, and made ones of the same
// length where not; with questions about them.
func abstracts(tb testing.TB) (texts, questions []string) {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(toolstest.Root(tb), "..", "shared", "data", "pubmedqa", "dev.json"))
	if err != nil {
		return madeTexts()
	}
	var read map[string]struct {
		Question string   `json:"QUESTION"`
		Contexts []string `json:"CONTEXTS"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		tb.Fatal(err)
	}
	for _, id := range slices.Sorted(maps.Keys(read)) {
		texts, questions = append(texts, strings.Join(read[id].Contexts, "\n\n")), append(questions, read[id].Question)
	}
	return texts, questions
}

func madeTexts() (texts, questions []string) {
	word := func(n int) string {
		n = n * n % 20_011
		return string(rune('a'+n%26)) + string(rune('a'+n/26%26)) + string(rune('a'+n/676%26)) + "ing"
	}
	for i := range 500 {
		var text strings.Builder
		for j := range 12 {
			fmt.Fprintf(&text, "In ward %d", i)
			for k := range 16 {
				text.WriteString(" " + word(i*31+j*17+k*(i%7+1)))
			}
			text.WriteString(". ")
		}
		texts = append(texts, text.String())
		questions = append(questions, "What of "+word(i*31)+" and "+word(i*31+17)+" in ward "+fmt.Sprint(i)+"?")
	}
	return texts, questions
}

// chapters are about so many bytes of text in parts with a heading each. No two
// documents have the same.
func chapters(texts []string, document, size int) []string {
	var all []string
	for n, i := 0, 0; n < size; i++ {
		text := texts[(document*37+i)%len(texts)]
		all = append(all, text)
		n += len(text)
	}
	return all
}

// library makes documents of many formats, about so many bytes in all, by name.
func library(tb testing.TB, documents, size int) map[string]string {
	tb.Helper()
	texts, _ := abstracts(tb)
	formats := []struct {
		ending string
		share  int // of 30
		write  func(testing.TB, string, []string) string
	}{
		{"md", 7, markdownOf},
		{"txt", 4, plainOf},
		{"html", 6, htmlOf},
		{"docx", 6, docxOf},
		{"epub", 2, epubOf},
		{"eml", 2, emlOf},
		{"pdf", 2, pdfOf},
		{"csv", 1, csvOf},
	}
	files := map[string]string{}
	for i := range documents {
		at := i % 30
		for _, f := range formats {
			if at -= f.share; at < 0 {
				files[fmt.Sprintf("%s/%04d.%s", f.ending, i, f.ending)] = f.write(tb, fmt.Sprintf("Volume %d", i), chapters(texts, i, size/documents))
				break
			}
		}
	}
	return files
}

func markdownOf(_ testing.TB, title string, parts []string) string {
	var out strings.Builder
	out.WriteString("# " + title + "\n\n")
	for i, part := range parts {
		fmt.Fprintf(&out, "## Part %d\n\n%s\n\n", i+1, part)
	}
	return out.String()
}

func plainOf(_ testing.TB, title string, parts []string) string {
	return title + "\n\n" + strings.Join(parts, "\n\n")
}

func htmlOf(_ testing.TB, title string, parts []string) string {
	var out strings.Builder
	out.WriteString("<!doctype html><html><head><title>" + title + "</title></head><body><main><h1>" + title + "</h1>")
	for i, part := range parts {
		fmt.Fprintf(&out, "<h2>Part %d</h2><p>%s</p>", i+1, strings.ReplaceAll(html.EscapeString(part), "\n\n", "</p><p>"))
	}
	return out.String() + "</main></body></html>"
}

func archiveOf(tb testing.TB, entries ...string) string {
	tb.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(entries); i += 2 {
		entry, err := w.Create(entries[i])
		if err == nil {
			_, err = entry.Write([]byte(entries[i+1]))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

func docxOf(tb testing.TB, title string, parts []string) string {
	tb.Helper()
	var out strings.Builder
	out.WriteString(`<w:document xmlns:w="w"><w:body><w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr><w:r><w:t>` + title + `</w:t></w:r></w:p>`)
	for i, part := range parts {
		fmt.Fprintf(&out, `<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Part %d</w:t></w:r></w:p>`, i+1)
		for paragraph := range strings.SplitSeq(part, "\n\n") {
			for sentence := range strings.SplitAfterSeq(paragraph, ". ") {
				out.WriteString(`<w:r><w:rPr><w:lang w:val="en"/></w:rPr><w:t xml:space="preserve">` + html.EscapeString(sentence) + `</w:t></w:r>`)
			}
		}
	}
	text := strings.ReplaceAll(out.String(), "</w:r><w:r><w:rPr>", "</w:r></w:p><w:p><w:r><w:rPr>")
	text = strings.ReplaceAll(text, "</w:p><w:r>", "</w:p><w:p><w:r>")
	text = strings.ReplaceAll(text, "</w:r><w:p>", "</w:r></w:p><w:p>")
	return archiveOf(tb, "word/document.xml", text+`</w:p></w:body></w:document>`)
}

func epubOf(tb testing.TB, title string, parts []string) string {
	tb.Helper()
	return archiveOf(
		tb, "mimetype", "application/epub+zip", "META-INF/container.xml", `<container><rootfile full-path="b.opf"/></container>`,
		"b.opf", `<package><title>`+title+`</title><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/><itemref idref="a"/></package>`,
		"a.xhtml", htmlOf(tb, title, parts),
	)
}

func emlOf(tb testing.TB, title string, parts []string) string {
	tb.Helper()
	return "From: Ada Example <ada@example.org>\r\nSubject: " + title + "\r\nDate: Tue, 4 May 2021 10:00:00 +0200\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
		strings.ReplaceAll(plainOf(tb, title, parts), "\n", "\r\n")
}

func csvOf(_ testing.TB, title string, parts []string) string {
	var out strings.Builder
	out.WriteString("part,bytes,said in " + title + "\n")
	for i, part := range parts {
		fmt.Fprintf(&out, "%d,%d,%q\n", i+1, len(part), strings.Join(strings.Fields(strings.ReplaceAll(part, `"`, "'")), " "))
	}
	return out.String()
}

// pdfOf sets the text in lines of 95 characters, 60 to a page.
func pdfOf(_ testing.TB, title string, parts []string) string {
	var lines []string
	for i, part := range append([]string{title}, parts...) {
		if i > 0 {
			lines = append(lines, "", fmt.Sprintf("Part %d", i), "")
		}
		line := ""
		for word := range strings.FieldsSeq(part) {
			if len(line)+len(word) > 95 {
				lines, line = append(lines, line), ""
			}
			line += word + " "
		}
		lines = append(lines, line)
	}
	escape := strings.NewReplacer("(", `\(`, ")", `\)`, `\`, `\\`)
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"}
	var kids []string
	for page := range slices.Chunk(lines, 60) {
		var content strings.Builder
		for i, line := range page {
			ascii := strings.Map(func(r rune) rune {
				if r > '~' {
					return '?'
				}
				return r
			}, line)
			fmt.Fprintf(&content, "BT /F1 10 Tf 40 %d Td (%s) Tj ET\n", 800-13*i, escape.Replace(ascii))
		}
		kids = append(kids, fmt.Sprintf("%d 0 R", len(objects)+1))
		objects = append(objects,
			fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>", len(objects)+2),
			fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", content.Len(), content.String()))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(kids), strings.Join(kids, " "))
	var pdf strings.Builder
	pdf.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = pdf.Len()
		fmt.Fprintf(&pdf, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := pdf.Len()
	fmt.Fprintf(&pdf, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&pdf, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&pdf, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return pdf.String()
}
