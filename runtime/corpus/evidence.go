package corpus

import (
	"context"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/factcheck"
)

// Shelf gives the evidence that runs have gathered.
type Shelf struct {
	Runs interface {
		Evidence(ctx context.Context, run string) ([]agents.Evidence, error)
	}
}

// Cited implements [factcheck.Shelf].
func (s Shelf) Cited(ctx context.Context, scope tools.Scope, ids []string) ([]factcheck.Evidence, error) {
	gathered, err := s.Runs.Evidence(ctx, scope.Run)
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of run %s: %w", scope.Run, err)
	}
	var cited []factcheck.Evidence
	for _, e := range gathered {
		if slices.Contains(ids, e.ID) {
			cited = append(cited, factcheck.Evidence{ID: e.ID, Citation: e.Citation})
		}
	}
	return cited, nil
}
