package documents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The PDF engine is PDFium as WebAssembly, without access to files. Compiling
// it takes about four seconds and a page then a few milliseconds; interpreting
// it starts in a third of a second and takes about 0.2 s for a page. So the
// first pages of a process are interpreted, and the engine is compiled when
// there are more, or when its compiled form is already in the cache folder.
const (
	interpretedPages = 12
	pdfTimeout       = 2 * time.Minute
	pdfMemoryPages   = 8192 // of 64 kB: half a gigabyte for one PDF at most
)

type pdfEngine struct {
	limits   Limits
	cacheDir string
	slots    chan struct{}

	mu          sync.Mutex
	interpreted pdfium.Pool
	compiled    pdfium.Pool
	pages       int // read by interpretation
	closed      bool
}

func newPDFEngine(cacheDir string, parallel int, limits Limits) *pdfEngine {
	if parallel <= 0 {
		parallel = 2
	}
	return &pdfEngine{limits: limits, cacheDir: cacheDir, slots: make(chan struct{}, parallel)}
}

func (e *pdfEngine) extract(ctx context.Context, name string, data []byte) (Extracted, error) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return Extracted{}, ctx.Err()
	}
	read, cancel := context.WithTimeout(ctx, pdfTimeout)
	defer cancel()
	doc, err := e.read(read, data)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return Extracted{}, ctx.Err()
	case read.Err() != nil:
		return Extracted{}, malformed(name, fmt.Errorf("it was not read within %s", pdfTimeout))
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return Extracted{}, encrypted(name)
	case errors.Is(err, errEngine):
		return Extracted{}, fmt.Errorf("reading %q: %w", name, err)
	default:
		return Extracted{}, malformed(name, err)
	}
	return doc.extracted(name)
}

// errEngine marks failures that are not the document's fault.
var errEngine = errors.New("the PDF engine failed")

// pdfDocument is what was read from a PDF before it is laid out.
type pdfDocument struct {
	title string
	year  int
	pages [][]pdfLine
	total int // pages in all, read or not
}

// read reads a PDF with the engine that suits the number of its pages.
func (e *pdfEngine) read(ctx context.Context, data []byte) (pdfDocument, error) {
	pool, quick, err := e.pool(0)
	if err != nil {
		return pdfDocument{}, err
	}
	doc, pages, err := e.readWith(ctx, pool, data, quick)
	if !errors.Is(err, errTooManyPages) {
		return doc, err
	}
	if pool, _, err = e.pool(pages); err != nil {
		return pdfDocument{}, err
	}
	doc, _, err = e.readWith(ctx, pool, data, false)
	return doc, err
}

var errTooManyPages = errors.New("too many pages to interpret")

// pool gives the engine to use when so many pages are to be read, and whether
// it is the interpreter.
func (e *pdfEngine) pool(pages int) (pool pdfium.Pool, quick bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return nil, false, fmt.Errorf("%w: it was closed", errEngine)
	case e.compiled != nil:
		return e.compiled, false, nil
	case e.pages+pages > interpretedPages || e.cached():
		e.compiled, err = startPDFium(e.cacheDir, cap(e.slots), false)
		return e.compiled, false, err
	case e.interpreted == nil:
		e.interpreted, err = startPDFium("", cap(e.slots), true)
	}
	return e.interpreted, true, err
}

func (e *pdfEngine) cached() bool {
	if e.cacheDir == "" {
		return false
	}
	entries, err := os.ReadDir(e.cacheDir)
	return err == nil && len(entries) > 0
}

func startPDFium(cacheDir string, parallel int, interpret bool) (pdfium.Pool, error) {
	config := wazero.NewRuntimeConfigCompiler()
	if interpret {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if err != nil {
			return nil, fmt.Errorf("%w: opening its cache: %w", errEngine, err)
		}
		config = config.WithCompilationCache(cache)
	}
	config = config.WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(pdfMemoryPages).WithCloseOnContextDone(true)
	pool, err := webassembly.Init(webassembly.Config{
		Context: experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0)),
		MaxIdle: 1, MaxTotal: parallel, RuntimeConfig: config,
		FSConfig: wazero.NewFSConfig(), Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEngine, err)
	}
	return pool, nil
}

func (e *pdfEngine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, pool := range []pdfium.Pool{e.interpreted, e.compiled} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	e.interpreted, e.compiled, e.closed = nil, nil, true
	return errors.Join(errs...)
}

