package documents

import (
	"context"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits bound what one document may cost. Zero values mean the defaults.
type Limits struct {
	Bytes int64 // of the original; 64 MB
	Text  int   // bytes of text taken from HTML or PDF; 32 MB
	Pages int   // of a PDF; 2000
	Rows  int   // of a table; 1 000 000
	Cells int   // of a table; 10 000 000
}

func (l Limits) withDefaults() Limits {
	fill := func(value *int, otherwise int) {
		if *value <= 0 {
			*value = otherwise
		}
	}
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	fill(&l.Text, 32<<20)
	fill(&l.Pages, 2000)
	fill(&l.Rows, 1_000_000)
	fill(&l.Cells, 10_000_000)
	return l
}

// MaxBytes is the limit of the original that is in force.
func (l Limits) MaxBytes() int64 { return l.withDefaults().Bytes }

// Extracted is what was read from a document. All offsets in Segments are into
// Text. For Markdown, plain text and CSV in UTF-8, Text is the file itself.
type Extracted struct {
	Title     string
	Year      int    // of publication; 0 when unknown
	URL       string // where it was published, when the document says so
	MediaType string
	Text      string // UTF-8
	Segments  []Segment
	Words     int
	Pages     int // of a PDF
}

// Extractor reads documents. Its zero value is not usable; make one with
// [NewExtractor]. It is safe for concurrent use.
type Extractor struct {
	limits Limits
	pdf    *pdfEngine
}

// ExtractorOptions configure an [Extractor].
type ExtractorOptions struct {
	Limits Limits
	// CacheDir keeps the compiled PDF engine between processes (about 20 MB).
	// Without it every process that reads more than a few PDF pages compiles
	// the engine again, which takes about four seconds.
	CacheDir string
	// PDFs is how many PDFs are read at the same time; 0 means 2.
	PDFs int
}

// NewExtractor makes an extractor. The PDF engine starts with the first PDF.
func NewExtractor(options ExtractorOptions) *Extractor {
	limits := options.Limits.withDefaults()
	return &Extractor{limits: limits, pdf: newPDFEngine(options.CacheDir, options.PDFs, limits)}
}

// Close ends the PDF engine, if it was started.
func (e *Extractor) Close() error { return e.pdf.close() }

// Extract reads a document. The name (a path or URI) helps to find its type
// and stands in for a missing title; mediaType is what was declared, if
// anything. An error about the document itself is a [*ReadError].
func (e *Extractor) Extract(ctx context.Context, name, mediaType string, data []byte) (Extracted, error) {
	if int64(len(data)) > e.limits.Bytes {
		return Extracted{}, TooLarge(name, e.limits.Bytes)
	}
	if len(data) == 0 {
		return Extracted{}, empty(name)
	}
	detected := DetectMediaType(name, mediaType, data)
	out, err := e.read(ctx, name, detected, data)
	if err != nil {
		return Extracted{}, err
	}
	out.MediaType = detected
	out.Title = cleanTitle(out.Title)
	if out.Title == "" {
		out.Title = titleFromName(name)
	}
	if out.Words == 0 {
		out.Words = countWords(out.Text)
	}
	return out, nil
}

func (e *Extractor) read(ctx context.Context, name, mediaType string, data []byte) (Extracted, error) {
	switch mediaType {
	case PDF:
		return e.pdf.extract(ctx, name, data)
	case HTML:
		return extractHTML(name, data, e.limits)
	case Markdown, Plain, CSV, TSV:
	default:
		return Extracted{}, unsupported(name, mediaType)
	}
	text, err := decodeText(name, data)
	if err != nil {
		return Extracted{}, err
	}
	switch mediaType {
	case Markdown:
		return extractMarkdown(text), nil
	case Plain:
		return extractPlain(text), nil
	}
	return Extracted{Text: text}, nil
}

// titleFromName makes a title of a file's name.
func titleFromName(name string) string {
	name, _, _ = strings.Cut(name, "?")
	base := path.Base(strings.ReplaceAll(name, "\\", "/"))
	base = strings.TrimSuffix(base, path.Ext(base))
	words := strings.FieldsFunc(base, func(r rune) bool { return r == '_' || r == '-' || unicode.IsSpace(r) })
	title := []rune(strings.Join(words, " "))
	if len(title) > 0 {
		title[0] = unicode.ToUpper(title[0])
	}
	return string(title)
}

// maxTitleBytes bounds a title; the rest is cut at a word.
const maxTitleBytes = 300

func cleanTitle(title string) string {
	title = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(title, ""), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(title) <= maxTitleBytes {
		return title
	}
	cut := title[:maxTitleBytes]
	for !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	if space := strings.LastIndexByte(cut, ' '); space > 0 {
		cut = cut[:space]
	}
	return cut + "…"
}
