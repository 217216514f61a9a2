package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/websearch"
)

// fixed is a service with one answer.
type fixed struct {
	hits []websearch.Hit
	err  error
}

func (fixed) Name() string { return "fixed" }

func (f fixed) Search(context.Context, websearch.Query) ([]websearch.Hit, error) {
	return f.hits, f.err
}

const secret = "key-that-nobody-may-see"

// services makes each service at an address.
func services(base string) map[string]web.Provider {
	options := web.ServiceOptions{BaseURL: base, Key: secret, KeyEnv: "SOME_KEY"}
	return map[string]web.Provider{
		"brave": web.NewBrave(options), "tavily": web.NewTavily(options), "searxng": web.NewSearXNG(options), "openalex": web.NewOpenAlex(options),
	}
}

func window() websearch.Query {
	return websearch.Query{Text: "night trains", Limit: 5, From: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)}
}

// What each service is asked, and what its answer means.
func TestServicesSpeakTheirProtocols(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request string // method, path, key, and what must be in the query or body
		contain []string
		answer  string
	}{
		"brave": {
			"GET /res/v1/web/search X-Subscription-Token",
			[]string{"q=night+trains", "count=5", "freshness=2023-01-01to2024-12-31"},
			`{"type":"search","web":{"results":[{"title":"Night <strong>trains</strong>","url":"https://a.example.com/x","description":"They &amp; <strong>beds</strong>","page_age":"2024-05-31T01:02:03"}]}}`,
		},
		"tavily": {
			"POST /search Authorization",
			[]string{`"query":"night trains"`, `"max_results":5`, `"start_date":"2023-01-01"`, `"end_date":"2024-12-31"`},
			`{"query":"x","results":[{"title":"Night trains","url":"https://a.example.com/x","content":"They & beds","score":0.9,"published_date":"Fri, 31 May 2024 01:02:03 GMT"}]}`,
		},
		"searxng": {
			"GET /search Authorization",
			[]string{"q=night+trains", "format=json"},
			`{"query":"x","results":[{"title":"Night trains","url":"https://a.example.com/x","content":"They & beds","publishedDate":"2024-05-31T00:00:00"}],"unresponsive_engines":[["x","timeout"]]}`,
		},
		"openalex": {
			"GET /works ",
			[]string{"search=night+trains", "per-page=5", "from_publication_date%3A2023-01-01%2Cto_publication_date%3A2024-12-31", "api_key=" + secret},
			`{"meta":{"count":1},"results":[{"id":"https://openalex.org/W1","doi":"https://doi.org/10.1/x","display_name":"Night trains","publication_date":"2024-05-31","type":"article",
			"abstract_inverted_index":{"beds":[2],"They":[0],"&":[1]},"primary_location":{"landing_page_url":"https://a.example.com/x","source":null},"open_access":{"oa_url":null}}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				method, rest, _ := strings.Cut(c.request, " ")
				path, key, _ := strings.Cut(rest, " ")
				if r.Method != method || r.URL.Path != path || key != "" && !strings.HasSuffix(r.Header.Get(key), secret) {
					t.Errorf("asked %s %s, with %v", r.Method, r.URL.Path, r.Header)
				}
				for _, wanted := range c.contain {
					if !strings.Contains(r.URL.RawQuery+string(body), wanted) {
						t.Errorf("%q is not in %s%s", wanted, r.URL.RawQuery, body)
					}
				}
				fmt.Fprint(w, c.answer)
			}))
			t.Cleanup(server.Close)
			searcher := web.NewSearcher(web.SearchOptions{Providers: []web.Provider{services(server.URL)[name]}})
			found, err := searcher.Search(t.Context(), scope(), window())
			if err != nil || len(found.Hits) != 1 {
				t.Fatalf("found %+v, %v", found, err)
			}
			hit := found.Hits[0]
			tier := map[bool]string{true: "journal", false: "other"}[name == "openalex"]
			if hit.Title != "Night trains" || hit.URL != "https://a.example.com/x" || hit.Snippet != "They & beds" || hit.Date.Format(time.DateOnly) != "2024-05-31" || hit.Tier != tier {
				t.Errorf("found %+v", hit)
			}
		})
	}
}

// Whatever a service answers, the model hears what was wrong, and never the key.
func TestServicesThatFailSaySo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		wanted string
	}{
		"200 with an error":         {200, `{"error":{"code":"QUOTA","message":"monthly quota used up"}}`, "answered 200 with an error: monthly quota used up"},
		"200 with a detail":         {200, `{"detail":{"error":"plan limit"}}`, "plan limit"},
		"200 with an error as text": {200, `{"error":"nope","message":"bad filter"}`, "bad filter"},
		"200 without results":       {200, `{}`, "without results or a reason"},
		"200 with null":             {200, `null`, "without results or a reason"},
		"results of another type":   {200, `{"results":"none","web":"none"}`, "not its JSON"},
		"a list":                    {200, `[1,2]`, "not its JSON"},
		"a page":                    {200, `<html><body>Just a moment…</body></html>`, "not its JSON (it begins with"},
		"cut":                       {200, `{"results":[{"title":"a`, "not its JSON"},
		"empty":                     {200, ``, "it is empty"},
		"rate limit":                {429, `{"message":"slow down"}`, "rate limit is reached; it can be asked again after 30s: slow down"},
		"key":                       {401, `{"detail":"invalid token"}`, "SOME_KEY"},
		"forbidden":                 {403, ``, "SOME_KEY"},
		"failing":                   {500, `oops`, "answered 500 Internal Server Error"},
		"redirect":                  {302, ``, "redirects, which is not followed"},
		"endless":                   {200, `{"results":[` + strings.Repeat(`{"title":"a"},`, 400_000), "larger than 4 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "30")
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			t.Cleanup(server.Close)
			for service, provider := range services(server.URL) {
				_, err := web.NewSearcher(web.SearchOptions{Providers: []web.Provider{provider}}).Search(t.Context(), scope(), window())
				refusedAs(t, err, c.wanted)
				if err != nil && (strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), service)) {
					t.Errorf("%s: %v", service, err)
				}
			}
		})
	}
}

