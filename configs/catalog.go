package configs

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

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
	Price         *modelPrice `yaml:"price"`
}

type modelPrice struct {
	Input      *NanoUSD `yaml:"input"`
	Output     *NanoUSD `yaml:"output"`
	CacheRead  *NanoUSD `yaml:"cache_read"`
	CacheWrite *NanoUSD `yaml:"cache_write"`
}

// loadCatalog reads the built-in models, and those of a file over them.
func loadCatalog(path string) (map[string]Model, error) {
	catalog, err := readCatalog("models.yaml", modelsYAML)
	if err != nil || path == "" {
		return catalog, err
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
	return catalog, nil
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
	case e.MaxOutput < 1 || e.ContextWindow <= e.MaxOutput:
		return Model{}, errors.New("max_output must be at least 1, and context_window above it")
	}
	m := Model{Provider: e.Provider, ID: e.ID, ContextWindow: e.ContextWindow, MaxOutput: e.MaxOutput}
	if e.Price == nil {
		return m, nil
	}
	if e.Price.Input == nil || e.Price.Output == nil {
		return Model{}, errors.New("a price needs input and output")
	}
	m.Priced = true
	m.Input, m.Output = int64(*e.Price.Input), int64(*e.Price.Output)
	m.CacheRead, m.CacheWrite = m.Input, m.Input
	if e.Price.CacheRead != nil {
		m.CacheRead = int64(*e.Price.CacheRead)
	}
	if e.Price.CacheWrite != nil {
		m.CacheWrite = int64(*e.Price.CacheWrite)
	}
	return m, nil
}
