package format_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools/format"
)

// tracked is the sample with everything that only a DOCX shows.
func tracked() format.Document {
	when := time.Date(2025, 3, 14, 9, 30, 0, 0, time.UTC)
	document := sample()
	document.Created = when
	document.Changes = []format.Change{
		{
			Kind: format.ChangeReplaced, Section: "Executive summary", Author: "Quaestor writer", Date: when, Reason: "The share is 76.1 % in Table 1.",
			Before: "Radiology accounts for most of the devices.", After: "Radiology accounts for three of four devices.",
		},
		{Kind: format.ChangeAdded, Section: "Executive summary", After: "Few devices report how they were validated.", Author: "Quaestor writer", Date: when},
		{Kind: format.ChangeRemoved, Section: "Where they are used", Before: "Hospitals are content.", Author: "Quaestor writer", Date: when},
		{Kind: format.ChangeRemoved, Section: "Outlook", Before: "It will go on.", Author: "Quaestor writer", Date: when},
	}
	document.Comments = []format.Comment{
		{Section: "Growth of clearances", Sentence: "The growth is expected to continue.", Author: "Anna Partner", Date: when, Text: "Says who?\nCut it."},
		{Author: "Anna Partner", Text: "Nearly there."},
	}
	return document
}

func docx(t testing.TB, document format.Document) map[string]string {
	t.Helper()
	data, err := format.DOCX(document)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, file := range archive.File {
		opened, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(opened)
		if err != nil {
			t.Fatal(err)
		}
		parts[file.Name] = string(content)
	}
	return parts
}

// checkPackage looks for what makes a word processor offer a repair: XML that is
// not well-formed, links between parts that lead nowhere, ids that are there
// twice or that nothing has.
func checkPackage(t *testing.T, parts map[string]string) {
	t.Helper()
	for name, part := range parts {
		if strings.HasSuffix(name, ".png") {
			continue
		}
		decoder := xml.NewDecoder(strings.NewReader(part))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	body := parts["word/document.xml"]
	relations := map[string]bool{}
	for _, link := range regexp.MustCompile(`<Relationship Id="([^"]+)" Type="[^"]+" Target="([^"]+)"( TargetMode="External")?/>`).FindAllStringSubmatch(parts["word/_rels/document.xml.rels"], -1) {
		if relations[link[1]] {
			t.Errorf("two relations have the id %s", link[1])
		}
		relations[link[1]] = true
		if _, ok := parts[path.Join("word", link[2])]; !ok && link[3] == "" {
			t.Errorf("a relation leads to %s, which is not there", link[2])
		}
	}
	for _, used := range regexp.MustCompile(`r:(?:id|embed)="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if !relations[used[1]] {
			t.Errorf("the relation %s is not there", used[1])
		}
	}
	unique(t, body, `<w:(?:ins|del|bookmarkStart) w:id="(\d+)"`)
	names := unique(t, body, `<w:bookmarkStart w:id="\d+" w:name="([^"]+)"`)
	for _, anchor := range regexp.MustCompile(`w:anchor="([^"]+)"`).FindAllStringSubmatch(body+parts["word/footnotes.xml"], -1) {
		if !names[anchor[1]] {
			t.Errorf("nothing has the name %s", anchor[1])
		}
	}
	same(t, "footnotes", unique(t, body, `<w:footnoteReference w:id="(\d+)"`), unique(t, strings.ReplaceAll(parts["word/footnotes.xml"], `w:id="0"`, ""), `<w:footnote w:id="(\d+)"`))
	same(t, "comments", unique(t, body, `<w:commentReference w:id="(\d+)"`), unique(t, parts["word/comments.xml"], `<w:comment w:id="(\d+)"`))
}

func unique(t *testing.T, text, pattern string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		if found[match[1]] {
			t.Errorf("%s is there twice (%s)", match[1], pattern)
		}
		found[match[1]] = true
	}
	return found
}

