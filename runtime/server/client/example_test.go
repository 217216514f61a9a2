package client_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// Start a run on documents of one's own, follow it live and read the report.
func Example() {
	ctx := context.Background()
	api, err := client.Connect("http://127.0.0.1:8080", os.Getenv("QUAESTOR_KEY"), nil)
	if err != nil {
		log.Fatal(err)
	}
	created, err := api.CreateResearchWithResponse(ctx, nil, client.ResearchRequest{
		Topic:   "How is AI changing medical devices and care?",
		Sources: client.Sources{Documents: []string{"digital-health"}},
		Budget:  client.Budget{USD: "4.50"},
	})
	if err := client.Check(created, err); err != nil {
		log.Fatal(err)
	}
	id := created.JSON202.ID
	for event, err := range api.Events(ctx, id, 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Type, string(event.Data))
	}
	report, err := api.GetReportWithResponse(ctx, id, &client.GetReportParams{Format: new(client.GetReportParamsFormatMd)})
	if err := client.Check(report, err); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", report.Body)
}
