package factcheck

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "factcheck"

//go:embed factcheck.md
var description string

// maxClaims bounds one call.
const maxClaims = 1000

// Shelf gives the evidence of a run.
type Shelf interface {
	// Cited gives the evidence of the run of scope that has one of the ids, in
	// any order. Ids that are not its evidence are left out.
	Cited(ctx context.Context, scope tools.Scope, ids []string) ([]Evidence, error)
}

// Input is what the tool takes.
type Input struct {
	Claims []Claim `json:"claims" jsonschema:"minItems=1"`
}

// Output has a verdict for each claim, in their order.
type Output struct {
	Verdicts []Verdict `json:"verdicts"`
}

// New makes the tool.
func New(shelf Shelf) (tools.Tool, error) {
	return tools.New(Name, description, func(ctx context.Context, scope tools.Scope, in Input) (Output, error) {
		if len(in.Claims) > maxClaims {
			return Output{}, &tools.InputError{Field: "claims", Reason: fmt.Sprintf("%d are too many for one call; give at most %d", len(in.Claims), maxClaims)}
		}
		var ids []string
		for _, claim := range in.Claims {
			ids = append(ids, claim.Evidence...)
		}
		evidence, err := shelf.Cited(ctx, scope, ids)
		if err != nil {
			return Output{}, fmt.Errorf("finding the evidence that is cited: %w", err)
		}
		reader := NewReader(Among(evidence))
		out := Output{Verdicts: make([]Verdict, 0, len(in.Claims))}
		for _, claim := range in.Claims {
			out.Verdicts = append(out.Verdicts, reader.Check(claim))
		}
		return out, nil
	})
}

// Among finds evidence in a list.
func Among(evidence []Evidence) func(id string) (Evidence, bool) {
	byID := make(map[string]Evidence, len(evidence))
	for _, e := range evidence {
		byID[e.ID] = e
	}
	return func(id string) (Evidence, bool) { e, ok := byID[id]; return e, ok }
}
