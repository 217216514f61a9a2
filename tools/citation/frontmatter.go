package citation

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFrontMatter is how much of a document may be front matter, in bytes.
const maxFrontMatter = 64 << 10

// ReadFrontMatter reads what a Markdown document says of itself: its YAML front
// matter (title, author or authors, date or year, doi, journal, volume, issue,
// pages, publisher, url, …) or, without one, a line near its beginning that is
// a DOI and nothing else. The document's DOI is taken, never one in its text;
// ok is false when it says nothing that a reference could use.
func ReadFrontMatter(text string) (record Record, ok bool) {
	text = strings.TrimPrefix(text, "\ufeff")
	if !strings.HasPrefix(text, "---\n") && !strings.HasPrefix(text, "---\r\n") {
		record.DOI = leadingDOI(text)
		return record, record.DOI != ""
	}
	_, rest, _ := strings.Cut(text, "\n")
	matter, found := "", false
	for at := 0; at < len(rest) && at < maxFrontMatter; {
		line, _, more := strings.Cut(rest[at:], "\n")
		if fence := strings.TrimRight(line, " \t\r"); fence == "---" || fence == "..." {
			matter, found = rest[:at], true
			break
		}
		if !more {
			break
		}
		at += len(line) + 1
	}
	if !found {
		return record, false
	}
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(matter), &fields); err != nil {
		return record, false
	}
	record = recordOf(fields)
	if record.DOI == "" {
		record.DOI = leadingDOI(rest[len(matter):])
	}
	return record, record.Title != "" || len(record.Authors) > 0 || record.DOI != "" || record.Issued.Year != 0
}

// leadingDOI finds a line among the first 20 that is a DOI, with or without
// "DOI:" or the address of the resolver before it.
func leadingDOI(text string) string {
	for range 20 {
		line, rest, more := strings.Cut(text, "\n")
		if len(line) < 300 {
			if doi := readDOI(strings.Trim(strings.TrimSpace(line), "*_<>")); doi != "" {
				return doi
			}
		}
		if !more {
			break
		}
		text = rest
	}
	return ""
}

func recordOf(fields map[string]any) Record {
	values := map[string]any{}
	for key, value := range fields {
		values[strings.ReplaceAll(strings.ToLower(key), "_", "-")] = value
	}
	get := func(names ...string) string {
		for _, name := range names {
			if text := scalarText(values[name]); text != "" {
				return text
			}
		}
		return ""
	}
	r := Record{
		ID: get("citation-key", "citekey"), Title: get("title"), Container: get("journal", "container-title", "publication", "booktitle", "website", "site"),
		Publisher: get("publisher", "institution", "organization", "organisation", "school"), Place: get("publisher-place", "place", "location", "address"),
		Volume: get("volume"), Issue: get("issue"), Pages: get("pages", "page"), Edition: get("edition"), Number: get("number", "report-number"),
		Genre: get("genre"), DOI: readDOI(get("doi")), ISBN: get("isbn"), ISSN: get("issn"), URL: get("url", "source-url", "permalink", "canonical"),
		Language: get("lang", "language"), Accessed: readDate(get("accessed", "urldate")),
	}
	for _, key := range []string{"author", "authors", "by", "creator"} {
		if r.Authors = namesOf(values[key]); len(r.Authors) > 0 {
			break
		}
	}
	r.Editors = namesOf(values["editor"])
	if len(r.Editors) == 0 {
		r.Editors = namesOf(values["editors"])
	}
	for _, key := range []string{"date", "issued", "published", "publication-date", "year"} {
		if r.Issued = readDate(get(key)); r.Issued.Year != 0 {
			break
		}
	}
	r.Kind = statedKind(get("type", "kind"), values["journal"] != nil, r)
	return r
}

// statedKind is the kind that the front matter names, in CSL's, BibTeX's or
// plain words, or the one that its fields imply; empty where they imply none.
func statedKind(text string, journal bool, r Record) Kind {
	switch text = strings.ToLower(text); text {
	case "article-journal", "article-newspaper", "book", "chapter", "paper-conference", "report", "thesis", "webpage", "dataset":
		return Kind(text)
	case "":
	default:
		if kind := bibKind(text, ""); kind != KindDocument {
			return kind
		}
	}
	switch {
	case journal:
		return KindArticle
	case r.ISBN != "":
		return KindBook
	}
	return ""
}

// scalarText is a value of the front matter as text. Dates come as times.
func scalarText(value any) string {
	switch value := value.(type) {
	case nil, map[string]any, []any:
		return ""
	case interface{ Format(layout string) string }:
		return value.Format("2006-01-02")
	}
	return shortLine(fmt.Sprint(value))
}

// shortLine bounds what a single field may say.
func shortLine(text string) string {
	text = oneLine(text)
	if chars := []rune(text); len(chars) > 2000 {
		return string(chars[:2000])
	}
	return text
}

// namesOf reads a name, a list of names, or of maps with family and given or
// with name.
func namesOf(value any) []Creator {
	switch value := value.(type) {
	case string:
		var names []Creator
		for part := range strings.SplitSeq(strings.ReplaceAll(value, " and ", ";"), ";") {
			// "A. Smith, B. Jones" is two people, "Smith, Ann" one.
			if parts := strings.Split(part, ","); len(parts) > 1 && strings.Contains(strings.TrimSpace(parts[0]), " ") && !strings.HasPrefix(strings.ToLower(part), "van ") {
				for _, one := range parts {
					names = appendName(names, readName(one))
				}
				continue
			}
			names = appendName(names, readName(part))
		}
		return names
	case []any:
		var names []Creator
		for _, one := range value[:min(len(value), 500)] {
			if text, ok := one.(string); ok {
				names = appendName(names, readName(text))
			} else {
				names = append(names, namesOf(one)...)
			}
		}
		return names
	case map[string]any:
		name := Creator{Family: scalarText(value["family"]), Given: scalarText(value["given"]), Literal: scalarText(value["literal"])}
		if name.Family == "" && name.Literal == "" {
			name = readName(scalarText(value["name"]))
		}
		return appendName(nil, name)
	}
	return nil
}

func appendName(names []Creator, name Creator) []Creator {
	if name.whole() == "" {
		return names
	}
	return append(names, name)
}
