package documents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The PDF engine is PDFium as WebAssembly, without access to files. Compiling
// it takes about four seconds and a page then a few milliseconds; interpreting
// it starts in a third of a second and takes about 0.2 s for a page. So the
// first pages of a process are interpreted, and the engine is compiled when
// there are more, or when its compiled form is already in the cache folder. It
// takes up to 130 MB of memory, given back when no PDF was read for a while.
const (
	interpretedPages = 12
	pdfTimeout       = 2 * time.Minute
	pdfMemoryPages   = 8192 // of 64 kB: half a gigabyte for one PDF at most
	pdfIdle          = 3 * time.Second
)

type pdfEngine struct {
	limits   Limits
	cacheDir string
	slots    chan struct{}
	scans    Recognizer // nil where there is none

	mu          sync.Mutex
	interpreted pdfium.Pool
	compiled    pdfium.Pool
	pages       int // read by interpretation
	users       int
	idle        *time.Timer
	closed      bool
}

func newPDFEngine(cacheDir string, parallel int, limits Limits, scans Recognizer) *pdfEngine {
	if parallel <= 0 {
		parallel = 2
	}
	return &pdfEngine{limits: limits, cacheDir: cacheDir, scans: scans, slots: make(chan struct{}, parallel)}
}

func (e *pdfEngine) extract(ctx context.Context, name string, data []byte) (Extracted, error) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return Extracted{}, ctx.Err()
	}
	e.use(1)
	defer e.use(-1)
	doc, err := e.read(ctx, data)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return Extracted{}, ctx.Err()
	case errors.Is(err, errTimeout):
		return Extracted{}, malformed(name, err)
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return Extracted{}, encrypted(name)
	case errors.Is(err, errEngine):
		return Extracted{}, fmt.Errorf("reading %q: %w", name, err)
	default:
		return Extracted{}, malformed(name, err)
	}
	return doc.extracted(name)
}

var (
	// errEngine marks failures that are not the document's fault.
	errEngine  = errors.New("the PDF engine failed")
	errTimeout = fmt.Errorf("it was not read within %s", pdfTimeout)
)

// pdfDocument is what was read from a PDF before it is laid out.
type pdfDocument struct {
	facts   properties
	pages   [][]pdfLine
	total   int // pages in all, read or not
	scanned pageGap
	damaged pageGap
}

// pageGap are pages that could not be read, from 1, and why.
type pageGap struct {
	pages []int
	why   string // of the first
}

func (g *pageGap) add(page int, why string) {
	if g.pages = append(g.pages, page); g.why == "" {
		g.why = why
	}
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

// use counts who uses the engine, and lets it rest some time after the last.
func (e *pdfEngine) use(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.users += n
	if e.idle != nil {
		e.idle.Stop()
		e.idle = nil
	}
	if e.users == 0 && !e.closed {
		e.idle = time.AfterFunc(pdfIdle, e.rest)
	}
}

func (e *pdfEngine) rest() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.users == 0 {
		_ = e.stop() // the next PDF starts it anew
	}
}

func (e *pdfEngine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.idle != nil {
		e.idle.Stop()
	}
	return e.stop()
}

func (e *pdfEngine) stop() error {
	var errs []error
	for _, pool := range []pdfium.Pool{e.interpreted, e.compiled} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	e.interpreted, e.compiled = nil, nil
	return errors.Join(errs...)
}

// readWith reads a PDF in an instance of its own, which is killed when it takes
// too long; it looks at ctx before every page. With quick set, it gives
// errTooManyPages instead of starting on a long one, or on one with pictures to
// recognise.
func (e *pdfEngine) readWith(ctx context.Context, pool pdfium.Pool, data []byte, quick bool) (doc pdfDocument, pages int, err error) {
	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return doc, 0, fmt.Errorf("%w: %w", errEngine, err)
	}
	killed := make(chan struct{})
	timer := time.AfterFunc(pdfTimeout, func() {
		defer close(killed)
		_ = instance.Kill() // its error says only that the instance is gone
	})
	defer func() {
		if timer.Stop() {
			_ = instance.Close() // likewise
			return
		}
		<-killed
		err = errTimeout
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
	doc.facts = readPDFFacts(instance, opened.Document)
	reader := pdfReader{engine: e, instance: instance, document: opened.Document, timer: timer, quick: quick, doc: &doc}
	err = reader.readPages(ctx)
	return doc, reader.needs(pages), err
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
