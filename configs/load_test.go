package configs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/quaestor-run/quaestor/configs"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "quaestor.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func none(string) string { return "" }

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := configs.Load("", none)
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Addr != "127.0.0.1:8080" || c.Models.Default != "offline" || c.Research.Concurrency != 3 ||
		c.Research.Review.Timeout != 24*time.Hour || c.Research.Budget.USD != 5e9 || !c.Providers.OpenAI.JSONSchema {
		t.Errorf("defaults: %+v", c)
	}
	sonnet := c.Catalog["claude-sonnet-4-20250514"]
	want := configs.Model{
		Provider: "bedrock", ID: "global.anthropic.claude-sonnet-4-20250514-v1:0", ContextWindow: 200000, MaxOutput: 8192,
		Priced: true, Input: 3e9, Output: 15e9, CacheRead: 3e8, CacheWrite: 375e7,
		Regions: []string{"us-east-1", "us-west-2"}, Fallbacks: []string{"anthropic.claude-haiku-4-5-20251001"},
	}
	if !reflect.DeepEqual(sonnet, want) {
		t.Errorf("sonnet: %+v", sonnet)
	}
	for _, name := range []string{"amazon.titan-embed-text-v2:0", "text-embedding-3-small"} {
		if m := c.Catalog[name]; !m.Embedding || !m.Priced || m.Input != 2e7 || m.Output != 0 || m.MaxOutput != 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if mini := c.Catalog["gpt-4o-mini"]; mini.CacheRead != 75e6 || mini.CacheWrite != mini.Input {
		t.Errorf("gpt-4o-mini: %+v", mini)
	}
}

