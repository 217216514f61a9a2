package server_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

func TestGetChart(t *testing.T) {
	t.Parallel()
	w := setup(t, func(options *server.Options) {
		options.RenderChart = func(_ context.Context, run string, number int, form string) ([]byte, error) {
			if number > 2 {
				return nil, store.ErrNotFound
			}
			return fmt.Appendf(nil, "figure %d of %s as %s", number, run, form), nil
		}
	})
	w.addRun(store.Run{ID: "r_1", Status: store.StatusCompleted})
	w.addRun(store.Run{ID: "r_2", Status: store.StatusFailed})
	if err := w.store.PutReport(t.Context(), "r_1", store.Report{Digest: "sha256:abc", Markdown: w.blob("x"), HTML: w.blob("x"), JSON: w.blob("{}")}); err != nil {
		t.Fatal(err)
	}
	tags := map[string]bool{}
	for _, c := range []struct{ path, accept, media, body string }{
		{"1", "", "image/svg+xml", "figure 1 of r_1 as svg"},
		{"2?format=png", "image/svg+xml", "image/png", "figure 2 of r_1 as png"},
		{"1", "image/png, */*;q=0.1", "image/png", "figure 1 of r_1 as png"},
	} {
		got := w.call("GET", "/v1/research/r_1/charts/"+c.path, "", withHeader("Accept", c.accept)).want(200)
		if got.header.Get("Content-Type") != c.media || string(got.body) != c.body {
			t.Errorf("%s: got %s %q", c.path, got.header.Get("Content-Type"), got.body)
		}
		tags[got.header.Get("ETag")] = true
		w.call("GET", "/v1/research/r_1/charts/"+c.path, "", withHeader("Accept", c.accept), withHeader("If-None-Match", got.header.Get("ETag"))).want(304)
	}
	if len(tags) != 3 {
		t.Errorf("three pictures have the tags %v", tags)
	}
	w.call("GET", "/v1/research/r_1/charts/3", "").wantProblem(404, "not-found")
	w.call("GET", "/v1/research/r_2/charts/1", "").wantProblem(404, "not-published")
	w.call("GET", "/v1/research/r_1/charts/0", "").want(400)
	w.call("GET", "/v1/research/r_1/charts/1?format=gif", "").wantField(400, "malformed", "query", "format")
	w.call("GET", "/v1/research/r_1/charts/1", "", withHeader("Accept", "text/html")).wantProblem(406, "not-acceptable")
}
