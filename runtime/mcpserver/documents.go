package mcpserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

type searchInput struct {
	Query   string   `json:"query" jsonschema:"minLength=1,maxLength=1000" jsonschema_description:"what to look for: the words a passage about it would use"`
	Sources []string `json:"sources,omitempty" jsonschema:"maxItems=100" jsonschema_description:"names of corpora and ids of documents; the default ones when left out"`
	Limit   int      `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_description:"how many passages to give; 8 when left out"`
}

type passages struct {
	Passages  []passage `json:"passages"`
	Documents int       `json:"documents" jsonschema_description:"how many documents were searched"`
}

type passage struct {
	Document string   `json:"document"`
	Title    string   `json:"title"`
	URI      string   `json:"uri"`
	Year     int      `json:"year,omitempty"`
	Page     int      `json:"page,omitempty"`
	Heading  string   `json:"heading,omitempty"`
	Score    float32  `json:"score"`
	Quotes   []string `json:"quotes" jsonschema_description:"exact sentences of the source"`
	SHA256   string   `json:"sha256" jsonschema_description:"of the snapshot that they stand in"`
}

type documentsInput struct {
	Corpus string `json:"corpus,omitempty" jsonschema:"maxLength=64" jsonschema_description:"whose documents to list; the corpora when left out"`
	Cursor string `json:"cursor,omitempty" jsonschema_description:"next of the page before"`
}

type shelf struct {
	Corpora   []corpus   `json:"corpora,omitempty"`
	Documents []document `json:"documents,omitempty"`
	Next      string     `json:"next,omitempty"`
}

type corpus struct {
	Name      string `json:"name"`
	Documents int    `json:"documents"`
}

type document struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	URI    string `json:"uri"`
	Year   int    `json:"year,omitempty"`
	Words  int    `json:"words,omitempty"`
	Unread string `json:"unread,omitempty" jsonschema_description:"why it could not be read"`
}

func (s *Server) addDocuments() error {
	return errors.Join(
		add(s, "documents_search", "Search documents", "Finds passages in the documents of the server, with the exact sentences, at once and without cost.", reads, s.search),
		add(s, "documents_list", "List documents", "Lists corpora, or the documents of one; their names and ids are sources for research_start and documents_search.", reads, s.shelf),
	)
}

func (s *Server) search(ctx context.Context, r request, in searchInput) (passages, error) {
	sources := in.Sources
	if len(sources) == 0 {
		sources = s.options.Sources
	}
	answer, err := r.api.SearchDocumentsWithResponse(ctx, client.DocumentSearch{Query: in.Query, Sources: sources, Limit: in.Limit})
	if err := client.Check(answer, err); err != nil {
		return passages{}, fmt.Errorf("searching documents: %w", err)
	}
	out := passages{Passages: []passage{}, Documents: answer.JSON200.Documents}
	for _, found := range answer.JSON200.Passages {
		p := passage{
			Document: found.Document, Title: found.Source.Title, URI: found.Source.URI, Year: found.Source.Year, Page: found.Page,
			Heading: found.Heading, Score: found.Score, SHA256: found.Source.SHA256, Quotes: []string{},
		}
		for _, quote := range found.Quotes {
			p.Quotes = append(p.Quotes, quote.Text)
		}
		out.Passages = append(out.Passages, p)
	}
	return out, nil
}

func (s *Server) shelf(ctx context.Context, r request, in documentsInput) (shelf, error) {
	var out shelf
	if in.Corpus == "" {
		answer, err := r.api.ListCorporaWithResponse(ctx)
		if err := client.Check(answer, err); err != nil {
			return shelf{}, fmt.Errorf("listing corpora: %w", err)
		}
		for _, c := range answer.JSON200.Corpora {
			out.Corpora = append(out.Corpora, corpus{c.Name, c.Documents})
		}
		return out, nil
	}
	params := client.ListDocumentsParams{Corpus: in.Corpus}
	if in.Cursor != "" {
		params.Cursor = &in.Cursor
	}
	answer, err := r.api.ListDocumentsWithResponse(ctx, &params)
	if err := client.Check(answer, err); err != nil {
		return shelf{}, fmt.Errorf("listing the documents of %s: %w", in.Corpus, err)
	}
	out.Next = answer.JSON200.Next
	for _, d := range answer.JSON200.Documents {
		out.Documents = append(out.Documents, document{d.ID, d.Title, d.URI, d.Year, d.Words, d.Unread})
	}
	return out, nil
}
