package configs

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/v2"
)

//go:embed models.yaml
var modelsYAML []byte

type modelFile struct {
	Models map[string]modelEntry `yaml:"models"`
}

type modelEntry struct {
	Provider      string      `yaml:"provider"`
	ID            string      `yaml:"id"`
	ContextWindow int         `yaml:"context_window"`
	MaxOutput     int         `yaml:"max_output"`
	Embedding     bool        `yaml:"embedding"`
	Regions       []string    `yaml:"regions"`
	Fallbacks     []string    `yaml:"fallbacks"`
	Price         *modelPrice `yaml:"price"`
}

type modelPrice struct {
	Input      *NanoUSD    `yaml:"input"`
	Output     *NanoUSD    `yaml:"output"`
	CacheRead  *NanoUSD    `yaml:"cache_read"`
	CacheWrite *NanoUSD    `yaml:"cache_write"`
	Tiers      []priceTier `yaml:"tiers"`
}

type priceTier struct {
	Above      int      `yaml:"above"`
	Input      *NanoUSD `yaml:"input"`
	Output     *NanoUSD `yaml:"output"`
	CacheRead  *NanoUSD `yaml:"cache_read"`
	CacheWrite *NanoUSD `yaml:"cache_write"`
}

// loadCatalog reads the built-in models, and those of a file over them.
func loadCatalog(path string) (map[string]Model, error) {
	catalog, err := readCatalog("models.yaml", modelsYAML)
	if err != nil {
		return nil, err
	}
	if path == "" {
		return catalog, checkFallbacks(catalog)
	}
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the models of models.catalog: %w", err)
	}
	own, err := readCatalog(path, text)
	if err != nil {
		return nil, err
	}
	maps.Copy(catalog, own)
	return catalog, checkFallbacks(catalog)
}

func readCatalog(name string, text []byte) (map[string]Model, error) {
	// Model names hold dots; the delimiter must be what no name holds.
	k := koanf.New("\x00")
	if err := k.Load(parse(name, text, reflect.TypeFor[modelFile]()), nil); err != nil {
		return nil, err
	}
	var file modelFile
	if err := decode(k, &file); err != nil {
		return nil, err
	}
	catalog := make(map[string]Model, len(file.Models))
	var failures []error
	for _, model := range slices.Sorted(maps.Keys(file.Models)) {
		entry, err := file.Models[model].model()
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: model %q: %w", name, model, err))
		}
		catalog[model] = entry
	}
	return catalog, errors.Join(failures...)
}

func (e modelEntry) model() (Model, error) {
	switch {
	case e.Provider == "" || e.ID == "":
		return Model{}, errors.New("provider and id are needed")
	case e.Embedding && (e.MaxOutput != 0 || e.ContextWindow < 1):
		return Model{}, errors.New("an embedding model needs a context_window of at least 1, and has no max_output")
	case !e.Embedding && (e.MaxOutput < 1 || e.ContextWindow <= e.MaxOutput):
		return Model{}, errors.New("max_output must be at least 1, and context_window above it")
	}
	if err := errors.Join(eachOnce("regions", e.Regions), eachOnce("fallbacks", e.Fallbacks)); err != nil {
		return Model{}, err
	}
	m := Model{
		Provider: e.Provider, ID: e.ID, ContextWindow: e.ContextWindow, MaxOutput: e.MaxOutput,
		Regions: e.Regions, Fallbacks: e.Fallbacks, Embedding: e.Embedding,
	}
	if e.Price == nil {
		return m, nil
	}
	if e.Price.Input == nil || e.Price.Output == nil && !e.Embedding {
		return Model{}, errors.New("a price needs input and output (of an embedding model, input)")
	}
	m.Priced = true
	m.Input = int64(*e.Price.Input)
	m.Output = or(e.Price.Output, 0)
	m.CacheRead, m.CacheWrite = or(e.Price.CacheRead, m.Input), or(e.Price.CacheWrite, m.Input)
	var err error
	m.Tiers, err = e.tiers()
	return m, err
}

func (e modelEntry) tiers() ([]PriceTier, error) {
	var tiers []PriceTier
	for i, tier := range e.Price.Tiers {
		switch {
		case tier.Above < 1 || tier.Above >= e.ContextWindow:
			return nil, fmt.Errorf("price.tiers: tier %d: above must be at least 1 and below context_window, and is %d", i+1, tier.Above)
		case i > 0 && tier.Above <= tiers[i-1].Above:
			return nil, fmt.Errorf("price.tiers: tier %d: above must rise from tier to tier, and is %d after %d", i+1, tier.Above, tiers[i-1].Above)
		case tier.Input == nil || tier.Output == nil && !e.Embedding:
			return nil, fmt.Errorf("price.tiers: tier %d (above %d) needs input and output", i+1, tier.Above)
		}
		input := int64(*tier.Input)
		tiers = append(tiers, PriceTier{
			Above: tier.Above, Input: input, Output: or(tier.Output, 0), CacheRead: or(tier.CacheRead, input), CacheWrite: or(tier.CacheWrite, input),
		})
	}
	return tiers, nil
}

func or(price *NanoUSD, missing int64) int64 {
	if price == nil {
		return missing
	}
	return int64(*price)
}

func eachOnce(key string, names []string) error {
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			return fmt.Errorf("%s: %q is empty or given twice", key, name)
		}
	}
	return nil
}

// checkFallbacks looks for fallbacks that could not stand in.
func checkFallbacks(catalog map[string]Model) error {
	names := slices.Sorted(maps.Keys(catalog))
	var failures []error
	for _, name := range names {
		for _, fallback := range catalog[name].Fallbacks {
			other, known := catalog[fallback]
			switch {
			case !known:
				failures = append(failures, fmt.Errorf("model %q: fallbacks: no model %q in the catalog; the nearest is %q", name, fallback, nearest(fallback, names)))
			case !other.Priced:
				failures = append(failures, fmt.Errorf("model %q: fallbacks: model %q has no price, and unpriced models are refused", name, fallback))
			case other.Embedding != catalog[name].Embedding:
				failures = append(failures, fmt.Errorf("model %q: fallbacks: of it and %q one makes vectors and the other messages", name, fallback))
			}
		}
		if round := circle(catalog, name, nil); round != nil {
			failures = append(failures, fmt.Errorf("model %q: fallbacks: they lead in a circle: %s", name, strings.Join(round, ", ")))
		}
	}
	return errors.Join(failures...)
}

// circle is the way on which the fallbacks of a model lead back to it, if any.
func circle(catalog map[string]Model, name string, way []string) []string {
	if len(way) > 0 && way[0] == name {
		return append(way, name)
	}
	if slices.Contains(way, name) {
		return nil // a circle of others, told with them
	}
	way = append(slices.Clone(way), name)
	for _, fallback := range catalog[name].Fallbacks {
		if round := circle(catalog, fallback, way); round != nil {
			return round
		}
	}
	return nil
}
