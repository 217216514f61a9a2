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
	DOCX     = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	XLSX     = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	PPTX     = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	EPUB     = "application/epub+zip"
	Mail     = "message/rfc822"
)

// oleStorage is the container of Microsoft's older formats, and of newer ones
// that are encrypted.
const oleStorage = "application/x-ole-storage"

// mediaTypes are the types by the extension of a name.
var mediaTypes = map[string]string{
	".md": Markdown, ".markdown": Markdown, ".mdown": Markdown,
	".txt": Plain, ".text": Plain, ".log": Plain, ".rst": Plain,
	".html": HTML, ".htm": HTML, ".xhtml": HTML,
	".csv": CSV, ".tsv": TSV, ".tab": TSV, ".pdf": PDF,
	".docx": DOCX, ".docm": DOCX, ".dotx": DOCX, ".xlsx": XLSX, ".xlsm": XLSX, ".xltx": XLSX,
	".pptx": PPTX, ".pptm": PPTX, ".ppsx": PPTX, ".epub": EPUB, ".eml": Mail,
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
// its name, then by its content. A name or a declaration that promises a
// format of bytes which the content is not is not believed.
func DetectMediaType(name, declared string, data []byte) string {
	if t := unmistakable(data); t != "" {
		return t
	}
	if t, _, err := mime.ParseMediaType(declared); err == nil && t != "application/octet-stream" && t != Plain && !ofBytes(canonical(t)) {
		return canonical(t)
	}
	if t, ok := mediaTypes[suffix(name)]; ok && !ofBytes(t) {
		return t
	}
	sniffed, _, _ := mime.ParseMediaType(http.DetectContentType(data[:min(len(data), 512)]))
	return sniffed
}

// unmistakable is the type that the first bytes of a document, or the folders
// of an archive, make certain; empty where they do not.
func unmistakable(data []byte) string {
	head := bytes.TrimLeft(data[:min(len(data), 1024)], "\xef\xbb\xbf \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return PDF
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return archiveType(data)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return oleStorage
	}
	return ""
}

// archiveType tells documents that are zip archives apart by the names of
// their entries, which stand in them as they are.
func archiveType(data []byte) string {
	for _, known := range [...]struct{ entry, mediaType string }{
		{"mimetypeapplication/epub+zip", EPUB},
		{"word/document", DOCX},
		{"xl/workbook", XLSX},
		{"ppt/presentation", PPTX},
		{"META-INF/container.xml", EPUB},
	} {
		if bytes.Contains(data, []byte(known.entry)) {
			return known.mediaType
		}
	}
	return ""
}

// ofBytes says that documents of a type begin with bytes that no other has.
func ofBytes(mediaType string) bool {
	switch mediaType {
	case DOCX, XLSX, PPTX, EPUB:
		return true
	}
	return false
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
