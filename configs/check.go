package configs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxConcurrency bounds what a provider may be asked at the same time.
const maxConcurrency = 10_000

// check looks for what types cannot say, and names each key that is wrong.
func (c Config) check() error {
	failures := []error{
		address("server.addr", c.Server.Addr),
		positive("server.drain_timeout", c.Server.DrainTimeout),
		notEmpty("temporal.task_queue", c.Temporal.TaskQueue),
		oneOf("temporal.synchronous", c.Temporal.Synchronous, "full", "normal"),
		positive("gateway.queue_timeout", c.Gateway.QueueTimeout),
		positive("gateway.drain", c.Gateway.Drain),
		positive("gateway.cache_bytes", c.Gateway.CacheBytes),
		positive("gateway.cache_ttl", c.Gateway.CacheTTL),
		oneOf("gateway.synchronous", c.Gateway.Synchronous, "full", "normal"),
		between("research.concurrency", c.Research.Concurrency, 1, 16),
		between("research.max_iterations", c.Research.MaxIterations, 0, 3),
		oneOf("research.unsupported", c.Research.Unsupported, "mark", "drop", "repair"),
		oneOf("research.citation_style", c.Research.CitationStyle, "plain", "apa", "chicago", "ieee", "vancouver", "harvard"),
		positive("research.review.timeout", c.Research.Review.Timeout),
		notNegative("research.review.reminder", c.Research.Review.Reminder),
		oneOf("research.review.on_expiry", c.Research.Review.OnExpiry, "reject", "publish"),
		notNegative("research.budget.tokens", c.Research.Budget.Tokens),
		oneOf("documents.ocr", c.Documents.OCR, "auto", "off"),
		notEmpty("documents.ocr_languages", c.Documents.OCRLanguages),
		positive("limits.body_bytes", c.Limits.BodyBytes),
		positive("limits.document_bytes", c.Limits.DocumentBytes),
		oneOf("telemetry.log_level", c.Telemetry.LogLevel, "debug", "info", "warn", "error"),
		oneOf("telemetry.log_format", c.Telemetry.LogFormat, "auto", "console", "json"),
	}
	if c.Temporal.UIAddr != "" {
		failures = append(failures, address("temporal.ui_addr", c.Temporal.UIAddr))
	}
	if c.Temporal.Address != "" {
		failures = append(failures, address("temporal.address", c.Temporal.Address))
	}
	if c.Telemetry.OTLPEndpoint != "" {
		failures = append(failures, webAddress("telemetry.otlp_endpoint", c.Telemetry.OTLPEndpoint))
	}
	failures = append(failures, c.Providers.check())
	failures = append(failures, c.Web.check()...)
	failures = append(failures, c.MCP.check()...)
	failures = append(failures, c.Grammar.check(c.Web.Enabled)...)
	failures = append(failures, c.checkTemplates()...)
	failures = append(failures, c.model("models.default", c.Models.Default))
	for _, agent := range slices.Sorted(maps.Keys(c.Models.Agents)) {
		failures = append(failures, c.model("models.agents."+agent, c.Models.Agents[agent]))
	}
	if c.Documents.Embeddings != "" {
		failures = append(failures, c.embeddings("documents.embeddings", c.Documents.Embeddings))
	}
	return errors.Join(failures...)
}

func (c Config) embeddings(key, name string) error {
	model, known := c.Catalog[name]
	switch {
	case !known:
		return fmt.Errorf("%s: no model %q in the catalog", key, name)
	case !model.Priced:
		return fmt.Errorf("%s: model %q has no price in the catalog, and unpriced models are refused; add price: {input: …}", key, name)
	case !model.Embedding:
		return fmt.Errorf("%s: model %q makes no vectors; name one with embedding: true", key, name)
	}
	return nil
}

func (c Config) model(key, name string) error {
	model, known := c.Catalog[name]
	names := slices.Sorted(maps.Keys(c.Catalog))
	switch {
	case !known:
		return fmt.Errorf("%s: no model %q in the catalog; the nearest is %q, all are %s", key, name, nearest(name, names), strings.Join(names, ", "))
	case !model.Priced:
		return fmt.Errorf("%s: model %q has no price in the catalog, and unpriced models are refused; add price: {input: …, output: …}", key, name)
	case model.Embedding:
		return fmt.Errorf("%s: model %q makes vectors, and cannot serve an agent", key, name)
	}
	return nil
}

func address(key, value string) error {
	if _, port, err := net.SplitHostPort(value); err != nil || port == "" {
		return fmt.Errorf("%s: host:port is wanted, not %q", key, value)
	}
	return nil
}

func webAddress(key, value string) error {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("%s: an http or https URL is wanted, not %q", key, value)
	}
	if _, secret := parsed.User.Password(); secret {
		return fmt.Errorf("%s: the URL must not hold a password", key)
	}
	return nil
}

func webAddresses(key string, values map[string]string) (failures []error) {
	for _, region := range slices.Sorted(maps.Keys(values)) {
		failures = append(failures, webAddress(key+"."+region, values[region]))
	}
	return failures
}

func notEmpty(key, value string) error {
	if value == "" {
		return fmt.Errorf("%s: must not be empty", key)
	}
	return nil
}

func oneOf(key, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s: one of %s is wanted, not %q", key, strings.Join(allowed, ", "), value)
	}
	return nil
}

func between[T cmp.Ordered](key string, value, low, high T) error {
	if value < low || value > high {
		return fmt.Errorf("%s: %v to %v is allowed, not %v", key, low, high, value)
	}
	return nil
}

func positive[T int64 | time.Duration](key string, value T) error {
	if value <= 0 {
		return fmt.Errorf("%s: more than 0 is wanted, not %v", key, value)
	}
	return nil
}

func notNegative[T int64 | time.Duration](key string, value T) error {
	if value < 0 {
		return fmt.Errorf("%s: must not be negative, and is %v", key, value)
	}
	return nil
}
