// Package samples holds the documents that ship with the binary: short briefs
// on AI in medical devices and care, written for this project, and small tables
// computed from public records of the U.S. Food and Drug Administration.
package samples

import (
	"embed"
	"io/fs"
)

//go:generate go run ./generate -source source/evidence-on-ai-in-care.md -out documents/evidence-on-ai-in-care.pdf

//go:embed documents
var documents embed.FS

// FS gives the documents, all in one folder: Markdown, HTML, PDF and CSV.
func FS() fs.FS {
	sub, err := fs.Sub(documents, "documents")
	if err != nil {
		panic(err) // the name is a constant that embed has checked
	}
	return sub
}
