package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/webpage"
)

func TestRedirectsAreCheckedAtEveryHop(t *testing.T) {
	t.Parallel()
	for location, wanted := range map[string]string{
		"http://127.0.0.1/admin":                   "not public",
		"http://169.254.169.254/latest/meta-data/": "not public",
		"http://2130706433/":                       "not public",
		"http://0x7f.1/":                           "not public",
		"http://[::ffff:10.0.0.1]/":                "not public",
		"http://inside.example.org/":               "not public", // by its resolver
		"http://localhost/":                        "without a domain",
		"http://user:secret@b.example.com/":        "user name or password",
		"http://b.example.com:8080/":               "only ports",
		"ftp://b.example.com/":                     "only http",
		"file:///etc/passwd":                       "only http",
		"http://denied.example.net/":               "does not read from",
		"//[::1]/":                                 "not public",
		"":                                         "without saying where",
		"http://gone.example.org/":                 "resolving gone.example.org",
	} {
		t.Run(location, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(o *web.PageOptions) { o.Hosts.Deny = []string{"example.net"} })
			w.Answer("inside.example.org", []netip.Addr{netip.MustParseAddr("93.184.216.200"), netip.MustParseAddr("10.0.0.7")})
			w.Host("a.example.com", redirectTo(location))
			_, err := w.read(t, "http://a.example.com/")
			refusedAs(t, err, wanted)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error repeats the password: %v", err)
			}
			onlyPublic(t, w)
		})
	}
}

func onlyPublic(t *testing.T, w *world) {
	t.Helper()
	for _, address := range w.Dialled() {
		if !strings.HasPrefix(address, "93.184.216.") {
			t.Errorf("%s was dialled", address)
		}
	}
}

func TestANameIsDialledAtTheAddressThatWasChecked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	public, private := netip.MustParseAddr("93.184.216.77"), netip.MustParseAddr("192.168.1.1")
	w.Answer("rebind.example.com", []netip.Addr{public}, []netip.Addr{private})
	w.Host("rebind.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Connection", "close") // so that the name is resolved again
		if r.URL.Path == "/robots.txt" {
			http.NotFound(rw, r)
			return
		}
		fmt.Fprint(rw, article)
	}))
	_, err := w.read(t, "http://rebind.example.com/")
	refusedAs(t, err, "192.168.1.1 is not public")
	if got := w.Dialled(); len(got) != 1 || got[0] != "93.184.216.77:80" {
		t.Errorf("dialled %q", got)
	}
	if got := w.Looked(); len(got) != 2 {
		t.Errorf("looked up %q; each connection has one look-up, whose answer is dialled", got)
	}
}

func TestEndlessRedirectsEnd(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *web.PageOptions) { o.Redirects = 4 })
	w.Host("loop.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(rw, r)
			return
		}
		http.Redirect(rw, r, r.URL.Path+"x", http.StatusFound)
	}))
	_, err := w.read(t, "http://loop.example.com/a")
	refusedAs(t, err, "redirects more than 4 times")
	if n := len(w.Asked()); n != 6 { // robots.txt, and five pages
		t.Errorf("%d requests: %q", n, w.Asked())
	}
}

func TestRobotsTxtIsObeyed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		path   string
		wanted string // empty: the page is read
	}{
		"no rules":             {404, "", "/page", ""},
		"allowed":              {200, "User-agent: *\nDisallow: /private/\n", "/page", ""},
		"forbidden":            {200, "User-agent: *\nDisallow: /private/\n", "/private/page", "robots.txt asks programs not to"},
		"forbidden to us":      {200, "User-agent: *\nAllow: /\n\nUser-agent: quaestor\nDisallow: /\n", "/page", "robots.txt asks programs not to"},
		"forbidden to others":  {200, "User-agent: Quaestor\nAllow: /\n\nUser-agent: *\nDisallow: /\n", "/page", ""},
		"by pattern":           {200, "User-agent: *\nDisallow: /*.php$\n", "/page.php", "robots.txt asks programs not to"},
		"by query":             {200, "User-agent: *\nDisallow: /*?q=\n", "/page?q=1", "robots.txt asks programs not to"},
		"failing":              {503, "", "/page", "nothing may be read of it now"},
		"no robots.txt at all": {200, "<html>Welcome</html>", "/page", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.Host("a.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					rw.WriteHeader(c.status)
					fmt.Fprint(rw, c.body)
					return
				}
				rw.Header().Set("Content-Type", "text/html")
				fmt.Fprint(rw, article)
			}))
			_, err := w.read(t, "http://a.example.com"+c.path)
			if c.wanted == "" && err != nil {
				t.Error(err)
			}
			if c.wanted != "" {
				refusedAs(t, err, c.wanted)
				if n := len(w.Asked()); n != 1 {
					t.Errorf("asked for %q", w.Asked())
				}
			}
		})
	}
}

func TestWhatIsNoPageIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status      int
		contentType string
		encoding    string
		body        string
		wanted      string
	}{
		"image":           {200, "image/png", "", "\x89PNG\r\n\x1a\n", `type "image/png"`},
		"binary":          {200, "application/octet-stream", "", "\x00\x01\x02\x03", "are read"},
		"archive as text": {200, "text/plain", "", "PK\x03\x04\x00\x00\x00\x00", "binary data"},
		"unasked packing": {200, "text/html", "br", "xxx", "which was not asked for"},
		"broken packing":  {200, "text/html", "gzip", "xxx", "unpacking"},
		"missing":         {404, "text/html", "", article, "answered 404"},
		"login":           {401, "text/html", "", article, "not open to us"},
		"too often":       {429, "text/html", "", article, "come back after 120"},
		"failing":         {500, "text/html", "", article, "answered 500"},
		"no text":         {200, "text/html", "", "<html><body><div id=app></div><script>go()</script></body></html>", "without a browser"},
		"empty":           {200, "text/html", "", "", "without a browser"},
		"broken PDF":      {200, "application/pdf", "", "%PDF-1.7\nnothing", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.Host("a.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					http.NotFound(rw, r)
					return
				}
				rw.Header().Set("Content-Type", c.contentType)
				rw.Header().Set("Retry-After", "120")
				if c.encoding != "" {
					rw.Header().Set("Content-Encoding", c.encoding)
				}
				rw.WriteHeader(c.status)
				fmt.Fprint(rw, c.body)
			}))
			_, err := w.read(t, "http://a.example.com/x")
			refusedAs(t, err, c.wanted)
		})
	}
}

func TestOnlyWhatIsThereNoMoreIsGone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.Host("a.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/there":
			rw.Header().Set("Content-Type", "text/html")
			fmt.Fprint(rw, article)
		case "/gone":
			rw.WriteHeader(http.StatusGone)
		case "/failing":
			rw.WriteHeader(http.StatusBadGateway)
		default:
			http.NotFound(rw, r)
		}
	}))
	for address, gone := range map[string]bool{
		"http://a.example.com/there": false, "http://a.example.com/missing": true, "http://a.example.com/gone": true,
		"http://a.example.com/failing": false, "http://127.0.0.1/": false,
	} {
		if got := w.reader.Gone(t.Context(), address); got != gone {
			t.Errorf("%s: gone %v", address, got)
		}
	}
}

