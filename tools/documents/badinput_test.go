package documents

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// Each of these is meant to take a reader's time or memory. None may take
// either, and each is refused by a name.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	e := NewExtractor(ExtractorOptions{Limits: Limits{Unpacked: 32 << 20, Cells: 1 << 20}}) // a bomb of 256 MB takes long to make
	defer e.Close()
	zeros := strings.Repeat("0", 10<<20)
	many := make([]string, 0, 40_000)
	for i := range 20_000 {
		many = append(many, fmt.Sprintf("word/document%d.xml", i), "x")
	}
	lying := docxOf(t, wp("", strings.Repeat("a lie ", 1<<20)))
	for _, test := range []struct {
		name string
		data func() []byte
		want []Problem // any of them
	}{
		{"bomb.docx", func() []byte { return docxOf(t, strings.Repeat(zeros, 4)) }, []Problem{ProblemTooLarge}},
		{"ratio.docx", func() []byte { return docxOf(t, strings.Repeat(zeros, 2)) }, []Problem{ProblemTooLarge, ProblemNoText}},
		{"entries.docx", func() []byte { return archiveOf(t, many...) }, []Problem{ProblemTooLarge}},
		{"sizes.docx", func() []byte { return understated(lying) }, []Problem{ProblemMalformed, ProblemTooLarge}},
		{"entities.docx", func() []byte {
			return archiveOf(t, "word/document.xml", `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><w:document xmlns:w="w"><w:p><w:t>&b;</w:t></w:p></w:document>`)
		}, []Problem{ProblemMalformed}},
		{"external.docx", func() []byte {
			return archiveOf(t, "word/document.xml", `<!DOCTYPE x SYSTEM "file:///etc/passwd"><w:document xmlns:w="w"><w:p><w:t>x</w:t></w:p></w:document>`)
		}, []Problem{ProblemMalformed}},
		{"deep.docx", func() []byte { return docxOf(t, strings.Repeat("<w:sdt>", 100_000)) }, []Problem{ProblemMalformed}},
		{"tables.docx", func() []byte { return docxOf(t, strings.Repeat("<w:tbl><w:tr><w:tc>", 50_000)) }, []Problem{ProblemMalformed}},
		{"cut.docx", func() []byte { return lying[:len(lying)/2] }, []Problem{ProblemMalformed, ProblemUnsupported}},
		{"wide.xlsx", func() []byte { return wideSheet(t) }, nil},
		{"bomb.xlsx", func() []byte {
			return archiveOf(t, "xl/workbook.xml", "<workbook/>", "xl/sharedStrings.xml", strings.Repeat(zeros, 4))
		}, []Problem{ProblemTooLarge}},
		{"broken.xlsx", func() []byte { return archiveOf(t, "xl/workbook.xml", "<workbook><sheets>") }, []Problem{ProblemMalformed, ProblemNoText}},
		{"encrypted.xlsx", func() []byte { return encryptedWorkbook(t) }, []Problem{ProblemEncrypted}},
		{"old.doc", func() []byte { return append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 4096)...) }, []Problem{ProblemUnsupported}},
		{"picture.docx", func() []byte { return []byte("\x89PNG\x0d\x0a\x1a\x0a and more") }, []Problem{ProblemUnsupported}},
		{"program.pdf", func() []byte { return append([]byte("MZ\x90\x00"), make([]byte, 4096)...) }, []Problem{ProblemMalformed, ProblemUnsupported, ProblemNotText}},
		{"spine.epub", func() []byte { return archiveOf(t, "META-INF/container.xml", `<rootfile full-path="gone.opf"/>`) }, []Problem{ProblemMalformed}},
		{"nested.eml", func() []byte { return nestedMail(2000) }, []Problem{ProblemTooLarge}},
		{"line.csv", func() []byte { return []byte("a,b\n" + strings.Repeat("x", 10<<20) + ",1\n") }, []Problem{ProblemTooLarge}},
		{"cells.csv", func() []byte { return []byte(strings.Repeat("1,", 5<<20)) }, []Problem{ProblemTooLarge}},
		{"quotes.csv", func() []byte { return []byte("a,b\n" + strings.Repeat(`"a,`, 10<<20/3)) }, []Problem{ProblemTooLarge}},
	} {
		data := test.data()
		started, before := time.Now(), totalAlloc()
		_, err := e.Extract(t.Context(), test.name, "", data)
		if strings.HasSuffix(test.name, ".csv") {
			_, err = ReadTable(TableSource{URI: test.name, Text: string(data)}, Limits{})
		}
		took, taken := time.Since(started), totalAlloc()-before
		t.Logf("%s (%d kB): %v in %s, %d MB", test.name, len(data)>>10, err, took.Round(time.Millisecond), taken>>20)
		if took > 20*time.Second {
			t.Errorf("%s took %s", test.name, took)
		}
		if err == nil && test.want == nil {
			continue
		}
		var unreadable *ReadError
		if !errors.As(err, &unreadable) || test.want != nil && !oneOf(unreadable.Problem, test.want) || unreadable.Name != test.name || unreadable.Remedy == "" {
			t.Errorf("%s: %v, want one of %q", test.name, err, test.want)
		}
	}
}