// readWith reads a PDF in an instance of its own, which is killed when ctx
// ends. With quick set, it gives errTooManyPages instead of starting on a long
// one.
func (e *pdfEngine) readWith(ctx context.Context, pool pdfium.Pool, data []byte, quick bool) (doc pdfDocument, pages int, err error) {
	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return doc, 0, fmt.Errorf("%w: %w", errEngine, err)
	}
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		_ = instance.Kill() // its error says only that the instance is gone
	})
	defer func() {
		if stop() {
			_ = instance.Close() // likewise
		} else {
			<-killed
		}
	}()
	opened, err := instance.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		return doc, 0, err
	}
	count, err := instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: opened.Document})
	if err != nil {
		return doc, 0, err
	}
	pages = count.PageCount
	if quick && !e.interpret(pages) {
		return doc, pages, errTooManyPages
	}
	doc.total = pages
	doc.title, doc.year = readPDFFacts(instance, opened.Document)
	text := 0
	for page := range min(pages, e.limits.Pages) {
		lines, err := readPDFPage(instance, opened.Document, page)
		if err != nil {
			return doc, pages, fmt.Errorf("page %d: %w", page+1, err)
		}
		for _, line := range lines {
			text += len(line.text)
		}
		if doc.pages = append(doc.pages, lines); text > e.limits.Text {
			break
		}
	}
	return doc, pages, nil
}

// interpret says whether so many pages may be interpreted, and counts them.
func (e *pdfEngine) interpret(pages int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pages+pages > interpretedPages {
		return false
	}
	e.pages += pages
	return true
}

// readPDFFacts reads the title and the year of creation. Names of files, which
// many programs write for a title, are none.
func readPDFFacts(instance pdfium.Pdfium, document references.FPDF_DOCUMENT) (title string, year int) {
	value := func(tag string) string {
		meta, err := instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: document, Tag: tag})
		if err != nil {
			return ""
		}
		return strings.TrimSpace(strings.ToValidUTF8(meta.Value, ""))
	}
	title = value("Title")
	lower := strings.ToLower(title)
	if strings.HasPrefix(lower, "microsoft ") || strings.HasPrefix(lower, "untitled") ||
		!strings.Contains(title, " ") && strings.Contains(title, ".") {
		title = ""
	}
	return title, yearIn(strings.TrimPrefix(value("CreationDate"), "D:"))
}

// readPDFPage reads the lines of one page in the order of its content, each
// with its place on the page.
func readPDFPage(instance pdfium.Pdfium, document references.FPDF_DOCUMENT, page int) ([]pdfLine, error) {
	loaded, err := instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: document, Index: page}},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		// Freed with the instance at the latest.
		_, _ = instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: loaded.TextPage})
	}()
	chars, err := instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: loaded.TextPage})
	if err != nil || chars.Count <= 0 {
		return nil, err
	}
	text, err := instance.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: loaded.TextPage, Count: chars.Count})
	if err != nil {
		return nil, err
	}
	var lines []pdfLine
	at := 0
	for raw := range pdfLines(strings.ToValidUTF8(text.Text, "\ufffd")) {
		content := strings.TrimSpace(strings.Map(pdfRune, raw))
		if content != "" {
			line := pdfLine{text: content}
			line.place(instance, loaded.TextPage, at, at+utf8.RuneCountInString(strings.TrimRight(raw, "\r\n "))-1)
			lines = append(lines, line)
		}
		at += utf8.RuneCountInString(raw)
	}
	return lines, nil
}

// pdfHyphen is what PDFium puts for a hyphen that parts a word at the end of a
// line, and for the line end after it.
const pdfHyphen = '\x02'

// pdfLines cuts the text of a page after line ends and parting hyphens.
func pdfLines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			end := strings.IndexFunc(text, func(r rune) bool { return r == '\n' || r == pdfHyphen || r == '\ufffe' })
			if end < 0 {
				yield(text)
				return
			}
			_, size := utf8.DecodeRuneInString(text[end:])
			if !yield(text[:end+size]) {
				return
			}
			text = text[end+size:]
		}
	}
}

// pdfRune mends what PDFium gives: its marks for hyphens, and characters that
// are not text.
func pdfRune(r rune) rune {
	switch {
	case r == pdfHyphen || r == '\ufffe' || r == '\u00ad':
		return '-'
	case r < ' ' && r != '\n' && r != '\t' || r == '\ufeff' || r == '\u200b':
		return -1
	case r == '\u00a0' || r == '\t' || r == '\n':
		return ' '
	}
	return r
}

// place asks where a line stands. A line whose place is not to be had keeps
// zeros and is laid out by its words alone.
func (l *pdfLine) place(instance pdfium.Pdfium, page references.FPDF_TEXTPAGE, first, last int) {
	box := func(text int) (structs.FPDF_FS_RECTF, bool) {
		char, err := instance.FPDFText_GetCharIndexFromTextIndex(&requests.FPDFText_GetCharIndexFromTextIndex{TextPage: page, NTextIndex: text})
		if err != nil || char.CharIndex < 0 {
			return structs.FPDF_FS_RECTF{}, false
		}
		loose, err := instance.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: page, Index: char.CharIndex})
		if err != nil {
			return structs.FPDF_FS_RECTF{}, false
		}
		return loose.Rect, true
	}
	start, ok := box(first)
	end, okEnd := box(last)
	if !ok || !okEnd {
		return
	}
	l.left, l.right, l.bottom = float64(start.Left), float64(end.Right), float64(start.Bottom)
	l.size = math.Abs(float64(start.Top - start.Bottom))
}
