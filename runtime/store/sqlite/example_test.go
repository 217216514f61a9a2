package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/sqlite"
)

// Follow a run: watch first, read what there is, then wait.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "quaestor")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "store.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if _, _, err := s.CreateRun(ctx, store.Run{ID: "r_1", Topic: "AI in healthcare"}); err != nil {
		log.Fatal(err)
	}
	go func() {
		for _, phase := range []string{"plan", "gather", "done"} {
			update := store.RunUpdate{Phase: &phase, Events: []store.Event{{Key: phase, Type: "phase"}}}
			if err := s.UpdateRun(ctx, "r_1", update); err != nil {
				log.Fatal(err)
			}
		}
	}()

	wake, stop := s.Watch("r_1")
	defer stop()
	for seen := int64(0); seen < 3; {
		events, err := s.Events(ctx, "r_1", seen, 0)
		if err != nil {
			log.Fatal(err)
		}
		for _, event := range events {
			fmt.Println(event.Seq, event.Key)
			seen = event.Seq
		}
		if len(events) == 0 {
			<-wake
		}
	}
	// Output:
	// 1 plan
	// 2 gather
	// 3 done
}
