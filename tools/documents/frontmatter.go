package documents

import (
	"strconv"
	"strings"
	"time"
)

// frontMatter is what a document says of itself before its text.
type frontMatter struct {
	title     string
	author    string
	published string
	year      int
	url       string
}

// extracted begins a document with what is known of it.
func (m frontMatter) extracted(source string) Extracted {
	return Extracted{Text: source, Title: m.title, Author: m.author, Published: m.published, Year: m.year, URL: m.url}
}

// readFrontMatter reads the simple "key: value" lines between two lines of
// three dashes (or pluses, with "=") at the start of a document, and gives the
// offset of what follows. Without a closing line there is no front matter.
func readFrontMatter(source string) (matter frontMatter, body int) {
	at := len(source) - len(strings.TrimPrefix(source, "\ufeff"))
	line, next := cutLine(source, at)
	fence := strings.TrimSpace(line)
	if fence != "---" && fence != "+++" {
		return frontMatter{}, at
	}
	separator := ":"
	if fence == "+++" {
		separator = "="
	}
	for next < len(source) {
		line, next = cutLine(source, next)
		if trimmed := strings.TrimSpace(line); trimmed == fence || trimmed == "..." {
			return matter, next
		}
		if key, value, ok := strings.Cut(line, separator); ok {
			matter.set(strings.ToLower(strings.TrimSpace(key)), unquote(strings.TrimSpace(value)))
		}
	}
	return frontMatter{}, at
}

func cutLine(source string, from int) (line string, next int) {
	if end := strings.IndexByte(source[from:], '\n'); end >= 0 {
		return source[from : from+end], from + end + 1
	}
	return source[from:], len(source)
}

func unquote(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}

func (m *frontMatter) set(key, value string) {
	switch key {
	case "title":
		m.title = value
	case "author", "authors", "byline", "creator":
		if m.author == "" {
			m.author = strings.Trim(value, "[] ")
		}
	case "year", "date", "published", "publication_date", "pubdate":
		if m.published == "" {
			m.published = isoDay(value)
		}
		if m.year == 0 || key == "year" {
			m.year = yearIn(value)
		}
	case "url", "link", "source", "canonical_url":
		if m.url == "" && (strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://")) {
			m.url = value
		}
	}
}

// isoDay gives the day that text begins with as YYYY-MM-DD, or as much of it as
// is there: dates of ISO 8601 with or without dashes, and years. It is empty
// where there is none.
func isoDay(text string) string {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"2006-01-02", "20060102", "2006/01/02"} {
		if len(text) >= len(layout) {
			if t, err := time.Parse(layout, text[:len(layout)]); err == nil && yearIn(text[:4]) != 0 {
				return t.Format(time.DateOnly)
			}
		}
	}
	if t, err := time.Parse("2006-01", text[:min(len(text), 7)]); err == nil && yearIn(text[:4]) != 0 {
		return t.Format("2006-01")
	}
	if year := yearIn(text); year != 0 {
		return strconv.Itoa(year)
	}
	return ""
}

// yearIn gives the first number of four digits in text that can be a year of
// publication, or 0.
func yearIn(text string) int {
	for i := 0; i+4 <= len(text); i++ {
		if !asciiDigit(text[i]) {
			continue
		}
		end := i
		for end < len(text) && asciiDigit(text[end]) {
			end++
		}
		if end-i == 4 || end-i == 8 || end-i == 14 { // 2024, 20240131, 20240131120000
			if t, err := time.Parse("2006", text[i:i+4]); err == nil && t.Year() >= 1500 && t.Year() < 2100 {
				return t.Year()
			}
		}
		i = end
	}
	return 0
}
