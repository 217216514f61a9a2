package configs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/configs"
)

func TestTheWebIsOffUnlessTurnedOn(t *testing.T) {
	t.Parallel()
	c, err := configs.Load("", none)
	if err != nil {
		t.Fatal(err)
	}
	w := c.Web
	if w.Enabled || len(w.Search.Providers) != 0 || !w.Page.OnlyFound || w.Page.Bytes != 8<<20 || w.Page.Redirects != 5 || w.Page.Timeout != 20*time.Second {
		t.Errorf("defaults: %+v", w)
	}
}

func TestTheWebFromFileAndEnvironment(t *testing.T) {
	t.Parallel()
	path := write(t, `
web:
  enabled: true
  allow_hosts: [example.com, "*.example.org"]
  search:
    providers: [brave, searxng]
    searxng: {base_url: "http://127.0.0.1:8888"}
`)
	c, err := configs.Load(path, func(name string) string {
		return map[string]string{"QUAESTOR_WEB_DENY_HOSTS": "a.example.com, b.example.com", "QUAESTOR_WEB_SEARCH_PROVIDERS": "openalex,tavily"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Web.Enabled || !slices.Equal(c.Web.AllowHosts, []string{"example.com", "*.example.org"}) || !slices.Equal(c.Web.DenyHosts, []string{"a.example.com", "b.example.com"}) ||
		!slices.Equal(c.Web.Search.Providers, []string{"openalex", "tavily"}) || c.Web.Search.Service("tavily").APIKeyEnv != "TAVILY_API_KEY" {
		t.Errorf("got %+v", c.Web)
	}
}

func TestWhatIsWrongWithTheWebIsNamed(t *testing.T) {
	t.Parallel()
	for text, wanted := range map[string]string{
		"web: {enable: true}":                                                            `the nearest valid key is "web.enabled"`,
		"web: {enabled: yes please}":                                                     "true or false is wanted",
		"web: {search: {providers: [google]}}":                                           "web.search.providers: one of brave, tavily, searxng, openalex",
		"web: {search: {providers: [brave, brave]}}":                                     "named twice",
		"web: {search: {providers: brave}}":                                              "a list is wanted",
		"web: {enabled: true, search: {providers: [searxng]}}":                           "web.search.searxng.base_url: must not be empty",
		"web: {enabled: true, search: {providers: [brave], brave: {api_key_env: \"\"}}}": "web.search.brave.api_key_env: must not be empty",
		"web: {search: {openalex: {base_url: \"ftp://x\"}}}":                             "web.search.openalex.base_url: an http or https URL",
		"web: {search: {timeout: 5m}}":                                                   "web.search.timeout: 1s to 45s",
		"web: {page: {timeout: 2m}}":                                                     "web.page.timeout: 1s to 45s",
		"web: {page: {bytes: 1}}":                                                        "web.page.bytes",
		"web: {page: {redirects: 50}}":                                                   "web.page.redirects: 1 to 10",
		"web: {allow_hosts: [\"https://example.com/\"]}":                                 "web.allow_hosts: the name of a host",
		"web: {deny_hosts: [\"\"]}":                                                      "web.deny_hosts: the name of a host",
		"web: {user_agent: \"a\\r\\nHost: b\"}":                                          "web.user_agent",
	} {
		_, err := configs.Load(write(t, text), none)
		if err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: want %q, got %v", text, wanted, err)
		}
	}
}
