package web_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/runtime/web/webtest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/webpage"
)

// world is a reader in an internet of the test.
type world struct {
	*webtest.Internet
	store   store.Store
	corpora *corpus.Corpora
	reader  *web.Reader
}

func setup(t testing.TB, change ...func(*web.PageOptions)) *world {
	t.Helper()
	w := &world{Internet: webtest.New(t), store: storetest.New(t)}
	w.corpora = corpus.New(w.store, corpus.Options{})
	options := web.PageOptions{Resolver: w, Dial: w.Dial, Timeout: 10 * time.Second}
	for _, c := range change {
		c(&options)
	}
	w.reader = web.NewReader(w.corpora, options)
	t.Cleanup(func() {
		if err := errors.Join(w.reader.Close(), w.corpora.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) read(t testing.TB, address string) (webpage.Page, error) {
	t.Helper()
	return w.reader.Read(t.Context(), scope(), webpage.Query{URL: address, Limit: webpage.MaxLimit})
}

func scope() tools.Scope { return tools.Scope{Run: "r_1", Client: "c"} }

// refusedAs wants an error for the model that says a thing.
func refusedAs(t testing.TB, err error, wanted string) {
	t.Helper()
	var told *tools.InputError
	if !errors.As(err, &told) || !strings.Contains(err.Error(), wanted) {
		t.Errorf("want an error for the model with %q, got %v", wanted, err)
	}
}

func redirectTo(location string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusFound)
	})
}

const article = `<!doctype html><html lang="en-GB"><head><title>Night trains and flights | The Courier</title>
<meta name="author" content="Ada Lindqvist"><meta property="article:published_time" content="2024-05-31T08:00:00Z">
<link rel="canonical" href="/night-trains"></head><body><nav><a href="/">Home</a> <a href="/world">World</a></nav>
<article><h1>Night trains and flights</h1>
<p>Night trains reduced short flights in the region by eight per cent, the ministry reported on Friday after a year of counting.</p>
<p>“Nobody expected the figure to be that high”, said the head of the study, who had looked at forty routes between 2019 and 2023.</p>
<p>On most of the lines the trains were sold out in summer. However, travel as a whole grew in every year that was counted.</p>
<p>The report recommends longer contracts for the operators, for a sleeping car takes four years to be built and thirty to be paid.</p>
</article><footer>Copyright The Courier. All rights reserved. Terms of use apply to everything here, in every country.</footer></body></html>`
