package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/workflows"
)

// readsDocuments gives the server what reads documents in earnest.
func readsDocuments(t *testing.T) func(*server.Options) {
	return func(options *server.Options) {
		c := corpus.New(options.Store, corpus.Options{})
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
		options.Documents = c
	}
}

func TestUploadsSayWhatWasReadAgain(t *testing.T) {
	t.Parallel()
	w := setup(t, readsDocuments(t))
	const text = "---\nauthor: A. Nobody\ndate: 2021-05-06\n---\n\n# Fever\n\nFever fell in 12 of 20 patients.\n"
	for _, step := range []struct{ corpus, text, intake string }{
		{"c1", text, "added"}, {"c1", text, "unchanged"}, {"c2", text, "reused"}, {"c2", text + "It came back.\n", "changed"},
	} {
		var got struct {
			Documents []struct{ Intake, Author, Published string }
		}
		w.upload("corpus="+step.corpus, "@a.md="+step.text).want(201).into(&got)
		if d := got.Documents[0]; d.Intake != step.intake || d.Author != "A. Nobody" || d.Published != "2021-05-06" {
			t.Errorf("into %s: %+v, want %s", step.corpus, d, step.intake)
		}
	}
}

func TestRemoveDocument(t *testing.T) {
	t.Parallel()
	w := setup(t, readsDocuments(t))
	var got struct{ Documents []document }
	w.upload("corpus=c1", "@a.md=# A\n\nFever fell in 12 of 20 patients.\n", "@b.md=# B\n\nCough did not change in any of them.\n").want(201).into(&got)
	address := "/v1/documents/" + got.Documents[0].ID + "?corpus=c1"
	w.call("DELETE", address, "").want(204)
	w.call("DELETE", address, "").want(404)
	w.call("GET", "/v1/documents?corpus=c1", "").want(200).into(&got)
	if len(got.Documents) != 1 || got.Documents[0].URI != "b.md" {
		t.Errorf("left are %+v", got.Documents)
	}
}

func TestWindowOfPublication(t *testing.T) {
	t.Parallel()
	w := setup(t, readsDocuments(t))
	w.upload("corpus=c1", "@a.md=# A\n\nFever fell in 12 of 20 patients.\n").want(201)
	body := `{"topic":"fever","sources":{"documents":["c1"]},"published":{"from":"2020-01-01","to":"2021-12-31"}}`
	var accepted struct{ ID string }
	w.call("POST", "/v1/research", body).want(202).into(&accepted)
	run, err := w.store.Run(t.Context(), accepted.ID)
	if err != nil {
		t.Fatal(err)
	}
	var request workflows.ResearchRequest
	if err := json.Unmarshal(run.Request, &request); err != nil || request.Published.From != "2020-01-01" || request.Published.To != "2021-12-31" {
		t.Errorf("request %+v, %v", request, err)
	}
	for _, wrong := range []string{`{"from":"2020-13-01"}`, `{"to":"soon"}`, `{"from":"2021-01-01","to":"2020-01-01"}`, `{"until":"2020-01-01"}`} {
		answer := w.call("POST", "/v1/research", strings.Replace(body, `{"from":"2020-01-01","to":"2021-12-31"}`, wrong, 1)).want(422)
		if !strings.Contains(string(answer.body), "published") {
			t.Errorf("%s: %s", wrong, answer.body)
		}
	}
}
