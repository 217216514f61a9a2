package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// Start a run, follow it live and read the report.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(answer)) // yours: http://127.0.0.1:8080
	defer server.Close()
	if err := research(context.Background(), server.URL); err != nil {
		fmt.Println(err)
	}
	// Output:
	// phase {"phase":"plan"}
	// end {"status":"completed"}
	// # Heat pumps
}

func research(ctx context.Context, url string) error {
	api, err := client.Connect(url, "", nil)
	if err != nil {
		return err
	}
	created, err := api.CreateResearchWithResponse(ctx, nil, client.ResearchRequest{
		Topic: "How is AI changing medical devices and care?", Budget: client.Budget{USD: "4.50"},
	})
	if err := client.Check(created, err); err != nil {
		return err
	}
	id := created.JSON202.ID
	for event, err := range api.Events(ctx, id, 0) {
		if err != nil {
			return err
		}
		fmt.Println(event.Type, string(event.Data))
	}
	report, err := api.GetReportWithResponse(ctx, id, &client.GetReportParams{Format: new(client.GetReportParamsFormatMd)})
	if err := client.Check(report, err); err != nil {
		return err
	}
	fmt.Printf("%s\n", report.Body)
	return nil
}

// answer is a server that has one run.
func answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/research":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		if err := json.NewEncoder(w).Encode(client.Accepted{ID: "r_1", Status: client.StatusRunning}); err != nil {
			panic(err)
		}
	case "/v1/research/r_1/events":
		fmt.Fprint(w, "id: 1\nevent: phase\ndata: {\"phase\":\"plan\"}\n\nevent: end\ndata: {\"status\":\"completed\"}\n\n")
	case "/v1/research/r_1/report":
		fmt.Fprint(w, "# Heat pumps")
	}
}
