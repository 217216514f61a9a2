package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/web"
)

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// findSources finds the documents that the snapshots of evidence were read from,
// among those the run was given and the pages it fetched. A document that has
// changed since is not found; its snapshot is there all the same.
func (g *gathered) findSources(ctx context.Context) error {
	g.sources = sourcesOf(g.evidence)
	wanted := map[string]*Source{}
	for i := range g.sources {
		wanted["sha256:"+g.sources[i].SHA256] = &g.sources[i]
	}
	take := func(d store.Document) {
		s := wanted[d.Snapshot]
		if s == nil || s.Document != "" || s.URI != d.URI {
			return
		}
		s.Corpus, s.Document, s.MediaType, s.Kept, s.Original = d.Corpus, d.ID, d.MediaType, d.Created.UTC(), d.Original
	}
	given := g.request.Sources
	if len(given) == 0 {
		given = []string{corpus.Default}
	}
	for _, source := range append([]string{web.Corpus(g.run.ID)}, given...) {
		find := g.inCorpus
		if strings.HasPrefix(source, "d_") {
			find = g.byID
		}
		if err := find(ctx, source, take); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathered) inCorpus(ctx context.Context, name string, take func(store.Document)) error {
	const page = 500
	for after := ""; ; {
		documents, err := g.Store.DocumentsIn(ctx, name, after, page)
		if err != nil {
			return err
		}
		for _, d := range documents {
			take(d)
			after = d.URI
		}
		if len(documents) < page {
			return nil
		}
	}
}

func (g *gathered) byID(ctx context.Context, id string, take func(store.Document)) error {
	corpora, err := g.Store.Corpora(ctx)
	if err != nil {
		return err
	}
	for _, c := range corpora {
		d, err := g.Store.Document(ctx, c.Name, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		take(d)
	}
	return nil
}