func TestTheEnvironmentWinsOverTheFileOverTheDefaults(t *testing.T) {
	t.Parallel()
	path := write(t, `
server: {addr: "127.0.0.1:9000"}
research:
  concurrency: 5
  budget: {usd: 0.000000001}
models:
  agents: {writer: gpt-4o-mini}
providers:
`)
	c, err := configs.Load(path, func(name string) string {
		return map[string]string{
			"QUAESTOR_RESEARCH_CONCURRENCY":    "7",
			"QUAESTOR_RESEARCH_REVIEW_TIMEOUT": "90m",
			"QUAESTOR_MODELS_AGENTS":           "analyst = claude-sonnet-4-20250514, reviewer=offline",
			"QUAESTOR_DATABASE_URL":            "postgres://u:secret@host/db",
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Addr != "127.0.0.1:9000" || c.Research.Concurrency != 7 || c.Research.Budget.USD != 1 || c.Research.Review.Timeout != 90*time.Minute {
		t.Errorf("got %+v", c)
	}
	if a := c.Models.Agents; a["writer"] != "gpt-4o-mini" || a["analyst"] != "claude-sonnet-4-20250514" || a["reviewer"] != "offline" {
		t.Errorf("agents: %v", a)
	}
	if c.Research.MaxIterations != 3 || c.Database.URL == "" {
		t.Errorf("got %+v", c)
	}
}

func TestDatabasesAreNamedInTheEnvironment(t *testing.T) {
	t.Parallel()
	path := write(t, "databases:\n  sales: {url_env: SALES_URL, clients: [acme]}\n")
	c, err := configs.Load(path, func(name string) string { return map[string]string{"SALES_URL": "sqlite:sales.db"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Databases["sales"]; s.URL != "sqlite:sales.db" || len(s.Clients) != 1 {
		t.Errorf("got %+v", c.Databases)
	}
	if c, err = configs.Load("", none); err != nil || len(c.Databases) != 0 {
		t.Errorf("databases without a configuration: %+v, %v", c.Databases, err)
	}
}

func TestCatalogOfOnesOwn(t *testing.T) {
	t.Parallel()
	path := write(t, "models: {catalog: mine.yaml, default: local}\n")
	catalog := filepath.Join(filepath.Dir(path), "mine.yaml")
	entry := `
models:
  local: {provider: openai, id: llama, context_window: 8192, max_output: 1024, price: {input: 0, output: 0}}
  gpt-4o-mini: {provider: openai, id: gpt-4o-mini, context_window: 128000, max_output: 4096}
`
	if err := os.WriteFile(catalog, []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := configs.Load(path, none)
	if err != nil {
		t.Fatal(err)
	}
	if local := c.Catalog["local"]; !local.Priced || local.ID != "llama" {
		t.Errorf("local: %+v", local)
	}
	if c.Catalog["gpt-4o-mini"].Priced {
		t.Error("the entry was merged, not replaced")
	}
	if _, ok := c.Catalog["offline"]; !ok {
		t.Error("the built-in models are gone")
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		env  map[string]string
		want []string
	}{
		"unknown key":        {file: "server:\n  adr: x\n", want: []string{"quaestor.yaml:2", `"server.adr"`, `"server.addr"`}},
		"unknown section":    {file: "modells: {}\n", want: []string{"quaestor.yaml:1", `"modells"`, `"models"`}},
		"moved key":          {file: "max_iterations: 2\n", want: []string{`"max_iterations"`, `"research.max_iterations"`}},
		"wrong type":         {file: "research:\n  concurrency: many\n", want: []string{"quaestor.yaml:2", "research.concurrency", "whole number", `"many"`}},
		"quoted number":      {file: `research: {concurrency: "3"}`, want: []string{"research.concurrency", "whole number"}},
		"number for text":    {file: "server: {addr: 8080}", want: []string{"server.addr", "text", "quote it"}},
		"text for a flag":    {file: "providers: {openai: {json_schema: maybe}}", want: []string{"providers.openai.json_schema", "true or false"}},
		"list for text":      {file: "data: [a]", want: []string{"data", "text", "a list"}},
		"text for a section": {file: "server: here", want: []string{"server", "a mapping", `"here"`}},
		"no value":           {file: "data:", want: []string{"data", "nothing is given"}},
		"bare duration":      {file: "server: {drain_timeout: 20}", want: []string{"server.drain_timeout", "duration"}},
		"twice":              {file: "data: a\ndata: b\n", want: []string{"quaestor.yaml:2", "data", "twice"}},
		"not YAML":           {file: "a: [", want: []string{"quaestor.yaml"}},
		"two documents":      {file: "data: a\n---\ndata: b\n", want: []string{"quaestor.yaml", "one document"}},
		"all at once":        {file: "daata: 1\nserver: {addr: 1}\n", want: []string{"daata", "server.addr"}},
		"enumeration":        {file: "research: {unsupported: hide}", want: []string{"research.unsupported", "mark, drop", `"hide"`}},
		"range":              {file: "research: {concurrency: 0}", want: []string{"research.concurrency", "1 to 16"}},
		"no such model":      {file: "models: {agents: {writer: gpt-4o-mimi}}", want: []string{"models.agents.writer", `"gpt-4o-mimi"`, `"gpt-4o-mini"`}},
		"no catalog":         {file: "models: {catalog: nowhere.yaml}", want: []string{"models.catalog", "nowhere.yaml"}},
		"password":           {file: "database: {url: 'postgres://u:p@h/d'}", want: []string{"quaestor.yaml", "database.url", "QUAESTOR_DATABASE_URL"}},
		"password as text":   {file: "database: {url: 'host=h password=p'}", want: []string{"database.url", "QUAESTOR_DATABASE_URL"}},
		"variable": {
			env:  map[string]string{"QUAESTOR_RESEARCH_CONCURRENCY": "three"},
			want: []string{"QUAESTOR_RESEARCH_CONCURRENCY", "research.concurrency", "whole number"},
		},
		"variable of a mapping": {
			env:  map[string]string{"QUAESTOR_MODELS_AGENTS": "writer"},
			want: []string{"QUAESTOR_MODELS_AGENTS", "name=value"},
		},
		"no database URL":    {file: "databases: {sales: {url_env: SALES_URL}}", want: []string{"databases.sales.url_env", "SALES_URL", "not set"}},
		"no variable":        {file: "databases: {sales: {}}", want: []string{"databases.sales.url_env", "name of the environment variable"}},
		"URL in the file":    {file: "databases: {sales: {url: x}}", want: []string{"databases.sales.url"}},
		"no concurrency":     {file: "providers: {openai: {concurrency: 0}}", want: []string{"providers.openai.concurrency", "1 to 10000"}},
		"no drain":           {file: "gateway: {drain: 0s}", want: []string{"gateway.drain", "more than 0"}},
		"regional address":   {file: "providers: {bedrock: {endpoints: {eu: here}}}", want: []string{"providers.bedrock.endpoints.eu", "URL"}},
		"vectors for agents": {file: "models: {default: text-embedding-3-small}", want: []string{"models.default", "makes vectors"}},
		"too fine an amount": {file: "research: {budget: {usd: 0.0000000001}}", want: []string{"research.budget.usd", "nine decimals"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := configs.Load(write(t, c.file), func(name string) string { return c.env[name] })
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestCatalogErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ entry, want string }{
		"half a price":        {"{provider: p, id: i, context_window: 10, max_output: 5, price: {input: 1}}", "input and output"},
		"no provider":         {"{id: i, context_window: 10, max_output: 5}", "provider"},
		"no room":             {"{provider: p, id: i, context_window: 5, max_output: 5}", "context_window"},
		"unknown key":         {"{provider: p, id: i, contextwindow: 5}", `"models.m.contextwindow"`},
		"negative":            {"{provider: p, id: i, context_window: 10, max_output: 5, price: {input: -1, output: 1}}", "models.m.price.input"},
		"text for a list":     {"{provider: p, id: i, context_window: 10, max_output: 5, regions: here}", "models.m.regions: a list"},
		"region twice":        {"{provider: p, id: i, context_window: 10, max_output: 5, regions: [a, a]}", `regions: "a"`},
		"unknown fallback":    {"{provider: p, id: i, context_window: 10, max_output: 5, fallbacks: [gpt-4o-mimi]}", `"gpt-4o-mimi" in the catalog; the nearest is "gpt-4o-mini"`},
		"unpriced fallback":   {"{provider: p, id: i, context_window: 10, max_output: 5, fallbacks: [n]}\n  n: {provider: p, id: i, context_window: 10, max_output: 5}", `"n" has no price`},
		"itself":              {"{provider: p, id: i, context_window: 10, max_output: 5, fallbacks: [m], price: {input: 1, output: 1}}", `model "m": fallbacks: they lead in a circle: m, m`},
		"circle":              {"{provider: p, id: i, context_window: 10, max_output: 5, fallbacks: [n], price: {input: 1, output: 1}}\n  n: {provider: p, id: i, context_window: 10, max_output: 5, fallbacks: [m], price: {input: 1, output: 1}}", "circle: m, n, m"},
		"vectors for answers": {"{provider: p, id: i, context_window: 10, max_output: 5, fallbacks: [text-embedding-3-small]}", "makes vectors"},
		"output of vectors":   {"{provider: p, id: i, context_window: 10, max_output: 5, embedding: true}", "no max_output"},
		"tier without output": {"{provider: p, id: i, context_window: 10, max_output: 5, price: {input: 1, output: 1, tiers: [{above: 5, input: 1}]}}", "tier 1 (above 5) needs input and output"},
		"tier beyond window":  {"{provider: p, id: i, context_window: 10, max_output: 5, price: {input: 1, output: 1, tiers: [{above: 10, input: 1, output: 1}]}}", "below context_window"},
		"tiers that fall":     {"{provider: p, id: i, context_window: 10, max_output: 5, price: {input: 1, output: 1, tiers: [{above: 5, input: 1, output: 1}, {above: 5, input: 2, output: 2}]}}", "tier 2: above must rise"},
		"unknown key of tier": {"{provider: p, id: i, context_window: 10, max_output: 5, price: {input: 1, output: 1, tiers: [{over: 5}]}}", `"models.m.price.tiers.over"; the nearest valid key is "models.NAME.price.tiers.above"`},
		"exponent":            {"{provider: p, id: i, context_window: 10, max_output: 5, price: {input: 1e3, output: 1}}", "models.m.price.input"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalog := write(t, "models:\n  m: "+c.entry+"\n")
			_, err := configs.Load(write(t, "models: {catalog: '"+catalog+"'}"), none)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}

func TestTiersOfPrices(t *testing.T) {
	t.Parallel()
	catalog := write(t, "models:\n  m: {provider: p, id: i, context_window: 1000, max_output: 5, price: {input: 3, output: 15, tiers: [{above: 200, input: 6, output: 22.5, cache_read: 0.6}]}}\n")
	c, err := configs.Load(write(t, "models: {catalog: '"+catalog+"'}"), none)
	if err != nil {
		t.Fatal(err)
	}
	want := []configs.PriceTier{{Above: 200, Input: 6e9, Output: 225e8, CacheRead: 6e8, CacheWrite: 6e9}}
	if got := c.Catalog["m"].Tiers; !reflect.DeepEqual(got, want) {
		t.Errorf("tiers %+v, want %+v", got, want)
	}
}

func TestAnUnpricedModelIsRefused(t *testing.T) {
	t.Parallel()
	catalog := write(t, "models:\n  m: {provider: p, id: i, context_window: 10, max_output: 5}\n")
	_, err := configs.Load(write(t, "models: {default: m, catalog: '"+catalog+"'}"), none)
	if err == nil || !strings.Contains(err.Error(), "models.default") || !strings.Contains(err.Error(), "no price") {
		t.Errorf("error %v", err)
	}
}

func TestEveryKeyHasADefault(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := yaml.Unmarshal(text, &defaults); err != nil {
		t.Fatal(err)
	}
	var walk func(of reflect.Type, values map[string]any, path string)
	walk = func(of reflect.Type, values map[string]any, path string) {
		for i := range of.NumField() {
			key := of.Field(i).Tag.Get("yaml")
			value, ok := values[key]
			if key != "-" && !ok {
				t.Errorf("default.yaml lacks %s%s", path, key)
			}
			if below, ok := value.(map[string]any); ok && of.Field(i).Type.Kind() == reflect.Struct {
				walk(of.Field(i).Type, below, path+key+".")
			}
		}
	}
	walk(reflect.TypeFor[configs.Config](), defaults, "")
}

func TestEveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documented := false
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			documented = true
		case strings.HasSuffix(line, ":"): // a section
		case line != "":
			if !documented {
				t.Errorf("default.yaml:%d: no comment above %q", i+1, line)
			}
			documented = false
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("server: {addr: a}\nmodels: {agents: {a: b}}")
	f.Add("a: &a {b: *a}")
	f.Add("research: {budget: {usd: 1.5}}\n---\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "f.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := configs.Load(path, none); err == nil && (c.Research.Concurrency < 1 || c.Catalog[c.Models.Default].ID == "") {
			t.Errorf("accepted %q as %+v", text, c)
		}
	})
}

func TestFurtherEndpointsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	c, err := configs.Load(write(t, `
providers:
  compatible:
    vllm: {base_url: "http://10.0.0.5:8000/v1", clients: true}
    azure: {base_url: "https://a.example.com/v1", api_key_env: AZURE_KEY, timeout: 30s, concurrency: 8, json_schema: true}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]configs.OpenAI{
		"openai": c.Providers.OpenAI,
		"vllm":   {BaseURL: "http://10.0.0.5:8000/v1", Clients: true, Timeout: 5 * time.Minute, Concurrency: 64},
		"azure":  {BaseURL: "https://a.example.com/v1", APIKeyEnv: "AZURE_KEY", Timeout: 30 * time.Second, Concurrency: 8, JSONSchema: true},
	}
	if got := c.Providers.Endpoints(); !reflect.DeepEqual(got, want) {
		t.Errorf("endpoints: %+v", got)
	}
	for text, complaint := range map[string]string{
		`providers: {compatible: {bedrock: {base_url: "http://x/v1"}}}`:               "providers.compatible.bedrock: there is a provider of that name",
		`providers: {compatible: {Mine_: {base_url: "http://x/v1"}}}`:                 "providers.compatible.Mine_: a name is",
		`providers: {compatible: {mine: {clients: true}}}`:                            "providers.compatible.mine.base_url: an http or https URL is wanted",
		`providers: {compatible: {mine: {base_url: "http://x/v1", concurrency: -1}}}`: "providers.compatible.mine.concurrency",
		`providers: {compatible: {mine: {base_urls: {eu: nowhere}}}}`:                 "providers.compatible.mine.base_urls.eu",
		`providers: {compatible: {mine: {baseurl: "http://x/v1"}}}`:                   "providers.compatible.mine.baseurl",
	} {
		if _, err := configs.Load(write(t, text), nil); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v, want %q", text, err, complaint)
		}
	}
}
