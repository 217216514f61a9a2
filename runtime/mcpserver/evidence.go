package mcpserver

import (
	"context"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

func evidenceList(ctx context.Context, api *client.API, id string) (*client.EvidenceList, error) {
	answer, err := api.GetEvidenceWithResponse(ctx, id)
	if err := client.Check(answer, err); err != nil {
		return nil, fmt.Errorf("reading the evidence of %s: %w", id, err)
	}
	return answer.JSON200, nil
}

func (s *Server) evidence(ctx context.Context, r request, in evidenceInput) (findings, error) {
	all, err := evidenceList(ctx, r.api, in.ID)
	if err != nil {
		return findings{}, err
	}
	chosen := slices.DeleteFunc(slices.Clone(all.Claims), func(c client.Claim) bool {
		return len(in.Claims) > 0 && !slices.Contains(in.Claims, c.ID)
	})
	limit := in.Limit
	if limit == 0 {
		limit = 25
	}
	start := min(in.Offset, len(chosen))
	out := findings{Claims: []claim{}, Evidence: []evidence{}, Total: len(chosen)}
	cited := map[string]bool{}
	for _, c := range chosen[start:min(start+limit, len(chosen))] {
		out.Claims = append(out.Claims, claimOf(c))
		for _, id := range c.Evidence {
			cited[id] = true
		}
	}
	for _, e := range all.Evidence {
		if cited[e.ID] {
			out.Evidence = append(out.Evidence, evidenceOf(e))
		}
	}
	return out, nil
}

func claimOf(c client.Claim) claim {
	out := claim{ID: c.ID, Section: c.Section, Text: c.Text, Status: string(c.Status), Evidence: c.Evidence}
	for _, problem := range c.Problems {
		out.Problems = append(out.Problems, problem.Reason)
	}
	return out
}

func evidenceOf(e client.Evidence) evidence {
	return evidence{
		ID: e.ID, Quote: e.Quote, Title: e.Source.Title, URI: e.Source.URI, Year: e.Source.Year, Page: e.Page, Heading: e.Heading,
		SHA256: e.Source.SHA256, Start: e.Start, End: e.End,
	}
}
