package audit

import (
	"encoding/json"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

// sqlInput and sqlResult are the computation of evidence from a database.
type sqlInput struct {
	Database string `json:"database"`
	Query    string `json:"query"`
}

type sqlResult struct {
	Rows      int    `json:"rows"`
	Truncated bool   `json:"truncated"`
	SHA256    string `json:"sha256"`
}

// derive lists the computations and the queries of evidence, each once, in the
// order of first use.
func derive(evidence []agents.Evidence) (computations []Computation, queries []Query) {
	computations, queries = []Computation{}, []Query{}
	placed := map[string]int{}
	for _, e := range evidence {
		c := e.Computation
		if c == nil {
			continue
		}
		key := c.Tool + "\x00" + e.SHA256 + "\x00" + string(c.Input) + "\x00" + string(c.Result)
		at, known := placed[key]
		if c.Tool != sqlquery.Name {
			if !known {
				at = len(computations)
				computations = append(computations, Computation{Tool: c.Tool, Snapshot: e.SHA256, Input: c.Input, Result: c.Result})
			}
			computations[at].Evidence = append(computations[at].Evidence, e.ID)
		} else {
			if !known {
				at = len(queries)
				queries = append(queries, queryOf(e))
			}
			queries[at].Evidence = append(queries[at].Evidence, e.ID)
		}
		placed[key] = at
	}
	return computations, queries
}

// queryOf reads what can be read; what cannot stays empty, and a verifier says
// so.
func queryOf(e agents.Evidence) Query {
	var in sqlInput
	var out sqlResult
	_ = json.Unmarshal(e.Computation.Input, &in)
	_ = json.Unmarshal(e.Computation.Result, &out)
	return Query{Database: in.Database, Query: in.Query, Rows: out.Rows, Truncated: out.Truncated, SHA256: out.SHA256}
}

// sourcesOf lists the sources of evidence, each once, in the order of first use.
func sourcesOf(evidence []agents.Evidence) []Source {
	sources := []Source{}
	seen := map[string]bool{}
	for _, e := range evidence {
		if seen[e.SHA256] {
			continue
		}
		seen[e.SHA256] = true
		sources = append(sources, Source{
			SHA256: e.SHA256, URI: e.URI, Title: e.Title, Author: e.Author, Year: e.Year, Published: e.Published, Tier: e.Tier,
			Snapshot: folderSnapshots + e.SHA256 + ".txt",
		})
	}
	return sources
}
