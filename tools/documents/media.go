package documents

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strings"
)

// The media types that can be read.
const (
	Markdown = "text/markdown"
	Plain    = "text/plain"
	HTML     = "text/html"
	CSV      = "text/csv"
	TSV      = "text/tab-separated-values"
	PDF      = "application/pdf"
)

// mediaTypes are the types by the extension of a name.
var mediaTypes = map[string]string{
	".md": Markdown, ".markdown": Markdown, ".mdown": Markdown,
	".txt": Plain, ".text": Plain, ".log": Plain, ".rst": Plain,
	".html": HTML, ".htm": HTML, ".xhtml": HTML,
	".csv": CSV, ".tsv": TSV, ".tab": TSV, ".pdf": PDF,
}

// Readable says whether documents of this name are read at all.
func Readable(name string) bool {
	_, ok := mediaTypes[suffix(name)]
	return ok
}

func suffix(name string) string {
	name, _, _ = strings.Cut(name, "?")
	return strings.ToLower(path.Ext(name))
}

// DetectMediaType gives the media type of a document: by its content where
// that leaves no doubt, then by what was declared, then by the extension of
// its name, then by its content.
func DetectMediaType(name, declared string, data []byte) string {
	head := bytes.TrimLeft(data[:min(len(data), 1024)], "\xef\xbb\xbf \t\r\n")
	if bytes.HasPrefix(head, []byte("%PDF-")) {
		return PDF
	}
	if t, _, err := mime.ParseMediaType(declared); err == nil && t != "application/octet-stream" && t != Plain {
		return canonical(t)
	}
	if t, ok := mediaTypes[suffix(name)]; ok {
		return t
	}
	sniffed, _, _ := mime.ParseMediaType(http.DetectContentType(data[:min(len(data), 512)]))
	return sniffed
}

// canonical gives the one name of types that have several.
func canonical(mediaType string) string {
	switch mediaType {
	case "text/x-markdown":
		return Markdown
	case "application/xhtml+xml":
		return HTML
	case "application/csv", "text/x-csv", "application/vnd.ms-excel":
		return CSV
	case "text/tsv":
		return TSV
	case "application/x-pdf":
		return PDF
	}
	return mediaType
}
