package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/citation"
	"github.com/quaestor-run/quaestor/tools/format"
)

// The forms in which the references of a report go into other programs.
const (
	FormCSL    = "csl"
	FormBibTeX = "bibtex"
	FormRIS    = "ris"
)

// sourceRecords reads what the sources of references say of themselves, by the
// hash of their snapshots. Who says nothing is left out.
func sourceRecords(ctx context.Context, sources Snapshots, references []citation.Reference) (map[string]citation.Record, error) {
	records := map[string]citation.Record{}
	for _, reference := range references {
		text, err := sources.Blob(ctx, "sha256:"+reference.SHA256)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the source of reference %d: %w", reference.Number, err)
		}
		if record, ok := citation.ReadFrontMatter(string(text[:min(len(text), 1<<17)])); ok {
			records[reference.SHA256] = record
		}
	}
	return records, nil
}

// exportReferences writes the references of a published report as a library.
func exportReferences(ctx context.Context, s store.Store, run, form string, document format.Document) ([]byte, error) {
	evidence, err := s.Evidence(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of run %s: %w", run, err)
	}
	known := map[string]citation.Record{}
	for _, e := range evidence {
		known[e.SHA256] = citation.RecordOf(e.Title, e.URI, e.Year).From(citation.Origin{
			Author: e.Author, Published: e.Published, Tier: e.Tier, Accessed: e.Accessed,
		})
	}
	var references []citation.Reference
	for _, reference := range document.References {
		references = append(references, citation.Reference{Number: reference.Number, SHA256: reference.SHA256})
	}
	own, err := sourceRecords(ctx, s, references)
	if err != nil {
		return nil, err
	}
	records := make([]citation.Record, 0, len(references))
	for _, reference := range references {
		records = append(records, known[reference.SHA256].With(own[reference.SHA256]))
	}
	switch form {
	case FormBibTeX:
		return []byte(citation.BibTeX(records)), nil
	case FormRIS:
		return []byte(citation.RIS(records)), nil
	}
	return citation.CSLJSON(records)
}

// publishedDocument is the document of a published report.
func publishedDocument(ctx context.Context, s store.Store, run string) (format.Document, store.Report, error) {
	var document format.Document
	published, err := s.Report(ctx, run)
	if err != nil {
		return document, published, fmt.Errorf("reading the report of run %s: %w", run, err)
	}
	whole, err := s.Blob(ctx, published.JSON)
	if err != nil {
		return document, published, fmt.Errorf("reading the report of run %s: %w", run, err)
	}
	if err := json.Unmarshal(whole, &document); err != nil {
		return document, published, fmt.Errorf("decoding the report of run %s: %w", run, err)
	}
	document.Created = published.Created
	return document, published, nil
}
