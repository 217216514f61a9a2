package web

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// The types of pages.
const (
	typeHTML     = "text/html"
	typeXHTML    = "application/xhtml+xml"
	typePlain    = "text/plain"
	typeMarkdown = "text/markdown"
	typePDF      = "application/pdf"
)

// mediaType is what a page is: by its first bytes where they leave no doubt,
// for servers are often wrong, then by what was declared.
func mediaType(declared string, body []byte) string {
	head := bytes.TrimLeft(body[:min(len(body), 1024)], "\xef\xbb\xbf \t\r\n")
	if bytes.HasPrefix(head, []byte("%PDF-")) {
		return typePDF
	}
	kind, _, err := mime.ParseMediaType(declared)
	if err != nil {
		kind, _, _ = strings.Cut(declared, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch kind {
	case typeHTML, typeXHTML:
		return typeHTML
	case typeMarkdown:
		return typeMarkdown
	}
	sniffed, _, _ := mime.ParseMediaType(http.DetectContentType(body[:min(len(body), 512)]))
	if sniffed == typeHTML || kind == "" || strings.HasSuffix(kind, "octet-stream") {
		return sniffed
	}
	return kind
}

// decode gives a page as UTF-8. What is valid UTF-8 is taken as it is, whatever
// the server says; else a byte order mark decides, then the server, then the
// page, then Windows-1252. Bytes that mean nothing become U+FFFD.
func decode(declared string, body []byte, truncated bool) []byte {
	if truncated {
		body = wholeRunes(body)
	}
	_, params, _ := mime.ParseMediaType(declared)
	stateful := strings.HasPrefix(strings.ToLower(params["charset"]), "iso-2022") && bytes.IndexByte(body, 0x1b) >= 0
	if !stateful && utf8.Valid(body) && bytes.IndexByte(body, 0) < 0 {
		return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	}
	found, name, _ := charset.DetermineEncoding(body[:min(len(body), 1024)], declared)
	if name == "utf-8" && !mostlyUTF8(body) {
		found, _ = charset.Lookup("windows-1252")
	}
	if found == nil || found == encoding.Nop {
		return bytes.ToValidUTF8(body, []byte("\ufffd"))
	}
	decoded, _, err := transform.Bytes(found.NewDecoder(), body)
	if err != nil {
		return bytes.ToValidUTF8(body, []byte("\ufffd"))
	}
	return bytes.TrimPrefix(bytes.ToValidUTF8(decoded, []byte("\ufffd")), []byte("\xef\xbb\xbf"))
}

// wholeRunes leaves out the character in whose middle a page was cut.
func wholeRunes(body []byte) []byte {
	for cut := range min(len(body), utf8.UTFMax) {
		if end := body[len(body)-1-cut]; utf8.RuneStart(end) {
			if !utf8.FullRune(body[len(body)-1-cut:]) {
				return body[:len(body)-1-cut]
			}
			return body
		}
	}
	return body
}

// mostlyUTF8 says that a text is UTF-8 with a few bad bytes, and not of another
// charset: of the bytes above ASCII most belong to whole characters.
func mostlyUTF8(body []byte) bool {
	good, bad := 0, 0
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		body = body[size:]
	}
	return good > bad
}
