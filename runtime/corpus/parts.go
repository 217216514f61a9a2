package corpus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// partMark parts the name of a document from that of a part of it, as in
// "2024/figures.xlsx!/Sales".
const partMark = "!/"

// The bounds of parts: how many a document may have, those of its parts
// included, how deep they lie in each other, and how long their names are.
const (
	maxParts    = 300
	maxDepth    = 3
	maxPartName = 200
)

// partsLeft is what the parts of one document may still have together.
type partsLeft struct {
	count int
	bytes int64
}

// PartURI names a part of a document.
func PartURI(document, part string) string { return document + partMark + part }

// partOf gives the URI of the document that a document is a part of; empty for
// those that are none.
func partOf(uri string) string {
	if at := strings.LastIndex(uri, partMark); at >= 0 {
		return uri[:at]
	}
	return ""
}

// takeParts takes in the parts of a document, and removes those it had before
// and has no more. A part that cannot be read is a gap of its own.
func (c *Corpora) takeParts(ctx context.Context, in intake, extracted documents.Extracted, left *partsLeft) error {
	names := map[string]bool{}
	for _, part := range extracted.Parts {
		if left.count--; left.count < 0 {
			part = documents.Part{Name: "the rest", Gap: fmt.Sprintf("the document has more than %d parts; split it", maxParts)}
		}
		if part.Title == "" && numbered.MatchString(part.Name) {
			part.Title = titleOf(part.Name, cmp.Or(extracted.Title, in.uri), len(names))
		}
		name := partName(part.Name, names)
		names[name] = true
		if err := c.takePart(ctx, in, name, part, left); err != nil {
			return err
		}
		if left.count < 0 {
			break
		}
	}
	return c.removeParts(ctx, in.corpus, in.uri, names)
}

// numbered are the names of tables and sheets to which nobody gave one.
var numbered = regexp.MustCompile(`(?i)^(table|sheet|tabelle|feuil|hoja|foglio|planilha) ?\d+$`)

// titleOf calls a table without a name by that of its document, and one that is
// not the first of its parts also by its number.
func titleOf(name, document string, before int) string {
	if before == 0 {
		return document
	}
	return document + ", " + name
}

func (c *Corpora) takePart(ctx context.Context, in intake, name string, part documents.Part, left *partsLeft) error {
	inner := intake{corpus: in.corpus, uri: PartURI(in.uri, name), mediaType: part.MediaType, data: part.Data, depth: in.depth + 1}
	if len(inner.uri) > maxURI {
		return fmt.Errorf("document name %q: it has parts whose names do not fit into %d bytes; give it a shorter one", in.uri, maxURI)
	}
	switch left.bytes -= int64(len(part.Data)); {
	case part.Gap != "":
	case left.bytes < 0:
		part.Gap = "the parts of the document are too large together; split it"
	case inner.depth > maxDepth:
		part.Gap = fmt.Sprintf("it lies more than %d deep in other documents; add it as a file", maxDepth)
	}
	if part.Gap != "" {
		return c.keepGap(ctx, inner, part.Gap)
	}
	doc, err := c.take(ctx, inner, left)
	if err == nil && part.Title != "" && doc.Title != part.Title { // which is not in its bytes
		doc.Title = part.Title
		if err := c.store.PutDocument(ctx, doc); err != nil {
			return fmt.Errorf("storing the title of %q: %w", inner.uri, err)
		}
	}
	var unreadable *documents.ReadError
	if errors.As(err, &unreadable) {
		return nil // it is kept as unread
	}
	return err
}

func (c *Corpora) keepGap(ctx context.Context, in intake, why string) error {
	doc := store.Document{
		ID: DocumentID(in.corpus, in.uri), Corpus: in.corpus, URI: in.uri, Title: in.uri, Created: time.Now().UTC(),
		Reader: c.reader, Unread: why,
	}
	if err := c.store.PutDocument(ctx, doc); err != nil {
		return fmt.Errorf("noting that %q cannot be read: %w", in.uri, err)
	}
	return nil
}

// partName makes a name that no other part of the document has.
func partName(name string, taken map[string]bool) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, ""), partMark, "! /")
	name = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, name)
	if len(name) > maxPartName {
		name = strings.ToValidUTF8(name[:maxPartName], "")
	}
	if name == "" {
		name = "part"
	}
	unique := name
	for n := 2; taken[unique]; n++ {
		unique = fmt.Sprintf("%s (%d)", name, n)
	}
	return unique
}

// removeParts removes the parts of a document but those named, and the parts of
// those it removes.
func (c *Corpora) removeParts(ctx context.Context, corpus, uri string, keep map[string]bool) error {
	parts, err := c.partsOf(ctx, corpus, uri)
	if err != nil {
		return err
	}
	for _, part := range parts {
		name, _, _ := strings.Cut(strings.TrimPrefix(part.URI, PartURI(uri, "")), partMark)
		if keep[name] {
			continue
		}
		if err := c.store.RemoveDocument(ctx, corpus, part.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("removing %q, which is no longer there: %w", part.URI, err)
		}
	}
	return nil
}

// partsOf lists the parts of a document, and theirs.
func (c *Corpora) partsOf(ctx context.Context, corpus, uri string) ([]store.Document, error) {
	prefix := PartURI(uri, "")
	var parts []store.Document
	for after := prefix; ; {
		page, err := c.store.DocumentsIn(ctx, corpus, after, pageSize)
		if err != nil {
			return nil, fmt.Errorf("listing the parts of %q: %w", uri, err)
		}
		end := slices.IndexFunc(page, func(doc store.Document) bool { return !strings.HasPrefix(doc.URI, prefix) })
		if end >= 0 || len(page) < pageSize {
			if end < 0 {
				end = len(page)
			}
			return append(parts, page[:end]...), nil
		}
		parts = append(parts, page...)
		after = page[len(page)-1].URI
	}
}

// Remove takes a document with its parts out of a corpus, or gives an error
// that wraps [store.ErrNotFound]. Evidence that stands on it keeps its
// snapshot.
func (c *Corpora) Remove(ctx context.Context, corpus, id string) error {
	doc, err := c.store.Document(ctx, corpus, id)
	if err != nil {
		return fmt.Errorf("looking for document %s in corpus %q: %w", id, corpus, err)
	}
	if err := c.removeParts(ctx, corpus, doc.URI, nil); err != nil {
		return err
	}
	if err := c.store.RemoveDocument(ctx, corpus, id); err != nil {
		return fmt.Errorf("removing %q from corpus %q: %w", doc.URI, corpus, err)
	}
	return nil
}
