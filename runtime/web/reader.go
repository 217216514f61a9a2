package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/webpage"
)

// Keeper reads documents and keeps them, see runtime/corpus.
type Keeper interface {
	Extract(ctx context.Context, name, mediaType string, data []byte) (documents.Extracted, error)
	Keep(ctx context.Context, corpus, uri string, original []byte, read documents.Extracted) (store.Document, error)
}

// PageOptions configure [NewReader]. Zero values mean the defaults.
type PageOptions struct {
	Hosts     HostRules
	UserAgent string        // the product token before its slash is the one of robots.txt
	Timeout   time.Duration // of one page with its redirects; 20 s
	Bytes     int64         // read of one page, unpacked; 8 MiB
	Redirects int           // of one page; 5
	Found     *Addresses    // the only ones that are read, allowed hosts apart; nil: all

	// Resolver and Dial are the machine's own where nil. What they are given was
	// checked: only names of public hosts, and only public addresses.
	Resolver Resolver
	Dial     Dial
}

// DefaultUserAgent is how requests are signed that nobody signed otherwise.
const DefaultUserAgent = "Quaestor/1 (+https://github.com/quaestor-run/quaestor)"

func (o PageOptions) withDefaults() PageOptions {
	if o.UserAgent == "" {
		o.UserAgent = DefaultUserAgent
	}
	if o.Timeout <= 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Bytes <= 0 {
		o.Bytes = 8 << 20
	}
	if o.Redirects <= 0 {
		o.Redirects = 5
	}
	return o
}

// Reader reads pages of the web for runs. It implements [webpage.Reader] and is
// safe for concurrent use.
type Reader struct {
	fetcher *fetcher
	found   *Addresses
	keeper  Keeper
	timeout time.Duration
	pages   pageCache
	reading chan struct{} // places for pages that are taken apart, which takes memory
}

var _ webpage.Reader = (*Reader)(nil)

// pagesAtOnce is how many pages are taken apart at the same time.
const pagesAtOnce = 2

// NewReader makes a reader. It makes no request before it is asked for a page.
func NewReader(keeper Keeper, options PageOptions) *Reader {
	options = options.withDefaults()
	f := &fetcher{
		client: newClient(newGuard(options.Resolver, options.Dial).dialContext), hosts: options.Hosts, userAgent: options.UserAgent,
		maxBytes: options.Bytes, maxHops: options.Redirects,
	}
	f.robots = newRobots(f)
	return &Reader{fetcher: f, found: options.Found, keeper: keeper, timeout: options.Timeout, reading: make(chan struct{}, pagesAtOnce)}
}

// Close closes connections that nobody uses.
func (r *Reader) Close() error {
	r.fetcher.client.CloseIdleConnections()
	return nil
}

// Corpus is the corpus in which the pages of a run are kept.
func Corpus(run string) string { return "web-" + run }

// Read implements [webpage.Reader]. The page is kept as a document of the run;
// one that was read moments ago is not fetched again.
func (r *Reader) Read(ctx context.Context, scope tools.Scope, q webpage.Query) (webpage.Page, error) {
	page, err := r.page(ctx, scope.Run, q.URL)
	if err != nil {
		return webpage.Page{}, told("url", err)
	}
	return page.answer(ctx, q)
}

// Gone asks again for a page that was read, and says whether it is there no more:
// there is no such page, or no such host. What is merely refused, late or out of
// order may come back, and is not gone.
func (r *Reader) Gone(ctx context.Context, address string) bool {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	_, err := r.fetcher.get(limited, address)
	var failure *Failure
	return errors.As(err, &failure) && failure.Gone
}

// told makes of the failures that a model can do something about what it is
// shown.
func told(field string, err error) error {
	var failure *Failure
	var unreadable *documents.ReadError
	switch {
	case errors.As(err, &unreadable):
		return &tools.InputError{Field: field, Reason: unreadable.Reason()}
	case errors.As(err, &failure), errors.Is(err, ErrRefused):
		return &tools.InputError{Field: field, Reason: err.Error()}
	}
	return err
}

func (r *Reader) page(ctx context.Context, run, raw string) (*keptPage, error) {
	checked, err := CheckURL(raw)
	if err != nil {
		return nil, err
	}
	if r.found != nil {
		if err := r.found.check(run, checked, r.fetcher.hosts); err != nil {
			return nil, err
		}
	}
	address := checked.String()
	key := run + "\x00" + address
	if page := r.pages.get(key); page != nil {
		return page, nil
	}
	page, err := r.fetch(ctx, run, address)
	if err != nil {
		return nil, err
	}
	r.pages.put(key, page)
	return page, nil
}

