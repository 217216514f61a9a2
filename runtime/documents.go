package runtime

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ocr"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// newCorpora makes what reads and searches documents.
func (r *Runtime) newCorpora() *corpus.Corpora {
	config := r.options.Config
	options := corpus.Options{
		Limits: documents.Limits{Bytes: config.Limits.DocumentBytes}, CacheDir: filepath.Join(r.data, "cache"),
	}
	if config.Documents.OCR == "auto" {
		tesseract, err := ocr.Find(ocr.Options{Languages: config.Documents.OCRLanguages})
		if err != nil {
			r.logger.Info("scanned pages will not be read", zap.Error(err))
		} else {
			options.Scans = tesseract
		}
	}
	if model := config.Documents.Embeddings; model != "" {
		options.Meaning = embedder{r, model}
	}
	return corpus.New(r.store, options)
}

// embedder makes vectors through the gateway, at the cost of the run that asks.
type embedder struct {
	runtime *Runtime // whose gateway is made later
	model   string
}

// Model implements corpus.Embedder.
func (e embedder) Model() string { return e.model }

// Embed implements corpus.Embedder. The key is of its own: what a vector was paid
// for is kept by the corpus, and not by the journal of calls.
func (e embedder) Embed(ctx context.Context, scope tools.Scope, texts []string) ([][]float32, error) {
	made, err := e.runtime.gateway.Embed(ctx, gateway.EmbedCall{
		Key: scope.Run + "/embed/" + rand.Text(), Run: scope.Run, Client: scope.Client, Team: scope.Team, Feature: "research", Model: e.model, Texts: texts,
	})
	if err != nil {
		return nil, fmt.Errorf("making vectors: %w", err)
	}
	return made.Response.Vectors, nil
}
