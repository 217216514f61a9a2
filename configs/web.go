package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Web says what agents may do on the web. Off, they have no tool for it.
type Web struct {
	Enabled    bool      `yaml:"enabled"`
	AllowHosts []string  `yaml:"allow_hosts"`
	DenyHosts  []string  `yaml:"deny_hosts"`
	UserAgent  string    `yaml:"user_agent"`
	Search     WebSearch `yaml:"search"`
	Page       WebPage   `yaml:"page"`
}

// WebSearch says which search services are asked.
type WebSearch struct {
	Providers []string      `yaml:"providers"`
	Timeout   time.Duration `yaml:"timeout"`
	Brave     SearchService `yaml:"brave"`
	Tavily    SearchService `yaml:"tavily"`
	SearXNG   SearchService `yaml:"searxng"`
	OpenAlex  SearchService `yaml:"openalex"`
}

// SearchService says how a search service is reached.
type SearchService struct {
	BaseURL   string `yaml:"base_url"`
	APIKeyEnv string `yaml:"api_key_env"`
}

// WebPage bounds the reading of one page.
type WebPage struct {
	Timeout   time.Duration `yaml:"timeout"`
	Bytes     int64         `yaml:"bytes"`
	Redirects int           `yaml:"redirects"`
	OnlyFound bool          `yaml:"only_found"`
}

// The longest that a page or a search may take: a tool call ends after a minute.
const maxWebTimeout = 45 * time.Second

// signature is a user agent: a product token that robots.txt can name, and more.
var signature = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]*(/[!-~]+)?( [ -~]+)?$`)

func (w Web) check() []error {
	failures := []error{
		between("web.search.timeout", w.Search.Timeout, time.Second, maxWebTimeout),
		between("web.page.timeout", w.Page.Timeout, time.Second, maxWebTimeout),
		between("web.page.bytes", w.Page.Bytes, 64<<10, 32<<20),
		between("web.page.redirects", w.Page.Redirects, 1, 10),
	}
	if !signature.MatchString(w.UserAgent) {
		failures = append(failures, fmt.Errorf("web.user_agent: a name like Quaestor/1 (+https://example.com) is wanted, not %q", w.UserAgent))
	}
	failures = append(failures, hosts("web.allow_hosts", w.AllowHosts)...)
	failures = append(failures, hosts("web.deny_hosts", w.DenyHosts)...)
	return append(failures, w.Search.check(w.Enabled)...)
}

func (s WebSearch) check(enabled bool) (failures []error) {
	services := s.services()
	for i, name := range s.Providers {
		service, known := services[name]
		switch {
		case !known:
			failures = append(failures, oneOf("web.search.providers", name, "brave", "tavily", "searxng", "openalex"))
		case slices.Contains(s.Providers[:i], name):
			failures = append(failures, fmt.Errorf("web.search.providers: %q is named twice", name))
		case enabled && name == "searxng" && service.BaseURL == "":
			failures = append(failures, notEmpty("web.search.searxng.base_url", ""))
		case enabled && (name == "brave" || name == "tavily"):
			failures = append(failures, notEmpty("web.search."+name+".api_key_env", service.APIKeyEnv))
		}
	}
	for _, name := range []string{"brave", "tavily", "searxng", "openalex"} {
		if address := services[name].BaseURL; address != "" {
			failures = append(failures, webAddress("web.search."+name+".base_url", address))
		}
	}
	return failures
}

func (s WebSearch) services() map[string]SearchService {
	return map[string]SearchService{"brave": s.Brave, "tavily": s.Tavily, "searxng": s.SearXNG, "openalex": s.OpenAlex}
}

// Service is how a service of Providers is reached.
func (s WebSearch) Service(name string) SearchService { return s.services()[name] }

// hosts wants names of hosts, and nothing that is more or less than one.
func hosts(key string, names []string) (failures []error) {
	for _, name := range names {
		plain := strings.TrimPrefix(name, "*.")
		if plain == "" || strings.ContainsAny(plain, "/:@*? ") || strings.HasPrefix(plain, ".") {
			failures = append(failures, fmt.Errorf("%s: the name of a host is wanted, like example.com, not %q", key, name))
		}
	}
	return failures
}
