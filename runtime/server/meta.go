package server

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/quaestor-run/quaestor/runtime/server/api"
)

// docsPolicy keeps the documentation from loading anything from elsewhere. The
// page is a script that writes its own styles.
const docsPolicy = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"

// docs is the interactive documentation.
func docs() http.Handler {
	page := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "Quaestor API", SwaggerJSON: "/openapi.json", BasePath: "/docs/",
		SettingsUI: map[string]string{"defaultModelsExpandDepth": "1", "tryItOutEnabled": "true"},
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		page.ServeHTTP(w, r)
	})
}

// GetHealth says that the process lives.
func (o operations) GetHealth(context.Context, api.GetHealthRequestObject) (api.GetHealthResponseObject, error) {
	return api.GetHealth200JSONResponse{Status: "ok", Version: o.version}, nil
}

// readyPatience is how long a part may take to say that it is ready.
const readyPatience = 5 * time.Second

// GetReadiness asks the store and Temporal, at the same time.
func (o operations) GetReadiness(ctx context.Context, _ api.GetReadinessRequestObject) (api.GetReadinessResponseObject, error) {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	var storeErr, engineErr error
	var asking sync.WaitGroup
	asking.Go(func() { storeErr = o.store.Ping(ctx) })
	if o.engine != nil {
		asking.Go(func() { engineErr = o.engine.Ready(ctx) })
	}
	asking.Wait()
	var failed []api.FieldError
	for component, err := range map[string]error{"store": storeErr, "temporal": engineErr} {
		if err != nil {
			failed = append(failed, api.FieldError{In: api.FieldErrorInComponent, Field: component, Message: err.Error()})
		}
	}
	if len(failed) > 0 {
		return nil, atFields(http.StatusServiceUnavailable, failed...)
	}
	return api.GetReadiness200JSONResponse{Status: "ready", Version: o.version}, nil
}

// GetMetrics gives the metrics in the format the collector asks for.
func (o operations) GetMetrics(ctx context.Context, _ api.GetMetricsRequestObject) (api.GetMetricsResponseObject, error) {
	if o.metrics == nil {
		return nil, newProblem(http.StatusNotFound, "This server keeps no metrics.")
	}
	return metricsPage{o.metrics, exchangeOf(ctx).request}, nil
}

// metricsPage hands the request to the handler of the metrics.
type metricsPage struct {
	handler http.Handler
	request *http.Request
}

// VisitGetMetricsResponse implements api.GetMetricsResponseObject.
func (m metricsPage) VisitGetMetricsResponse(w http.ResponseWriter) error {
	m.handler.ServeHTTP(w, m.request)
	return nil
}

// VisitGetOpenAPIJSONResponse implements api.GetOpenAPIJSONResponseObject.
func (a respond) VisitGetOpenAPIJSONResponse(w http.ResponseWriter) error { return a.write(w) }

// GetOpenAPIJSON gives the specification.
func (o operations) GetOpenAPIJSON(context.Context, api.GetOpenAPIJSONRequestObject) (api.GetOpenAPIJSONResponseObject, error) {
	return respond{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: o.specJSON}, nil
}

// GetOpenAPIYAML gives the specification as it was written.
func (o operations) GetOpenAPIYAML(context.Context, api.GetOpenAPIYAMLRequestObject) (api.GetOpenAPIYAMLResponseObject, error) {
	return api.GetOpenAPIYAML200ApplicationYamlResponse{
		Body: bytes.NewReader(specification), ContentLength: int64(len(specification)),
	}, nil
}