func oneOf(problem Problem, wanted []Problem) bool {
	for _, p := range wanted {
		if p == problem {
			return true
		}
	}
	return false
}

func totalAlloc() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// understated gives an archive whose directory says of every entry that it
// unpacks to ten bytes.
func understated(data []byte) []byte {
	data = bytes.Clone(data)
	for at := 0; ; at += 46 {
		next := bytes.Index(data[at:], []byte("PK\x01\x02"))
		if next < 0 {
			return data
		}
		at += next
		binary.LittleEndian.PutUint32(data[at+24:], 10)
	}
}

// wideSheet is a sheet whose rows have one cell each, in the last column there
// can be: empty ones before it would take gigabytes.
func wideSheet(t *testing.T) []byte {
	t.Helper()
	data := workbook(t, func(book *excelize.File) error { return book.SetCellValue("Sheet1", "A1", "x") })
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for _, file := range reader.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(content); err != nil {
			t.Fatal(err)
		}
		entry := text.String()
		if file.Name == "xl/worksheets/sheet1.xml" {
			var rows strings.Builder
			for i := range 1000 {
				fmt.Fprintf(&rows, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i+1, i+1)
			}
			entry = `<worksheet><sheetData>` + rows.String() + `</sheetData></worksheet>`
		}
		entries = append(entries, file.Name, entry)
	}
	return archiveOf(t, entries...)
}

func encryptedWorkbook(t *testing.T) []byte {
	t.Helper()
	book := excelize.NewFile()
	var out bytes.Buffer
	if err := book.Write(&out, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func nestedMail(depth int) []byte {
	var out strings.Builder
	out.WriteString("From: a@example.org\r\nSubject: x\r\n")
	for i := range depth {
		fmt.Fprintf(&out, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	return []byte(out.String())
}

// A name that lies is not believed where the content says what it is.
func TestContentIsBelievedBeforeNames(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"report.txt":  string(docxOf(t, wp("", "Whole sentences are found inside of it."))),
		"report.xlsx": string(docxOf(t, wp("", "Whole sentences are found inside of it."))),
		"page.docx":   "<html><body><p>Whole sentences are found inside of it.</p></body></html>",
		"notes.xlsx":  "A title\n\nWhole sentences are found inside of it.\n",
	} {
		if got := quotes(extract(t, name, content)); len(got) == 0 || got[0] != "Whole sentences are found inside of it." {
			t.Errorf("%s: quotes %q", name, got)
		}
	}
}

// What a PDF says of its own length and pages is not believed.
func TestPDFsThatLie(t *testing.T) {
	t.Parallel()
	e := newExtractor(t)
	honest := makePDF("", []string{"This is a line of text that is long enough.", "And this is another of them."})
	for name, lie := range map[string]func([]byte) []byte{
		"stream length": func(pdf []byte) []byte { return bytes.ReplaceAll(pdf, []byte("/Length "), []byte("/Length 9999999")) },
		"page count":    func(pdf []byte) []byte { return bytes.ReplaceAll(pdf, []byte("/Count 1"), []byte("/Count 900000000")) },
		"truncated":     func(pdf []byte) []byte { return pdf[:len(pdf)*2/3] },
		"xref": func(pdf []byte) []byte {
			return bytes.ReplaceAll(pdf, []byte("startxref"), []byte("startxref\n99999999999 %"))
		},
	} {
		started := time.Now()
		out, err := e.Extract(t.Context(), "lie.pdf", "", lie(bytes.Clone(honest)))
		var unreadable *ReadError
		if err != nil && !errors.As(err, &unreadable) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		}
		t.Logf("%s: %v, %d words, gaps %+v", name, err, out.Words, out.Parts)
	}
}
