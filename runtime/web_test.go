package runtime

import (
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/tools/webpage"
	"github.com/quaestor-run/quaestor/tools/websearch"
)

// install starts a runtime without workflows, as configured.
func install(t *testing.T, change func(*configs.Config)) (*Runtime, error) {
	t.Helper()
	config, err := configs.Load("", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Server.Addr, config.Telemetry.LogLevel = t.TempDir(), "127.0.0.1:0", "error"
	change(&config)
	r, err := New(t.Context(), Options{Config: config, GatewayOnly: true, LogOutput: io.Discard})
	if err == nil {
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return r, err
}

// While the web is off there is no way to it, whatever else is configured: no
// tool, no key that is looked at, and agents to the letter as if there were none.
func TestOffThereIsNoWebAtAll(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(service.Close)
	r, err := install(t, func(c *configs.Config) {
		c.Web.Enabled = false
		c.Web.Search.Providers = []string{"brave", "searxng"}
		c.Web.Search.SearXNG.BaseURL = service.URL
		c.Web.Search.Brave.APIKeyEnv = "QUAESTOR_TEST_KEY_THAT_IS_NOT_SET"
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{websearch.Name, webpage.Name} {
		if _, there := r.tools[name]; there {
			t.Errorf("there is a tool %q", name)
		}
	}
	outside, err := r.reachWeb()
	if err != nil || outside != (reach{}) {
		t.Errorf("something reaches the web: %+v, %v", outside, err)
	}
	plain, err := gatherer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	if got := r.agents[gatherer.Name]; got.Version != plain.Version || !slices.Equal(got.Tools, plain.Tools) || string(got.Frozen()) != string(plain.Frozen()) {
		t.Errorf("the gatherer is another: %s, %q", got.Version, got.Tools)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("a search service was asked %d times", n)
	}
}

func TestOnTheGathererHasTheWebAndNobodyElse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var dialled atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			conn.Close()
		}
	}()
	r, err := install(t, func(c *configs.Config) {
		c.Web.Enabled, c.Web.Search.Providers = true, []string{"searxng"}
		c.Web.Search.SearXNG.BaseURL = "http://" + listener.Addr().String()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(r.agents)) {
		reaches := slices.Contains(r.agents[name].Tools, websearch.Name) || slices.Contains(r.agents[name].Tools, webpage.Name)
		if reaches != (name == gatherer.Name) {
			t.Errorf("%s has %q", name, r.agents[name].Tools)
		}
	}
	plain, err := gatherer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	extended := r.agents[gatherer.Name]
	if extended.Version == plain.Version || !strings.Contains(string(extended.Frozen()), "`webpage` reads a page") {
		t.Error("the gatherer with the web has the version and words of the one without")
	}
	if n := dialled.Load(); n > 0 {
		t.Errorf("a search service was reached %d times before anybody searched", n)
	}
}

func TestPagesWithoutSearch(t *testing.T) {
	t.Parallel()
	r, err := install(t, func(c *configs.Config) { c.Web.Enabled = true })
	if err != nil {
		t.Fatal(err)
	}
	if got := r.agents[gatherer.Name].Tools; !slices.Equal(got, []string{"documents", "webpage"}) {
		t.Errorf("the gatherer has %q", got)
	}
}

func TestAKeyThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	_, err := install(t, func(c *configs.Config) {
		c.Web.Enabled, c.Web.Search.Providers = true, []string{"tavily"}
		c.Web.Search.Tavily.APIKeyEnv = "QUAESTOR_TEST_KEY_THAT_IS_NOT_SET"
	})
	if err == nil || !strings.Contains(err.Error(), "QUAESTOR_TEST_KEY_THAT_IS_NOT_SET") || !strings.Contains(err.Error(), "tavily") {
		t.Errorf("got %v", err)
	}
}
