// Package configs is the typed configuration of Quaestor: what default.yaml
// says, overridden by a file, overridden by environment variables.
//
// Nothing is guessed: an unknown key, a value of the wrong type and a model
// without an entry are errors that say where they stand. Secrets are never in a
// configuration file; it names the environment variables that hold them.
package configs

import "time"

// Config is the whole configuration. The meaning, unit and default of every
// field stand in default.yaml.
type Config struct {
	Data      string                `yaml:"data"`
	Server    Server                `yaml:"server"`
	Temporal  Temporal              `yaml:"temporal"`
	Database  Database              `yaml:"database"`
	Databases map[string]DataSource `yaml:"databases"`
	Models    Models                `yaml:"models"`
	Providers Providers             `yaml:"providers"`
	Gateway   Gateway               `yaml:"gateway"`
	Research  Research              `yaml:"research"`
	Web       Web                   `yaml:"web"`
	Documents Documents             `yaml:"documents"`
	MCP       MCP                   `yaml:"mcp"`
	Grammar   Grammar               `yaml:"grammar"`
	Templates map[string]Template   `yaml:"templates"`
	Limits    Limits                `yaml:"limits"`
	Telemetry Telemetry             `yaml:"telemetry"`

	// Catalog is what models.yaml, or the file of models.catalog, knows of the
	// models, by name.
	Catalog map[string]Model `yaml:"-"`
}

// Server is the HTTP API.
type Server struct {
	Addr         string        `yaml:"addr"`
	DrainTimeout time.Duration `yaml:"drain_timeout"`
}

// Temporal says which Temporal runs the workflows. What is empty comes from
// Temporal's own environment configuration.
type Temporal struct {
	Address     string `yaml:"address"`
	Namespace   string `yaml:"namespace"`
	TaskQueue   string `yaml:"task_queue"`
	UIAddr      string `yaml:"ui_addr"`
	Synchronous string `yaml:"synchronous"` // full or normal
}

// Database is a PostgreSQL database for store and ledger.
type Database struct {
	URL string `yaml:"url"`
}

// DataSource is a database that runs may ask. Its URL, with its password, is in
// the environment.
type DataSource struct {
	URLEnv  string   `yaml:"url_env"`
	Clients []string `yaml:"clients"`

	// URL is what the variable holds.
	URL string `yaml:"-"`
}

// Models says which model serves which agent.
type Models struct {
	Default string            `yaml:"default"`
	Agents  map[string]string `yaml:"agents"`
	Catalog string            `yaml:"catalog"`
}

// Providers are the services that run models.
type Providers struct {
	OpenAI     OpenAI            `yaml:"openai"`
	Bedrock    Bedrock           `yaml:"bedrock"`
	Compatible map[string]OpenAI `yaml:"compatible"` // further endpoints that speak OpenAI's API, by the name the catalog uses
}

// OpenAI is any endpoint that speaks OpenAI's chat completions.
type OpenAI struct {
	BaseURL     string            `yaml:"base_url"`
	BaseURLs    map[string]string `yaml:"base_urls"` // by region
	APIKeyEnv   string            `yaml:"api_key_env"`
	JSONSchema  bool              `yaml:"json_schema"`
	Timeout     time.Duration     `yaml:"timeout"`
	Concurrency int               `yaml:"concurrency"`
	Clients     bool              `yaml:"clients"`
}

// Bedrock is Amazon Bedrock; credentials come from AWS's own chain.
type Bedrock struct {
	Region      string            `yaml:"region"`
	Endpoint    string            `yaml:"endpoint"`
	Endpoints   map[string]string `yaml:"endpoints"` // by region
	Timeout     time.Duration     `yaml:"timeout"`
	Concurrency int               `yaml:"concurrency"`
	Clients     bool              `yaml:"clients"`
}

// Gateway is what every model call goes through.
type Gateway struct {
	QueueTimeout time.Duration `yaml:"queue_timeout"`
	Drain        time.Duration `yaml:"drain"`
	CacheBytes   int64         `yaml:"cache_bytes"`
	CacheTTL     time.Duration `yaml:"cache_ttl"`
	Synchronous  string        `yaml:"synchronous"` // full or normal
}

// Research holds the defaults of a research run.
type Research struct {
	Concurrency   int    `yaml:"concurrency"`
	MaxIterations int    `yaml:"max_iterations"`
	Unsupported   string `yaml:"unsupported"`    // mark, drop or repair
	CitationStyle string `yaml:"citation_style"` // plain, apa, chicago, ieee, vancouver or harvard
	Template      string `yaml:"template"`       // empty or plain is none
	Review        Review `yaml:"review"`
	Budget        Budget `yaml:"budget"`
}

// Review is how long a draft waits for a person.
type Review struct {
	Timeout  time.Duration `yaml:"timeout"`
	Reminder time.Duration `yaml:"reminder"`
	OnExpiry string        `yaml:"on_expiry"` // reject or publish
}

// Budget bounds one run that brings no budget of its own; 0 is no limit.
type Budget struct {
	Tokens int64   `yaml:"tokens"`
	USD    NanoUSD `yaml:"usd"`
}

// Documents say how documents are read and searched.
type Documents struct {
	OCR          string `yaml:"ocr"`           // auto or off
	OCRLanguages string `yaml:"ocr_languages"` // as tesseract names them, joined by +
	Embeddings   string `yaml:"embeddings"`    // a model of the catalog; empty for none
}

// Limits bound what comes from outside.
type Limits struct {
	BodyBytes     int64 `yaml:"body_bytes"`
	DocumentBytes int64 `yaml:"document_bytes"`
}

// Telemetry is logs and traces.
type Telemetry struct {
	LogLevel     string `yaml:"log_level"`
	LogFormat    string `yaml:"log_format"`
	OTLPEndpoint string `yaml:"otlp_endpoint"`
}

// Model is one model of the catalog. Prices are integer nano-dollars per
// million tokens (a dollar per million is 1e9), exact; Priced is false where the
// catalog has none, and such a model is refused.
type Model struct {
	Provider      string
	ID            string // the provider's own model id
	ContextWindow int    // tokens
	MaxOutput     int    // tokens
	Priced        bool
	Input         int64
	Output        int64
	CacheRead     int64
	CacheWrite    int64
	Tiers         []PriceTier // dearer prices for long inputs, by Above
	Regions       []string    // in the order they are tried; empty is the provider's own
	Fallbacks     []string    // models of the catalog, tried in order when this one is down
	Embedding     bool        // makes vectors, not messages; MaxOutput is 0
}

// PriceTier is what tokens cost in a request whose input is above Above tokens.
// It has no name of its own, so that models convert to those of the gateway.
type PriceTier = struct {
	Above                                int
	Input, Output, CacheRead, CacheWrite int64
}
