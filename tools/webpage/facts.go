package webpage

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/publicsuffix"
)

// facts is what a page says of itself in its head, in structured data (JSON-LD
// of schema.org) and in its marks.
type facts struct {
	meta      map[string]string // first value of each name, property or itemprop, in lower case
	titleTag  string
	heading   string // the first h1
	lang      string
	canonical string
	times     []string // datetime of time elements, in order
	author    string   // of rel="author" or itemprop="author"
	linked    linkedData
}

// linkedData is what schema.org's types say of an article.
type linkedData struct {
	headline, author, published, language string
}

// maxLinkedData bounds the JSON-LD that is read of one script.
const maxLinkedData = 1 << 20

func readFacts(root *html.Node, address *url.URL) facts {
	f := facts{meta: map[string]string{}}
	base, canonical := "", ""
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		switch node.DataAtom {
		case atom.Html:
			f.lang = attribute(node, "lang")
		case atom.Base:
			base = cmp.Or(base, attribute(node, "href"))
		case atom.Link:
			if strings.EqualFold(attribute(node, "rel"), "canonical") {
				canonical = cmp.Or(canonical, attribute(node, "href"))
			}
		case atom.Meta:
			f.addMeta(node)
		default:
			f.addText(node)
		}
	}
	f.canonical = cmp.Or(ownAddress(address, base, canonical), ownAddress(address, base, f.meta["og:url"]))
	return f
}

// addText takes what stands in an element, and not in its marks.
func (f *facts) addText(node *html.Node) {
	switch node.DataAtom {
	case atom.Title:
		if f.titleTag == "" && node.Parent != nil && node.Parent.DataAtom == atom.Head {
			f.titleTag = oneLine(rawText(node))
		}
	case atom.H1:
		if f.heading == "" {
			f.heading = oneLine(textOf(node))
		}
	case atom.Script:
		if strings.EqualFold(attribute(node, "type"), "application/ld+json") {
			f.linked.read(rawText(node))
		}
	case atom.Time:
		if at := attribute(node, "datetime"); at != "" && len(f.times) < 16 {
			f.times = append(f.times, at)
		}
	}
	if f.author == "" && (attribute(node, "rel") == "author" || attribute(node, "itemprop") == "author") {
		f.author = oneLine(textOf(node))
	}
}

func (f *facts) addMeta(node *html.Node) {
	content := oneLine(attribute(node, "content"))
	for _, key := range []string{"name", "property", "itemprop", "http-equiv"} {
		name := strings.ToLower(attribute(node, key))
		if name != "" && f.meta[name] == "" && content != "" {
			f.meta[name] = content
		}
	}
}

// ownAddress resolves an address that a page gives as its own. A page cannot
// give itself out for one of another site.
func ownAddress(address *url.URL, base, given string) string {
	if strings.TrimSpace(given) == "" {
		return ""
	}
	from := address
	if to, err := address.Parse(strings.TrimSpace(base)); err == nil {
		from = to
	}
	to, err := from.Parse(strings.TrimSpace(given))
	if err != nil || to.Scheme != "http" && to.Scheme != "https" || to.User != nil || site(to) != site(address) {
		return ""
	}
	to.Fragment = ""
	return to.String()
}

// site is the registrable domain of an address.
func site(address *url.URL) string {
	host := strings.ToLower(address.Hostname())
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}

// title prefers what was written for citation, and leaves out the name of the
// site behind a heading.
func (f facts) title() string {
	title := cmp.Or(f.meta["citation_title"], f.meta["dc.title"], f.linked.headline, f.meta["og:title"], f.titleTag, f.heading)
	if f.heading != "" && len(f.heading) >= 12 && strings.HasPrefix(title, f.heading) {
		return f.heading
	}
	return title
}

func (f facts) byline() string {
	for _, author := range []string{
		f.meta["citation_author"], f.meta["dc.creator"], f.linked.author, f.meta["author"], f.meta["article:author"], f.author,
	} {
		if names(author) != "" {
			return author
		}
	}
	return ""
}

