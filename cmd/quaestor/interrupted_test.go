package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A run that was interrupted goes on as soon as the process starts, and may have
// ended before the documents were looked through: it is still the one. One that
// had ended before is another.
func TestARunThatEndedSinceTheStartIsTheOneThatWasInterrupted(t *testing.T) {
	t.Parallel()
	began := time.Now()
	created := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/research", func(w http.ResponseWriter, r *http.Request) {
		created++
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":"r_%d","status":"running"}`, created)
	})
	ended := map[string]time.Time{"r_1": began.Add(-time.Hour), "r_2": began.Add(time.Second)}
	mux.HandleFunc("GET /v1/research/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		w.Header().Set("Content-Type", "application/json")
		if at, over := ended[id]; over {
			fmt.Fprintf(w, `{"id":%q,"status":"completed","finished_at":%q}`, id, at.Format(time.RFC3339Nano))
			return
		}
		fmt.Fprintf(w, `{"id":%q,"status":"running"}`, id)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	api, err := newAPI(server.URL, "", make(chan error))
	if err != nil {
		t.Fatal(err)
	}
	api.began = began
	if id, err := api.start(t.Context(), researchFlags{}, "Triage", nil); err != nil || id != "r_2" {
		t.Errorf("start gave %q, %v", id, err)
	}
}
