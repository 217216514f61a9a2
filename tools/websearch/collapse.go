package websearch

import (
	"hash/fnv"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Group is a source and its copies.
type Group struct {
	Hit
	Copies []string // addresses, at most maxCopies
}

// What counts as the same text: the share of word pairs that two snippets have
// in common, where their titles are the same and where they are not; and how far
// apart copies under one title may be dated.
const (
	sameSnippet      = 0.8
	sameUnderTitle   = 0.3
	syndicatedWithin = 7 * 24 * time.Hour
	maxCopies        = 5
	leastPairs       = 8 // in a snippet, to be compared at all
)

// Collapse puts hits together that are one source: the same address but for
// what tracks its readers, nearly the same words, or the same title with a
// similar text within a week (an agency's report in several papers). A group
// stands where its best hit stood; the earliest dated hit of a better tier
// speaks for it.
func Collapse(hits []Hit) []Group {
	var groups []*grouped
	for _, hit := range hits {
		one := describe(hit)
		at := slices.IndexFunc(groups, func(g *grouped) bool { return slices.ContainsFunc(g.members, one.same) })
		if at < 0 {
			groups = append(groups, &grouped{members: []described{one}})
			continue
		}
		groups[at].members = append(groups[at].members, one)
	}
	all := make([]Group, len(groups))
	for i, g := range groups {
		all[i] = g.group()
	}
	return all
}

type grouped struct{ members []described }

// group lets the best member speak for all.
func (g *grouped) group() Group {
	best := 0
	for i := range g.members {
		if g.members[i].better(g.members[best]) {
			best = i
		}
	}
	group := Group{Hit: g.members[best].Hit}
	seen := []string{g.members[best].address}
	for i, member := range g.members {
		if i == best {
			continue
		}
		if group.Date.IsZero() {
			group.Date = member.Date
		}
		if group.Snippet == "" {
			group.Snippet = member.Snippet
		}
		if !slices.Contains(seen, member.address) && len(group.Copies) < maxCopies {
			seen = append(seen, member.address)
			group.Copies = append(group.Copies, member.URL)
		}
	}
	return group
}

// described is a hit with what it is compared by.
type described struct {
	Hit
	address string
	title   string
	pairs   map[uint64]bool // of neighbouring words of the snippet
}

func describe(hit Hit) described {
	return described{Hit: hit, address: PlainAddress(hit.URL), title: plainTitle(hit.Title), pairs: wordPairs(hit.Snippet)}
}

func (d described) same(other described) bool {
	if d.address == other.address {
		return true
	}
	similar := similarity(d.pairs, other.pairs)
	if similar >= sameSnippet {
		return true
	}
	apart := d.Date.Sub(other.Date).Abs()
	dated := d.Date.IsZero() || other.Date.IsZero() || apart <= syndicatedWithin
	return d.title != "" && d.title == other.title && len(strings.Fields(d.title)) >= 4 && dated && similar >= sameUnderTitle
}

func (d described) better(other described) bool {
	if a, b := rank(d.Tier), rank(other.Tier); a != b {
		return a < b
	}
	return !d.Date.IsZero() && !other.Date.IsZero() && d.Date.Before(other.Date)
}

// rank orders tiers by how near to the origin of a text they tend to be.
func rank(tier string) int {
	if at := slices.Index([]string{"journal", "government", "academic", "news"}, tier); at >= 0 {
		return at
	}
	return 4
}

// PlainAddress is an address without what does not name the page: scheme, www,
// mobile and AMP forms, fragment, the order of parameters, and those that track
// readers.
func PlainAddress(raw string) string {
	address, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || address.Host == "" {
		return raw
	}
	host := strings.ToLower(address.Hostname())
	for _, prefix := range []string{"www.", "m.", "amp.", "mobile."} {
		if rest, ok := strings.CutPrefix(host, prefix); ok && strings.Contains(rest, ".") {
			host = rest
		}
	}
	path := strings.TrimSuffix(address.EscapedPath(), "/")
	for _, suffix := range []string{"/amp", "/index.html", "/index.php"} {
		path = strings.TrimSuffix(path, suffix)
	}
	query := address.Query()
	for name := range query {
		if tracks(strings.ToLower(name)) {
			query.Del(name)
		}
	}
	plain := host + path
	if encoded := query.Encode(); encoded != "" { // sorted by name
		plain += "?" + encoded
	}
	return plain
}

func tracks(name string) bool {
	if strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "mc_") || strings.HasPrefix(name, "at_") {
		return true
	}
	switch name {
	case "fbclid", "gclid", "dclid", "msclkid", "igshid", "ref", "ref_src", "cmpid", "ocid", "smid", "src", "amp", "outputtype", "share", "yclid":
		return true
	}
	return false
}

// plainTitle is a title without the name of its site, case and marks.
func plainTitle(title string) string {
	for _, mark := range []string{" | ", " – ", " — ", " - ", " :: "} {
		if at := strings.LastIndex(title, mark); at >= 0 && len(strings.Fields(title[:at])) >= 4 {
			title = title[:at]
		}
	}
	return strings.Join(plainWords(title), " ")
}

func plainWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func wordPairs(text string) map[uint64]bool {
	words := plainWords(text)
	pairs := map[uint64]bool{}
	for i := 0; i+1 < len(words); i++ {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(words[i] + " " + words[i+1]))
		pairs[hash.Sum64()] = true
	}
	return pairs
}

// similarity is the share of pairs that both have, of those of the shorter: a
// service cuts a snippet where it likes.
func similarity(a, b map[uint64]bool) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < leastPairs {
		return 0
	}
	both := 0
	for pair := range a {
		if b[pair] {
			both++
		}
	}
	return float64(both) / float64(len(a))
}
