package documents

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits bound what one document may cost. Zero values mean the defaults.
type Limits struct {
	Bytes    int64 // of the original; 64 MB
	Text     int   // bytes of text taken from a document; 32 MB
	Pages    int   // of a PDF; 2000
	Scans    int   // pages of a PDF that are recognised from their pictures; 200
	Rows     int   // of a table; 1 000 000
	Cells    int   // of a table; 10 000 000
	Elements int   // of a page of HTML; 500 000
	Entries  int   // of an archive; 10 000
	Unpacked int64 // bytes an archive may unpack to; 256 MB
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
	fill(&l.Scans, 200)
	fill(&l.Cells, 10_000_000)
	fill(&l.Elements, 500_000)
	fill(&l.Entries, 10_000)
	if l.Unpacked <= 0 {
		l.Unpacked = 256 << 20
	}
	return l
}

// MaxBytes is the limit of the original that is in force.
func (l Limits) MaxBytes() int64 { return l.withDefaults().Bytes }

// Extracted is what was read from a document. All offsets in Segments are into
// Text. For Markdown, plain text and CSV in UTF-8, Text is the file itself.
type Extracted struct {
	Title     string
	Author    string // as the document gives it; empty when unknown
	Published string // YYYY-MM-DD, or as much of it as is known
	Year      int    // of publication; 0 when unknown
	URL       string // where it was published, when the document says so
	MediaType string
	Text      string // UTF-8
	Segments  []Segment
	Words     int
	Pages     int    // of a PDF, slides of a presentation
	Parts     []Part // what it holds that is a document of its own, and gaps
}

// Part is what a document holds that is a document of its own (a sheet, a
// table, an attachment), or what of it could not be read.
type Part struct {
	Name      string // no two parts of a document have the same
	Title     string // what stands over it; empty where its name is its title
	MediaType string // TSV for tables; as declared for attachments
	Data      []byte
	Gap       string // why it could not be read; Data is nil then
}

// Recognizer reads the text in a picture of a page. An error that is not the
// context's says why the picture could not be read.
type Recognizer interface {
	Recognize(ctx context.Context, page image.Image) (string, error)
}

// Extractor reads documents. Its zero value is not usable; make one with
// [NewExtractor]. It is safe for concurrent use.
type Extractor struct {
	limits Limits
	pdf    *pdfEngine
	heavy  chan struct{} // places for what takes much memory to read
}

// How long one document may be read (PDFs have a time of their own, and more of
// it where pages are recognised), and how many large ones at the same time.
const (
	readTimeout  = time.Minute
	heavyAtOnce  = 2
	heavyContent = 4 << 20
)

// ExtractorOptions configure an [Extractor].
type ExtractorOptions struct {
	Limits Limits
	// CacheDir keeps the compiled PDF engine between processes (about 20 MB).
	// Without it every process that reads more than a few PDF pages compiles
	// the engine again, which takes about four seconds.
	CacheDir string
	// PDFs is how many PDFs are read at the same time; 0 means 2.
	PDFs int
	// Scans reads pages of PDFs that are pictures. Without it they are gaps.
	Scans Recognizer
}

// NewExtractor makes an extractor. The PDF engine starts with the first PDF.
func NewExtractor(options ExtractorOptions) *Extractor {
	limits := options.Limits.withDefaults()
	return &Extractor{
		limits: limits, heavy: make(chan struct{}, heavyAtOnce),
		pdf: newPDFEngine(options.CacheDir, options.PDFs, limits, options.Scans),
	}
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
	out.Author = cleanTitle(out.Author)
	out.Title = cleanTitle(out.Title)
	if out.Title == "" {
		out.Title = TitleOf(name)
	}
	if out.Year == 0 {
		out.Year = yearIn(out.Published)
	}
	if out.Words == 0 {
		out.Words = countWords(out.Text)
	}
	return out, nil
}

// read reads a document within its time. What breaks its reader is damaged.
func (e *Extractor) read(ctx context.Context, name, mediaType string, data []byte) (out Extracted, err error) {
	if mediaType == PDF {
		return e.pdf.extract(ctx, name, data)
	}
	if len(data) > heavyContent || ofBytes(mediaType) || mediaType == Mail {
		select {
		case e.heavy <- struct{}{}:
			defer func() { <-e.heavy }()
		case <-ctx.Done():
			return Extracted{}, ctx.Err()
		}
	}
	limited, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	defer func() {
		if crash := recover(); crash != nil {
			out, err = Extracted{}, malformed(name, fmt.Errorf("it broke what reads it: %v", crash))
		}
	}()
	out, err = e.readType(limited, name, mediaType, data)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = tooSlow(name)
	}
	return out, err
}

func (e *Extractor) readType(ctx context.Context, name, mediaType string, data []byte) (Extracted, error) {
	switch mediaType {
	case HTML:
		return extractHTML(name, data, e.limits)
	case DOCX, XLSX, PPTX, EPUB:
		return e.extractArchive(ctx, name, mediaType, data)
	case Mail:
		return e.extractMail(name, data)
	case oleStorage:
		return Extracted{}, oleProblem(name, data)
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
		return extractMarkdown(text, e.limits), nil
	case Plain:
		return extractPlain(text), nil
	}
	return Extracted{Text: text}, nil
}

// TitleOf makes a title of a file's name, for documents that have no other.
func TitleOf(name string) string {
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
