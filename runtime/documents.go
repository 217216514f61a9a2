package runtime

import (
	"path/filepath"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/ocr"
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
	return corpus.New(r.store, options)
}