func TestServicesThatCannotBeReached(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(done) })
	for service, provider := range services(silent.URL) {
		searcher := web.NewSearcher(web.SearchOptions{Providers: []web.Provider{provider}, Timeout: 200 * time.Millisecond})
		_, err := searcher.Search(t.Context(), scope(), window())
		refusedAs(t, err, service+": did not answer in time")
	}
	for service, provider := range services("http://127.0.0.1:1") {
		_, err := web.NewSearcher(web.SearchOptions{Providers: []web.Provider{provider}}).Search(t.Context(), scope(), window())
		refusedAs(t, err, service+": could not be reached")
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Error(err)
		}
	}
}

func TestOneServiceIsEnough(t *testing.T) {
	t.Parallel()
	good := fixed{hits: []websearch.Hit{
		{Title: "A", URL: "https://www.who.int/a"},
		{Title: "inside", URL: "http://10.0.0.1/"},
		{Title: "login", URL: "https://u:p@example.com/"},
		{Title: "denied", URL: "https://bad.example.com/"},
		{Title: "script", URL: "javascript:alert(1)"},
		{Title: "B", URL: "https://b.example.com/"},
	}}
	also := fixed{hits: []websearch.Hit{{Title: "C", URL: "https://c.example.com/", Tier: "journal"}}}
	bad := fixed{err: &web.Failure{Where: "fixed", What: "its rate limit is reached"}}
	searcher := web.NewSearcher(web.SearchOptions{Providers: []web.Provider{good, bad, also}, Hosts: web.HostRules{Deny: []string{"bad.example.com"}}})
	found, err := searcher.Search(t.Context(), scope(), websearch.Query{Text: "x", Limit: 5})
	if err != nil || len(found.Failures) != 1 || !strings.Contains(found.Failures[0], "rate limit") {
		t.Fatalf("%+v, %v", found, err)
	}
	var titles []string
	for _, hit := range found.Hits {
		titles = append(titles, hit.Title+" "+hit.Tier)
	}
	if got := strings.Join(titles, ", "); got != "A government, C journal, B other" {
		t.Errorf("found %s", got)
	}
	broken := fixed{err: errors.New("a mistake of ours")}
	_, err = web.NewSearcher(web.SearchOptions{Providers: []web.Provider{good, broken}}).Search(t.Context(), scope(), websearch.Query{Text: "x", Limit: 5})
	var told *tools.InputError
	if err == nil || errors.As(err, &told) {
		t.Errorf("want an error of our own, got %v", err)
	}
}

func TestTiers(t *testing.T) {
	t.Parallel()
	for host, wanted := range map[string]web.Tier{
		"www.nature.com": web.TierJournal, "pubmed.ncbi.nlm.nih.gov": web.TierJournal, "www.fda.gov": web.TierGovernment, "www.gov.uk": web.TierGovernment,
		"health.gov.au": web.TierGovernment, "ec.europa.eu": web.TierGovernment, "www.economie.gouv.fr": web.TierGovernment, "mhlw.go.jp": web.TierGovernment,
		"web.mit.edu": web.TierAcademic, "ox.ac.uk": web.TierAcademic, "www.bbc.co.uk": web.TierNews, "example.com": web.TierOther,
		"nature.com.example.net": web.TierOther, "notnature.com": web.TierOther, "gov.example.com": web.TierOther, "fakebbc.co.uk": web.TierOther,
	} {
		if got := web.TierOf(host); got != wanted {
			t.Errorf("%s is %s, not %s", host, got, wanted)
		}
	}
}

func FuzzServices(f *testing.F) {
	f.Add(`{"type":"search","web":{"results":[{"title":"a","url":"https://a.example.com/x","description":"b","page_age":"2024-05-31"}]}}`)
	f.Add(`{"results":[{"title":"a","url":"https://a.example.com/","content":"<b>","abstract_inverted_index":{"a":[0,-1,9999999]}}]}`)
	f.Add(`{"detail":{"error":["x"]}}`)
	f.Add(`null`)
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	f.Cleanup(server.Close)
	made := services(server.URL)
	f.Fuzz(func(t *testing.T, answer string) {
		body = answer
		for name, provider := range made {
			found, err := web.NewSearcher(web.SearchOptions{Providers: []web.Provider{provider}}).Search(t.Context(), scope(), window())
			var told *tools.InputError
			if err != nil && !errors.As(err, &told) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := json.Marshal(found); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, hit := range found.Hits {
				if _, err := web.CheckURL(hit.URL); err != nil || len(hit.Title) > 310 || len(hit.Snippet) > 810 {
					t.Errorf("%s gives %+v", name, hit)
				}
			}
		}
	})
}