// A page of any size costs what the limit allows, in memory and in time.
//
// It runs alone, for it needs the memory.
func TestHugePagesAreReadFromTheirBeginning(t *testing.T) {
	const paragraph = "<p>The committee reported that the number of sleeping cars had grown by a tenth in the year, and that the cost of each had not.</p>\n"
	deep := strings.Repeat("<div>", 100_000) + paragraph
	for name, body := range map[string][]byte{
		"50 MB of paragraphs": bytes.Repeat([]byte(paragraph), 50<<20/len(paragraph)),
		"50 MB of one word":   bytes.Repeat([]byte("word "), 10<<20),
		"50 MB of marks":      bytes.Repeat([]byte("<b><i>"), 50<<20/6),
		"50 MB of cells":      append([]byte("<table>"), bytes.Repeat([]byte("<tr><td>x"), 50<<20/9)...),
		"deep":                []byte(deep),
		"50 MB of attributes": append([]byte("<p "), bytes.Repeat([]byte("a=b "), 50<<20/4)...),
		"50 MB of a comment":  append([]byte("<p>x<!--"), bytes.Repeat([]byte("a"), 50<<20)...),
	} {
		for _, packed := range []bool{false, true} {
			if packed && !strings.Contains(name, "paragraphs") && !strings.Contains(name, "comment") {
				continue
			}
			t.Run(fmt.Sprint(name, packed), func(t *testing.T) {
				sent := body
				if packed {
					var buffer bytes.Buffer
					writer := gzip.NewWriter(&buffer)
					_, _ = writer.Write(body)
					writer.Close()
					sent = buffer.Bytes()
				}
				w := setup(t, func(o *web.PageOptions) {
					o.Timeout = time.Minute
					if name != "50 MB of paragraphs" || packed { // one at the limit there is, the others lower
						o.Bytes = 1 << 20
					}
				})
				w.Host("a.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/robots.txt" {
						http.NotFound(rw, r)
						return
					}
					rw.Header().Set("Content-Type", "text/html")
					if packed {
						rw.Header().Set("Content-Encoding", "gzip")
					}
					_, _ = rw.Write(sent)
				}))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				started := time.Now()
				page, err := w.read(t, "http://a.example.com/x")
				took := time.Since(started)
				runtime.ReadMemStats(&after)
				t.Logf("%v, %d MB allocated, %d words, %v", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, page.Words, err)
				if took > 3*time.Minute {
					t.Errorf("it took %v", took)
				}
				var told *tools.InputError
				if err != nil && !errors.As(err, &told) {
					t.Error(err)
				}
				if strings.Contains(name, "paragraphs") && (err != nil || !page.Truncated || page.Words < 10_000) {
					t.Errorf("truncated %v, %d words, %v", page.Truncated, page.Words, err)
				}
			})
		}
	}
}

func TestSlowPagesEnd(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *web.PageOptions) { o.Timeout = 300 * time.Millisecond })
	done := make(chan struct{})
	defer close(done)
	w.Host("slow.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/html")
		for {
			if _, err := fmt.Fprint(rw, "<p>a little more"); err != nil {
				return
			}
			rw.(http.Flusher).Flush()
			select {
			case <-done:
				return
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}))
	started := time.Now()
	_, err := w.read(t, "http://slow.example.com/")
	refusedAs(t, err, "did not answer in time")
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestACallerThatGoesAwayIsNoFaultOfThePage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.Host("a.example.com", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }))
	_, err := w.reader.Read(ctx, scope(), webpage.Query{URL: "http://a.example.com/", Limit: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsCarriedFromPageToPage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var seen []string
	w.Host("a.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Cookie", "Referer", "Authorization"} {
			if r.Header.Get(name) != "" {
				seen = append(seen, name)
			}
		}
		if r.URL.Path == "/robots.txt" {
			http.NotFound(rw, r)
			return
		}
		http.SetCookie(rw, &http.Cookie{Name: "id", Value: "1", Path: "/"})
		if r.URL.Path == "/1" {
			http.Redirect(rw, r, "/2", http.StatusFound)
			return
		}
		fmt.Fprint(rw, article)
	}))
	for _, path := range []string{"/1", "/3"} {
		if _, err := w.read(t, "http://a.example.com"+path); err != nil {
			t.Fatal(err)
		}
	}
	if seen != nil {
		t.Errorf("requests carried %q", seen)
	}
}

func TestOnlyAllowedHostsAreRead(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *web.PageOptions) {
		o.Hosts = web.HostRules{Allow: []string{"example.com"}, Deny: []string{"bad.example.com"}}
	})
	for _, host := range []string{"example.com", "a.example.com", "bad.example.com", "notexample.com"} {
		w.Page(host, "/", "text/html", article)
	}
	for address, wanted := range map[string]string{
		"http://example.com/": "", "http://a.example.com/": "",
		"http://bad.example.com/": "does not read from", "http://x.bad.example.com/": "does not read from", "http://notexample.com/": "not among the hosts",
	} {
		_, err := w.read(t, address)
		if wanted == "" && err != nil {
			t.Error(err)
		} else if wanted != "" {
			refusedAs(t, err, wanted)
		}
	}
}
