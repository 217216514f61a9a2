package modelapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
)

func TestModels(t *testing.T) {
	t.Parallel()
	w := setup(t)
	double := `{"id":"double","object":"model","created":0,"owned_by":"double","context_window":8000,"max_output_tokens":1000,"embedding":false}`
	vectors := `{"id":"double-vectors","object":"model","created":0,"owned_by":"double","context_window":8000,"embedding":true}`
	if got := w.call(http.MethodGet, "/v1/models", "").want(http.StatusOK); got.body != `{"object":"list","data":[`+double+`,`+vectors+`]}` {
		t.Errorf("got %s", got.body)
	}
	if got := w.call(http.MethodGet, "/v1/models/double", "").want(http.StatusOK); got.body != double {
		t.Errorf("got %s", got.body)
	}
	w.call(http.MethodGet, "/v1/models/of/nobody", "").wantError(http.StatusNotFound, "invalid_request_error", "model", "model_not_found")
	if err := w.store.CreateClient(t.Context(), store.Client{ID: "acme", Models: []string{"double-vectors"}}); err != nil {
		t.Fatal(err)
	}
	if got := w.call(http.MethodGet, "/v1/models", "").want(http.StatusOK); got.body != `{"object":"list","data":[`+vectors+`]}` {
		t.Errorf("got %s", got.body)
	}
	w.call(http.MethodGet, "/v1/models/double", "").wantError(http.StatusNotFound, "invalid_request_error", "model", "model_not_found")
	w.call(http.MethodGet, "/v1/models", "", with("Authorization", "")).wantError(http.StatusUnauthorized, "invalid_request_error", "", "invalid_api_key")
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	w := setup(t)
	got := w.call(http.MethodPost, "/v1/embeddings", `{"model":"double-vectors","input":["one two","é"],"dimensions":2,"user":"u","encoding_format":"float"}`).want(http.StatusOK)
	want := `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[7,1]},{"object":"embedding","index":1,"embedding":[2,1]}],` +
		`"model":"double-vectors","usage":{"prompt_tokens":3,"total_tokens":3}}`
	if got.body != want || got.header.Get("X-Quaestor-Remaining-Tokens") != "900" || got.header.Get("X-Quaestor-Remaining-Usd") != "" {
		t.Errorf("got %s, %v", got.body, got.header)
	}
	got = w.call(http.MethodPost, "/v1/embeddings", `{"model":"double-vectors","input":"xx","encoding_format":"base64"}`).want(http.StatusOK)
	if !strings.Contains(got.body, `"embedding":"AAAAQAAAgD8AAIA/"`) { // 2, 1, 1
		t.Errorf("got %s", got.body)
	}
	calls := w.models.EmbedCalls()
	if len(calls) != 2 || calls[0].Client != "acme" || calls[0].Dimensions != 2 || calls[0].Key == "" || calls[0].Key == calls[1].Key {
		t.Errorf("asked %+v", calls)
	}
	for _, bad := range []struct {
		body, param string
		status      int
	}{
		{`{"model":"double-vectors"}`, "input", 400},
		{`{"input":"x"}`, "model", 400},
		{`{"model":"double-vectors","input":""}`, "input", 400},
		{`{"model":"double-vectors","input":[]}`, "input", 400},
		{`{"model":"double-vectors","input":["a",""]}`, "input[1]", 400},
		{`{"model":"double-vectors","input":[1,2]}`, "input", 400},
		{`{"model":"double-vectors","input":[[1,2]]}`, "input", 400},
		{`{"model":"double-vectors","input":null}`, "input", 400},
		{`{"model":"double-vectors","input":["a"` + strings.Repeat(`,"a"`, 2048) + `]}`, "input", 400},
		{`{"model":"double-vectors","input":"x","encoding_format":"hex"}`, "encoding_format", 400},
		{`{"model":"double-vectors","input":"x","dimensions":0}`, "dimensions", 400},
		{`{"model":"double","input":"x"}`, "model", 404},
		{`{"model":"nobody","input":"x"}`, "model", 404},
	} {
		w.call(http.MethodPost, "/v1/embeddings", bad.body).wantError(bad.status, "invalid_request_error", bad.param, "*")
	}
}