func (r *Reader) fetch(ctx context.Context, run, address string) (*keptPage, error) {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	got, err := r.fetcher.get(limited, address)
	if err != nil {
		return nil, err
	}
	select {
	case r.reading <- struct{}{}:
		defer func() { <-r.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	page, err := r.read(ctx, got)
	if err != nil {
		return nil, err
	}
	page.doc, err = r.keeper.Keep(ctx, Corpus(run), page.URL, got.body, page.read)
	if err != nil {
		return nil, fmt.Errorf("keeping the page %q: %w", page.URL, err)
	}
	page.Document, page.SHA256 = page.doc.ID, strings.TrimPrefix(page.doc.Snapshot, "sha256:")
	return page, nil
}

// read takes a page apart.
func (r *Reader) read(ctx context.Context, got response) (*keptPage, error) {
	kind := mediaType(got.contentType, got.body)
	if kind == typeHTML {
		return r.readHTML(ctx, got)
	}
	host := got.address.Hostname()
	switch {
	case kind != typePDF && kind != typePlain && kind != typeMarkdown:
		return nil, &Failure{Where: host, What: fmt.Sprintf("is of type %q; HTML, PDF, Markdown and plain text are read", kind)}
	case kind == typePDF && got.truncated:
		return nil, &Failure{Where: host, What: "the PDF is larger than is read (web.page.bytes); add it to the documents of the run"}
	}
	data := got.body
	if kind != typePDF {
		data = decode(got.contentType, data, got.truncated)
	}
	read, err := r.keeper.Extract(ctx, nameFor(got.address, kind), kind, data)
	if err != nil {
		return nil, err
	}
	page := newPage(got, read)
	page.Title = read.Title
	return page, nil
}

// nameFor gives a name whose ending says what a page is.
func nameFor(address *url.URL, kind string) string {
	endings := map[string]string{typePDF: ".pdf", typePlain: ".txt", typeMarkdown: ".md"}
	name := strings.TrimRight(address.Path, "/")
	if strings.HasSuffix(strings.ToLower(name), endings[kind]) {
		return name
	}
	return name + endings[kind]
}

// readHTML finds the main content, and has it read like any HTML document.
func (r *Reader) readHTML(ctx context.Context, got response) (*keptPage, error) {
	article, err := webpage.Extract(got.address, decode(got.contentType, got.body, got.truncated))
	if err != nil {
		return nil, &Failure{Where: got.address.Hostname(), What: "the page has no text that could be read without a browser; use another source", Err: err}
	}
	read, err := r.keeper.Extract(ctx, "page.html", typeHTML, []byte(article.HTML))
	if err != nil {
		return nil, err
	}
	if article.Title != "" {
		read.Title = article.Title
	}
	page := newPage(got, read)
	page.Title, page.Byline, page.Language = read.Title, article.Byline, article.Language
	page.Canonical = article.Canonical
	if published := article.Published; !published.IsZero() {
		page.Published, page.Year = published.Format(time.DateOnly), published.Year()
	}
	page.read.Year = page.Year
	return page, nil
}

func newPage(got response, read documents.Extracted) *keptPage {
	address := got.address.String()
	return &keptPage{
		Page: webpage.Page{
			URL: address, Year: read.Year, Tier: string(TierOf(got.address.Hostname())), Words: read.Words, Truncated: got.truncated,
			Accessed: time.Now().UTC().Format(time.DateOnly),
		},
		read: read,
	}
}

// keptPage is a page with its snapshot.
type keptPage struct {
	webpage.Page
	read documents.Extracted
	doc  store.Document
}

// answer gives the passages of the page that were asked for.
func (p *keptPage) answer(ctx context.Context, q webpage.Query) (webpage.Page, error) {
	page := p.Page
	if q.Text != "" {
		index, err := documents.NewIndex(ctx, []documents.Source{{
			ID: p.Document, Title: p.Title, URI: p.URL, SHA256: p.SHA256, Text: p.read.Text, Segments: p.read.Segments,
		}})
		if err != nil {
			return webpage.Page{}, fmt.Errorf("indexing the page: %w", err)
		}
		hits, err := index.Search(ctx, documents.Query{Text: q.Text, Limit: q.Limit, Document: p.Document})
		if err != nil {
			return webpage.Page{}, fmt.Errorf("searching the page: %w", err)
		}
		for _, hit := range hits {
			passage := webpage.Passage{Heading: hit.Heading, Score: hit.Score}
			for _, quote := range hit.Quotes {
				passage.Sentences = append(passage.Sentences, webpage.Sentence{Start: quote.Start, End: quote.End, Page: quote.Page, Text: quote.Text})
			}
			page.Passages = append(page.Passages, passage)
		}
	}
	page.Matched = len(page.Passages) > 0
	if page.Matched {
		return page, nil
	}
	all := documents.Passages(p.read.Text, p.read.Segments)
	for _, found := range all[:min(len(all), q.Limit)] {
		passage := webpage.Passage{Heading: found.Heading}
		for _, s := range found.Sentences {
			passage.Sentences = append(passage.Sentences, webpage.Sentence{Start: s.Start, End: s.End, Page: s.Page, Text: p.read.Text[s.Start:s.End]})
		}
		page.Passages = append(page.Passages, passage)
	}
	return page, nil
}