// names are the names of authors, and not their addresses or their lives.
func names(author string) string {
	if strings.Contains(author, "://") || len(author) > maxNames {
		return ""
	}
	return author
}

func (f facts) language() string {
	return cmp.Or(language(f.lang), language(f.linked.language), language(f.meta["content-language"]), language(f.meta["og:locale"]))
}

// language is a tag of a language in its plain form, or nothing.
func language(lang string) string {
	lang = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(lang), "_", "-"))
	if !languageTag.MatchString(lang) {
		return ""
	}
	return lang
}

var (
	languageTag   = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8})*$`)
	dateInAddress = regexp.MustCompile(`/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?:/|-|$)`)
)

// published is when the page says it was published: by its head, its structured
// data, its address or the first time it shows.
func (f facts) published(address *url.URL) time.Time {
	for _, name := range []string{
		"citation_publication_date", "citation_date", "article:published_time", "datepublished", "dc.date.issued", "dcterms.issued", "dc.date",
		"dcterms.created", "date", "pubdate", "publication_date", "publish-date", "sailthru.date", "parsely-pub-date", "og:published_time", "last-modified-date",
	} {
		if at, ok := parseDate(f.meta[name]); ok {
			return at
		}
	}
	if at, ok := parseDate(f.linked.published); ok {
		return at
	}
	if m := dateInAddress.FindStringSubmatch(address.Path); m != nil {
		if at, err := time.Parse("2006-1-2", m[1]+"-"+m[2]+"-"+m[3]); err == nil && plausible(at) {
			return at
		}
	}
	for _, text := range f.times {
		if at, ok := parseDate(text); ok {
			return at
		}
	}
	return time.Time{}
}

// parseDate reads the forms in which pages give dates to machines.
func parseDate(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 60 {
		return time.Time{}, false
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05.000Z0700", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
		"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly, "2006/01/02", "2006/1/2", "2006-1-2", "20060102",
		"2 January 2006", "January 2, 2006", "2 Jan 2006", "Jan 2, 2006", time.RFC1123, time.RFC1123Z, "02.01.2006", "2006/01", "2006-01",
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, plausible(at)
		}
	}
	return time.Time{}, false
}

// plausible leaves out the placeholders of content systems.
func plausible(at time.Time) bool { return at.Year() >= 1800 && at.Year() <= 2200 && at.Unix() != 0 }

// read takes what an article's structured data say; the first that says a thing
// is believed.
func (l *linkedData) read(text string) {
	if len(text) > maxLinkedData {
		return
	}
	var value any
	if json.Unmarshal([]byte(text), &value) == nil {
		l.walk(value, 0)
	}
}

func (l *linkedData) walk(value any, depth int) {
	if depth > 4 {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			l.walk(item, depth+1)
		}
	case map[string]any:
		if isArticle(v["@type"]) {
			l.headline = cmp.Or(l.headline, oneLine(words(v["headline"])))
			l.author = cmp.Or(l.author, oneLine(words(v["author"])))
			l.published = cmp.Or(l.published, words(v["datePublished"]))
			l.language = cmp.Or(l.language, words(v["inLanguage"]))
		}
		l.walk(v["@graph"], depth+1)
	}
}

func isArticle(kind any) bool {
	switch k := kind.(type) {
	case string:
		return strings.HasSuffix(k, "Article") || strings.HasSuffix(k, "Posting") || k == "Report" || k == "WebPage"
	case []any:
		for _, item := range k {
			if isArticle(item) {
				return true
			}
		}
	}
	return false
}

// words reads text, or the names of persons, of structured data.
func words(value any) string {
	switch v := value.(type) {
	case string:
		return html.UnescapeString(v)
	case map[string]any:
		return words(v["name"])
	case []any:
		var all []string
		for _, item := range v {
			if text := words(item); text != "" && len(all) < 20 {
				all = append(all, text)
			}
		}
		return strings.Join(all, ", ")
	}
	return ""
}

func rawText(node *html.Node) string {
	var text strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
	}
	return text.String()
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