func same(t *testing.T, what string, a, b map[string]bool) {
	t.Helper()
	if len(a) != len(b) {
		t.Errorf("%s: %d are used and %d are there", what, len(a), len(b))
	}
	for id := range a {
		if !b[id] {
			t.Errorf("%s: %s is not there", what, id)
		}
	}
}

// visible is the text of a part with its changes accepted or rejected.
func visible(part string, accept bool) string {
	drop := "ins"
	if accept {
		drop = "del"
	}
	part = regexp.MustCompile(`<w:`+drop+` [^>]*[^/]>.*?</w:`+drop+`>`).ReplaceAllString(part, "")
	part = strings.ReplaceAll(part, "</w:p>", "\n")
	part = regexp.MustCompile(`<w:instrText.*?</w:instrText>|<[^>]*>`).ReplaceAllString(part, "")
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`).Replace(part)
}

func TestDOCX(t *testing.T) {
	t.Parallel()
	parts := docx(t, tracked())
	checkPackage(t, parts)
	contains(t, "the text", []byte(parts["word/document.xml"]),
		`<w:pStyle w:val="Heading1"/>`, `w:author="Quaestor writer" w:date="2025-03-14T09:30:00Z"><w:r><w:delText xml:space="preserve">most </w:delText>`,
		`<w:tblHeader/>`, `TOC \o "1-1"`, `descr="Line chart of Devices by Year of decision`, `r:embed="rId`)
	contains(t, "the footnotes", []byte(parts["word/footnotes.xml"]), "“Of the devices studied, few reported a prospective test.”", `w:anchor="ref_2"`, "page 7, bytes")
	contains(t, "the comments", []byte(parts["word/comments.xml"]), `w:author="Anna Partner" w:date="2025-03-14T09:30:00Z" w:initials="AP"`, "Says who?", "Cut it.", "Nearly there.", "The share is 76.1 % in Table 1.")
	contains(t, "the properties", []byte(parts["docProps/core.xml"]), "<dc:title>How machine learning reaches the bedside</dc:title>", "2025-03-14T09:30:00Z")
	contains(t, "the settings", []byte(parts["word/settings.xml"]), "<w:trackRevisions/>")
	if strings.Contains(docx(t, sample())["word/settings.xml"], "trackRevisions") {
		t.Error("a document without changes tracks them")
	}
}

// Who accepts all changes has the report, who rejects them the draft before.
func TestChangesAreAcceptedOrRejected(t *testing.T) {
	t.Parallel()
	body := docx(t, tracked())["word/document.xml"]
	accepted, rejected := visible(body, true), visible(body, false)
	contains(t, "the report", []byte(accepted), "Radiology accounts for three of four devices.\n", "Few devices report how they were validated.")
	contains(t, "the draft before", []byte(rejected), "Radiology accounts for most of the devices.\n", "Hospitals are content.", "Outlook", "It will go on.")
	for _, gone := range []string{"most of", "Hospitals are content", "Outlook"} {
		if strings.Contains(accepted, gone) {
			t.Errorf("the report has %q", gone)
		}
	}
	for _, added := range []string{"three of four devices", "Few devices report how"} {
		if strings.Contains(rejected, added) {
			t.Errorf("the draft before has %q", added)
		}
	}
}

func TestHostileTextInDOCXAndPDF(t *testing.T) {
	t.Parallel()
	texts := append([]string{"", strings.Repeat("x", 5000), strings.Repeat("word ", 3000), "漢字 العربية 😀 עברית", "e\u0301\u0302"}, hostile...)
	for group := range slices.Chunk(texts, 9) {
		document := everywhere(group[0])
		for i, text := range group {
			other := everywhere(text)
			if i > 0 { // a chart takes its time
				other.Sections[0].Charts = nil
				other.References[0].Number = i + 1
				document.Sections = append(document.Sections, other.Sections...)
				document.References = append(document.References, other.References...)
			}
			document.Changes = append(document.Changes,
				format.Change{Kind: "replaced", Section: text, Before: text + " before", After: text, Author: text, Reason: text}, format.Change{Kind: text, Section: "x" + text, Before: text})
			document.Comments = append(document.Comments, format.Comment{Section: text, Sentence: text, Author: text, Text: text})
		}
		checkPackage(t, docx(t, document))
		if _, err := format.PDF(document); err != nil {
			t.Errorf("%.40q: %v", group, err)
		}
	}
}

func TestOfficeFormsAreDeterministic(t *testing.T) {
	t.Parallel()
	for name, render := range map[string]func(format.Document) ([]byte, error){"PDF": format.PDF, "DOCX": format.DOCX} {
		first, err := render(tracked())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if again, err := render(tracked()); err != nil || !bytes.Equal(first, again) {
				t.Errorf("the %s differs, %v", name, err)
			}
		}
	}
}

// run runs a program that may not be there.
func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	found, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	out, err := exec.CommandContext(t.Context(), found, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// flat puts a text on one line, so that breaks of lines do not count.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestWordsOfThePDFAreReadBack(t *testing.T) {
	t.Parallel()
	document := tracked()
	document.Sections[0].Paragraphs[0].Sentences[0].Text = "Größe, Łódź, ΑΒΓ αβγ, Привет, mdθ², x ≤ 5 → y; Tiếng Việt; 漢字 and العربية."
	data, err := format.PDF(document)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "report.pdf", data)
	text := flat(run(t, "pdftotext", "-layout", file, "-"))
	contains(t, "the PDF", []byte(text),
		"How machine learning reaches the bedside", "Notice: Written without a language model", "Contents", "Page 1 of",
		"Größe, Łódź, ΑΒΓ αβγ, Привет, mdθ², x ≤ 5 → y; Tiếng Việt; □□ and □□□□□□□.",
		"The fonts of this PDF lack 9 characters of the report (Arabic, Han), shown as □.",
		"The growth is expected to continue. [unsupported]", "Figure 2. Devices by panel of review [1]", "Gastroenterology and urology 14 1.6% 12 2016",
		"[1] List of cleared devices (2024). https://data.example.org/devices.csv", "“671 of 882 devices in radiology”", "Mann-Kendall",
	)
	about := run(t, "pdfinfo", file)
	contains(t, "the properties", []byte(about), "How machine learning reaches the bedside", "Quaestor", "Mar 14", "2025", "A4")
}

// The contents name the page on which each heading stands.
func TestContentsNameThePages(t *testing.T) {
	t.Parallel()
	document := sample()
	for range 60 {
		document.Sections[1].Paragraphs = append(document.Sections[1].Paragraphs, format.Paragraph{Sentences: []format.Sentence{{Text: strings.Repeat("Many words fill many pages. ", 12)}}})
	}
	data, err := format.PDF(document)
	if err != nil {
		t.Fatal(err)
	}
	pages := strings.Split(run(t, "pdftotext", "-layout", write(t, "report.pdf", data), "-"), "\f")
	for _, heading := range []string{"Executive summary", "Growth of clearances", "Where they are used", "References"} {
		entry := regexp.MustCompile(heading + ` +(\d+)\n`).FindStringSubmatch(pages[0])
		if entry == nil {
			t.Fatalf("the contents lack %q:\n%s", heading, pages[0])
		}
		for i, page := range pages {
			if regexp.MustCompile(`(?m)^ *`+heading+`$`).MatchString(page) && entry[1] != string(rune('1'+i)) {
				t.Errorf("%q is on page %d, and the contents say %s", heading, i+1, entry[1])
			}
		}
	}
}

func TestTablesThatAreTooWideOrTooLong(t *testing.T) {
	t.Parallel()
	table := format.Table{Caption: "All of it", Columns: []string{"Name"}}
	for i := range 30 {
		table.Columns = append(table.Columns, "Column"+string(rune('A'+i%26)))
	}
	for range 90 {
		row := []string{"A name that is rather long for its column"}
		for range 30 {
			row = append(row, "12345.67")
		}
		table.Rows = append(table.Rows, row)
	}
	table.Rows[3][1] = strings.Repeat("Endlesslylong", 300)
	table.Rows[89][30] = "LASTCELL"
	document := format.Document{Title: "T", Sections: []format.Section{{Heading: "H", Tables: []format.Table{table}}}}
	data, err := format.PDF(document)
	if err != nil {
		t.Fatal(err)
	}
	checkPackage(t, docx(t, document))
	text := run(t, "pdftotext", "-layout", write(t, "report.pdf", data), "-")
	if pages := strings.Count(text, "\f"); pages < 6 || pages > 60 {
		t.Errorf("%d pages", pages)
	}
	contains(t, "the table", []byte(strings.Join(strings.Fields(text), "")), "LASTCELL")
}

// LibreOffice reads the DOCX: with its changes shown, with its changes accepted
// as text, and back as DOCX with the changes it understood.
func TestLibreOfficeReadsTheDOCX(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("LibreOffice takes seconds")
	}
	data, err := format.DOCX(tracked())
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "report.docx", data)
	out := t.TempDir()
	for _, target := range []string{"pdf", "odt"} {
		run(t, "soffice", "-env:UserInstallation=file://"+filepath.Join(out, "profile"), "--headless", "--convert-to", target, "--outdir", out, file)
	}
	text := flat(run(t, "pdftotext", "-layout", filepath.Join(out, "report.pdf"), "-"))
	contains(t, "LibreOffice's PDF", []byte(text), "How machine learning reaches the bedside", "Radiology accounts for most three of the four devices.", "Hospitals are content.",
		"Few devices report how they were validated.", "“Of the devices studied, few reported a prospective test.”", "Gastroenterology and urology", "Page 1 of")
	archive, err := zip.OpenReader(filepath.Join(out, "report.odt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	opened, err := archive.Open("content.xml")
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "LibreOffice's reading", content, "<text:tracked-changes", "<text:insertion>", "<text:deletion>", "<dc:creator>Quaestor writer</dc:creator>",
		"<dc:date>2025-03-14T09:30:00</dc:date>", "<office:annotation", "<dc:creator>Anna Partner</dc:creator>", `text:note-class="footnote"`, "draw:image", `text:style-name="Heading_20_1"`)
	if insertions := bytes.Count(content, []byte("<text:insertion>")); insertions < 3 {
		t.Errorf("%d insertions", insertions)
	}
}

// A style that cites by author prints labels in place of numbers, and they lead
// to the same references.
func TestLabelsInPlaceOfNumbers(t *testing.T) {
	t.Parallel()
	document := sample()
	for i, label := range []string{"FDA, 2024", "Ray, 2022", "Lee, n.d.", "Hospital <b>, 2023"} {
		document.References[i].Label = label
	}
	document.References[1].Text = "Ray, A. (2022). Validation. https://doi.org/10.1000/x"
	page, err := format.HTML(document)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "the page", page, `(<a href="#ref-1-2" title="671 of 882 devices in radiology">FDA, 2024</a>; <a href="#ref-2-1"`, `Hospital &lt;b&gt;, 2023</a>)`, `<a href="https://doi.org/10.1000/x"`)
	contains(t, "the Markdown", format.Markdown(document), "([FDA, 2024](#ref-1); [Ray, 2022](#ref-2))", `<a id="ref-2"></a>Ray, A. (2022). Validation. <https://doi.org/10.1000/x>`)
	parts := docx(t, document)
	checkPackage(t, parts)
	contains(t, "the DOCX", []byte(visible(parts["word/document.xml"], true)), "three of four devices. (FDA, 2024; Ray, 2022)")
}
