package modelapi

import (
	"net/http"
	"slices"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/server/access"
)

// modelObject is a model as OpenAI lists it. When it was made is not known.
type modelObject struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`

	ContextWindow int  `json:"context_window,omitempty"`
	MaxOutput     int  `json:"max_output_tokens,omitempty"`
	Embedding     bool `json:"embedding"`
}

func modelOf(m gateway.ModelInfo) modelObject {
	return modelObject{
		ID: m.Name, Object: "model", OwnedBy: m.Provider,
		ContextWindow: m.ContextWindow, MaxOutput: m.MaxOutput, Embedding: m.Embedding,
	}
}

// visible are the models a caller may use.
func (a *API) visible(caller access.Caller) []gateway.ModelInfo {
	return slices.DeleteFunc(slices.Clone(a.options.Models.Models()), func(m gateway.ModelInfo) bool {
		return len(caller.Client.Models) > 0 && !slices.Contains(caller.Client.Models, m.Name)
	})
}

// listModels serves GET /v1/models.
func (a *API) listModels(w http.ResponseWriter, _ *http.Request, caller access.Caller) error {
	list := struct {
		Object string        `json:"object"`
		Data   []modelObject `json:"data"`
	}{"list", []modelObject{}}
	for _, model := range a.visible(caller) {
		list.Data = append(list.Data, modelOf(model))
	}
	return a.writeJSON(w, list)
}

// getModel serves GET /v1/models/{id}. Names may have slashes.
func (a *API) getModel(w http.ResponseWriter, r *http.Request, caller access.Caller) error {
	name := r.PathValue("id")
	for _, model := range a.visible(caller) {
		if model.Name == name {
			return a.writeJSON(w, modelOf(model))
		}
	}
	return noModel(name)
}

func (a *API) writeJSON(w http.ResponseWriter, value any) error {
	text, err := encode(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	a.write(w, http.StatusOK, text)
	return nil
}
