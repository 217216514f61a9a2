package corpus

import (
	"context"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// The bounds of a survey.
const (
	surveyDocuments = 60
	surveyTables    = 20
	surveyUnread    = 50
)

// Survey tells what the sources of a scope hold: the documents most relevant
// to the topic first, the profiles of the tables likewise, and what could not
// be read.
func (c *Corpora) Survey(ctx context.Context, scope tools.Scope, topic string) (agents.Survey, error) {
	set, err := c.open(ctx, scope)
	if err != nil {
		return agents.Survey{}, err
	}
	survey := agents.Survey{
		Documents: []agents.DocumentProfile{}, Tables: []tools.TableProfile{}, Unread: []agents.UnreadDocument{},
		Total: len(set.unread), Notes: slices.Clone(set.notes),
	}
	for _, doc := range set.indexed {
		if partOf(doc.URI) == "" || doc.MediaType != documents.TSV { // tables and sheets are counted with what holds them
			survey.Total++
		}
	}
	told := map[int]bool{}
	for _, place := range set.index.Relevant(topic) {
		doc := set.indexed[place]
		switch {
		case !isTable(doc.MediaType):
			family := set.index.Original(place)
			if len(survey.Documents) < surveyDocuments && !told[family] {
				told[family] = true // its copies say nearly the same
				survey.Documents = append(survey.Documents, agents.DocumentProfile{
					ID: doc.ID, Title: doc.Title, URI: doc.URI, MediaType: doc.MediaType, Year: doc.Year, Words: doc.Words,
					Published: doc.Published, Tier: tierOf(doc.URL), Copies: set.index.Copies(place),
				})
			}
		case len(survey.Tables) < surveyTables:
			table, err := c.table(ctx, doc)
			if err != nil {
				return agents.Survey{}, err
			}
			survey.Tables = append(survey.Tables, documents.Profile(table, topic))
		}
	}
	if err := c.embed(ctx, scope, set); err != nil {
		if ctx.Err() != nil {
			return agents.Survey{}, ctx.Err()
		}
		survey.Notes = append(survey.Notes, "Passages were found by their words alone, and not by meaning: "+err.Error()+".")
	}
	for _, doc := range set.unread[:min(len(set.unread), surveyUnread)] {
		survey.Unread = append(survey.Unread, agents.UnreadDocument{URI: doc.URI, Reason: doc.Unread})
	}
	return survey, nil
}

// Table gives a table by its document id. An id that is not among the sources
// of the scope, or is no table, gives a [*tools.InputError].
func (c *Corpora) Table(ctx context.Context, scope tools.Scope, id string) (*tools.Table, error) {
	set, err := c.open(ctx, scope)
	if err != nil {
		return nil, err
	}
	doc, ok := set.original[id]
	switch {
	case !ok:
		return nil, &tools.InputError{Field: "table", Reason: fmt.Sprintf("no table %q among the sources of this run; %s", id, set.tableIDs())}
	case !isTable(doc.MediaType):
		return nil, &tools.InputError{Field: "table", Reason: fmt.Sprintf("%s (%q) is a document and no table; %s", id, doc.Title, set.tableIDs())}
	}
	return c.table(ctx, doc)
}

// tableIDs tells which tables there are.
func (s *sourceSet) tableIDs() string {
	ids := ""
	count := 0
	for _, doc := range s.indexed {
		if isTable(doc.MediaType) {
			if count++; count <= surveyTables {
				ids += fmt.Sprintf(" %s (%q)", doc.ID, doc.Title)
			}
		}
	}
	if count == 0 {
		return "there are no tables"
	}
	return "the tables are" + ids
}

// table reads a table, or has it from the cache.
func (c *Corpora) table(ctx context.Context, doc store.Document) (*tools.Table, error) {
	return c.tables.get(ctx, doc.ID+" "+doc.Snapshot, func(ctx context.Context) (*tools.Table, int64, error) {
		text, err := c.store.Blob(ctx, doc.Snapshot)
		if err != nil {
			return nil, 0, fmt.Errorf("fetching table %q: %w", doc.URI, err)
		}
		source := documents.TableSource{ID: doc.ID, Title: doc.Title, URI: doc.URI, MediaType: doc.MediaType, Text: string(text)}
		table, err := documents.ReadTable(source, c.limits)
		if err != nil {
			return nil, 0, err
		}
		cells := int64(table.Rows) * int64(len(table.Columns))
		return table, int64(len(text)) + cells*32, nil
	})
}

// Verify checks that a piece of evidence is what it says: its quote stands in
// its snapshot at its offsets, and its id names that place.
func (c *Corpora) Verify(ctx context.Context, evidence agents.Evidence) error {
	if id := evidence.Citation.ID(); evidence.ID != id {
		return fmt.Errorf("evidence %s: its place and computation make it %s", evidence.ID, id)
	}
	text, err := c.store.Blob(ctx, "sha256:"+evidence.SHA256)
	if err != nil {
		return fmt.Errorf("evidence %s: fetching snapshot %s: %w", evidence.ID, evidence.SHA256, err)
	}
	start, end := evidence.Start, evidence.End
	if start < 0 || start >= end || end > len(text) {
		return fmt.Errorf("evidence %s: bytes %d to %d do not lie in its snapshot of %d", evidence.ID, start, end, len(text))
	}
	if string(text[start:end]) != evidence.Quote {
		return fmt.Errorf("evidence %s: the snapshot of %q says something else at bytes %d to %d than the quote", evidence.ID, evidence.URI, start, end)
	}
	return nil
}
