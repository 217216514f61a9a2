package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// Models lists what can be asked for, by name: the models that have a price and
// a provider.
func (g *Gateway) Models() []ModelInfo { return slices.Clone(g.models) }

func (g *Gateway) listModels() []ModelInfo {
	var list []ModelInfo
	for _, name := range slices.Sorted(maps.Keys(g.options.Catalog)) {
		if model, _, err := g.resolve(name); err == nil {
			list = append(list, ModelInfo{
				Name: name, Provider: model.Provider, ContextWindow: model.ContextWindow, MaxOutput: model.MaxOutput, Embedding: model.Embedding,
			})
		}
	}
	return list
}

// modelFor is the name of the model that serves a call.
func (g *Gateway) modelFor(call Call) string {
	return cmp.Or(call.Model, g.options.Routes.Agents[call.Agent], g.options.Routes.Default)
}

// resolve finds a model that may be used, and who serves it.
func (g *Gateway) resolve(name string) (Model, provider.Provider, error) {
	model, known := g.options.Catalog[name]
	if !known {
		return Model{}, nil, &UnknownModelError{Model: name, Reason: "it is not in the catalog"}
	}
	if !model.Priced {
		return Model{}, nil, &UnpricedError{Model: name}
	}
	server := g.options.Providers[model.Provider]
	if server == nil {
		return Model{}, nil, &UnknownModelError{Model: name, Reason: fmt.Sprintf("its provider %q is not configured", model.Provider)}
	}
	return model, server, nil
}

// checkCatalog looks for what would fail only when a call needs it.
func (g *Gateway) checkCatalog() error {
	if _, _, err := g.resolve(g.options.Routes.Default); err != nil {
		return fmt.Errorf("checking the default model: %w", err)
	}
	for _, agent := range slices.Sorted(maps.Keys(g.options.Routes.Agents)) {
		if _, _, err := g.resolve(g.options.Routes.Agents[agent]); err != nil {
			return fmt.Errorf("checking the model of agent %q: %w", agent, err)
		}
	}
	var failures []error
	for _, name := range slices.Sorted(maps.Keys(g.options.Catalog)) {
		if err := g.checkModel(name); err != nil {
			failures = append(failures, fmt.Errorf("checking model %q: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

// checkModel checks the tiers, regions and fallbacks of a model. Fallbacks of a
// model that nobody can ask for need no provider.
func (g *Gateway) checkModel(name string) error {
	model := g.options.Catalog[name]
	if least := min(model.Input, model.Output, model.CacheRead, model.CacheWrite); least < 0 {
		return errors.New("a price is negative")
	}
	for i, tier := range model.Tiers {
		if tier.Above < 1 || i > 0 && tier.Above <= model.Tiers[i-1].Above {
			return fmt.Errorf("the price tier above %d tokens must be above 0 and above the tier before it", tier.Above)
		}
		if min(tier.Input, tier.Output, tier.CacheRead, tier.CacheWrite) < 0 {
			return fmt.Errorf("a price of the tier above %d tokens is negative", tier.Above)
		}
	}
	for i, region := range model.Regions {
		if region == "" || slices.Contains(model.Regions[:i], region) {
			return fmt.Errorf("region %q is empty or named twice", region)
		}
	}
	for i, fallback := range model.Fallbacks {
		if slices.Contains(model.Fallbacks[:i], fallback) {
			return fmt.Errorf("the fallback %q is named twice", fallback)
		}
		if err := g.checkFallback(model, fallback); err != nil {
			return fmt.Errorf("checking its fallback %q: %w", fallback, err)
		}
	}
	return g.checkCycle(name, nil)
}

func (g *Gateway) checkFallback(model Model, fallback string) error {
	other, known := g.options.Catalog[fallback]
	switch {
	case !known:
		return &UnknownModelError{Model: fallback, Reason: "it is not in the catalog"}
	case !other.Priced:
		return &UnpricedError{Model: fallback}
	case other.Embedding != model.Embedding:
		return errors.New("one makes vectors and the other messages")
	case g.options.Providers[model.Provider] != nil && g.options.Providers[other.Provider] == nil:
		return fmt.Errorf("its provider %q is not configured", other.Provider)
	}
	return nil
}

func (g *Gateway) checkCycle(name string, way []string) error {
	if slices.Contains(way, name) {
		return fmt.Errorf("its fallbacks lead back to it: %s", strings.Join(append(way, name), ", "))
	}
	way = append(slices.Clone(way), name)
	for _, fallback := range g.options.Catalog[name].Fallbacks {
		if err := g.checkCycle(fallback, way); err != nil {
			return err
		}
	}
	return nil
}

// place is a model in one of its regions.
type place struct {
	model   string
	region  string
	circuit *circuit
}

// placesOf lists, for each model, where it is tried: its regions, then those of
// its fallbacks. It fills circuits, by model and region.
func placesOf(catalog map[string]Model, circuits map[string]map[string]*circuit) map[string][]place {
	for name, model := range catalog {
		circuits[name] = map[string]*circuit{}
		for _, region := range model.regions() {
			circuits[name][region] = &circuit{}
		}
	}
	places := make(map[string][]place, len(catalog))
	for name, model := range catalog {
		for _, served := range append([]string{name}, model.Fallbacks...) {
			for _, region := range catalog[served].regions() {
				places[name] = append(places[name], place{model: served, region: region, circuit: circuits[served][region]})
			}
		}
	}
	return places
}

// regions is never empty: "" is the provider's own.
func (m Model) regions() []string {
	if len(m.Regions) == 0 {
		return []string{""}
	}
	return m.Regions
}
