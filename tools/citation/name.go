package citation

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// whole is the family name, or the name of an organisation.
func (n Creator) whole() string {
	if n.Literal != "" {
		return oneLine(n.Literal)
	}
	if n.Family == "" {
		return oneLine(n.Given)
	}
	return oneLine(n.Family)
}

// initials are the first letters of the given names. Each is followed by stop;
// between are spaces or, in a hyphenated name, a hyphen.
func (n Creator) initials(stop, between, hyphen string) string {
	if n.Literal != "" || n.Family == "" {
		return ""
	}
	var out strings.Builder
	for _, given := range strings.Fields(spacedInitials(n.Given)) {
		if out.Len() > 0 && !strings.HasPrefix(given, "-") {
			out.WriteString(between)
		}
		first := true
		for part := range strings.SplitSeq(strings.Trim(given, "."), "-") {
			letter, size := utf8.DecodeRuneInString(part)
			if size == 0 || !unicode.IsLetter(letter) {
				if part == "" && out.Len() > 0 {
					out.WriteString(hyphen)
				}
				continue
			}
			if !first {
				out.WriteString(hyphen)
			}
			out.WriteString(string(unicode.ToUpper(letter)) + stop)
			first = false
		}
	}
	return out.String()
}

// spacedInitials puts spaces between initials that were written without: J.R.
// and JR.
func spacedInitials(given string) string {
	words := strings.Fields(strings.ReplaceAll(given, ".", ". "))
	for i, word := range words {
		if len(word) <= 3 && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			words[i] = strings.Join(strings.Split(word, ""), " ")
		}
	}
	return strings.Join(words, " ")
}

// tight is "Family, I.I.", and tightUpright "I.I. Family".
func (n Creator) tight() string {
	return withSuffix(joined(", ", n.whole(), n.initials(".", "", "-")), ", ", n.Suffix)
}

func (n Creator) tightUpright() string {
	return withSuffix(joined(" ", n.initials(".", "", "-"), n.whole()), " ", n.Suffix)
}

// inverted is "Family, I. I.", as most styles list a name.
func (n Creator) inverted() string {
	return withSuffix(joined(", ", n.whole(), n.initials(".", " ", "-")), ", ", n.Suffix)
}

// upright is "I. I. Family".
func (n Creator) upright() string {
	return withSuffix(joined(" ", n.initials(".", " ", "-"), n.whole()), " ", n.Suffix)
}

// spelled is the name in full, the given names first or last.
func (n Creator) spelled(inverted bool) string {
	if n.Literal != "" || n.Family == "" {
		return n.whole()
	}
	if inverted {
		return withSuffix(joined(", ", oneLine(n.Family), oneLine(n.Given)), ", ", n.Suffix)
	}
	return withSuffix(joined(" ", oneLine(n.Given), oneLine(n.Family)), " ", n.Suffix)
}

// compact is "Family II", as Vancouver lists a name.
func (n Creator) compact() string {
	return withSuffix(joined(" ", n.whole(), n.initials("", "", "")), " ", strings.TrimSuffix(n.Suffix, "."))
}

func withSuffix(name, between, suffix string) string {
	if suffix = oneLine(suffix); suffix == "" {
		return name
	}
	return name + between + suffix
}

// listed joins names: between all but the last, before the last of two, and
// before the last of more.
func listed(names []string, between, two, more string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	case 2:
		return names[0] + two + names[1]
	}
	return strings.Join(names[:len(names)-1], between) + more + names[len(names)-1]
}

func each(names []Creator, write func(Creator) string) []string {
	var out []string
	for _, name := range names {
		if text := write(name); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// joined joins the parts that say something.
func joined(between string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, between)
}

// sentences ends each part that says something with a full stop, unless it ends
// with a mark of its own.
func sentences(parts ...string) string {
	var out strings.Builder
	for _, part := range parts {
		if part == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(part)
		if !ended(part) {
			out.WriteByte('.')
		}
	}
	return out.String()
}

// ended reports whether a text ends with a mark that ends a sentence, inside a
// closing quotation mark too.
func ended(text string) bool {
	text = strings.TrimRight(text, "”’")
	return strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!")
}

// quoted puts a mark at the end of a quoted title, inside its quotation marks,
// unless it ends with one of its own.
func quoted(title, mark string) string {
	if ended(title) {
		mark = ""
	}
	return "“" + title + mark + "”"
}

// before puts a word before a text, where there is one.
func before(word, text string) string {
	if text == "" {
		return ""
	}
	return word + text
}

// readName reads "Family, Given" or "Given Family". A name of one word, and
// one that looks like that of an organisation, stays whole.
func readName(text string) Creator {
	text = oneLine(text)
	if family, given, ok := strings.Cut(text, ","); ok {
		family, given = oneLine(family), oneLine(given)
		suffix := ""
		if jr, rest, ok := strings.Cut(given, ","); ok {
			suffix, given = oneLine(jr), oneLine(rest)
		}
		if family != "" && given != "" {
			return Creator{Family: family, Given: given, Suffix: suffix}
		}
		return Creator{Literal: oneLine(family + " " + given)}
	}
	words := strings.Fields(text)
	if len(words) < 2 || len(words) > 5 || organisation(words) {
		return Creator{Literal: text}
	}
	// A particle in lower case belongs to the family name.
	at := len(words) - 1
	for i := 1; i < len(words)-1; i++ {
		if first, _ := utf8.DecodeRuneInString(words[i]); unicode.IsLower(first) {
			at = i
			break
		}
	}
	return Creator{Given: strings.Join(words[:at], " "), Family: strings.Join(words[at:], " ")}
}

// organisation reports whether words name more likely a body than a person.
func organisation(words []string) bool {
	for _, word := range words {
		switch strings.ToLower(strings.Trim(word, ".,")) {
		case "of", "for", "the", "and", "&", "group", "institute", "university", "project", "agency", "association", "committee",
			"center", "centre", "council", "department", "office", "organization", "organisation", "foundation", "society", "team",
			"consortium", "inc", "ltd", "llc", "gmbh", "bank", "ministry", "administration", "bureau", "commission", "network", "press":
			return true
		}
	}
	return false
}
