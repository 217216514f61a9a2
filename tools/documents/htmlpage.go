package documents

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// pageFacts is what the head of a page says of it.
type pageFacts struct {
	title     string
	author    string
	published string
	year      int
	url       string
}

// readHead reads the title, date and address of a page from its head: the
// names of Open Graph, Dublin Core, Highwire and schema.org.
func readHead(root *html.Node) pageFacts {
	var facts pageFacts
	titles := map[string]string{}
	eachElement(root, func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.Title:
			if titles["title"] == "" && n.Parent != nil && n.Parent.DataAtom == atom.Head {
				titles["title"] = cleanTitle(rawText(n))
			}
		case atom.Link:
			if attribute(n, "rel") == "canonical" && facts.url == "" {
				facts.url = webAddress(attribute(n, "href"))
			}
		case atom.Meta:
			facts.meta(n, titles)
		case atom.Body:
			return false
		}
		return true
	})
	for _, name := range []string{"citation_title", "dc.title", "og:title", "title"} {
		if facts.title == "" {
			facts.title = titles[name]
		}
	}
	return facts
}

func (f *pageFacts) meta(n *html.Node, titles map[string]string) {
	name := strings.ToLower(attribute(n, "name"))
	if name == "" {
		name = strings.ToLower(attribute(n, "property"))
	}
	if name == "" {
		name = strings.ToLower(attribute(n, "itemprop"))
	}
	content := attribute(n, "content")
	switch name {
	case "citation_title", "dc.title", "og:title":
		titles[name] = cleanTitle(content)
	case "citation_publication_date", "citation_date", "article:published_time", "dc.date", "dc.date.issued",
		"dcterms.issued", "datepublished", "date", "pubdate", "publication_date":
		if f.year == 0 {
			f.year, f.published = yearIn(content), isoDay(content)
		}
	case "author", "citation_author", "dc.creator", "article:author":
		if f.author == "" && webAddress(content) == "" {
			f.author = cleanTitle(content)
		}
	case "og:url":
		if f.url == "" {
			f.url = webAddress(content)
		}
	}
}

func webAddress(value string) string {
	if strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://") {
		return value
	}
	return ""
}

// minMainText is how much text, in bytes, an element must hold to be taken for
// the main content of its page.
const minMainText = 250

// mainContent is the page's main element, or its one article, or its body.
func mainContent(root *html.Node) *html.Node {
	var main, body *html.Node
	var articles []*html.Node
	eachElement(root, func(n *html.Node) bool {
		switch {
		case n.DataAtom == atom.Body:
			body = n
		case main == nil && (n.DataAtom == atom.Main || attribute(n, "role") == "main"):
			main = n
		case n.DataAtom == atom.Article:
			articles = append(articles, n)
			return false
		}
		return true
	})
	if len(articles) == 1 && textBytes(articles[0]) >= minMainText {
		return articles[0]
	}
	if main != nil && textBytes(main) >= minMainText {
		return main
	}
	if body != nil {
		return body
	}
	return root
}

// neverText says that an element holds no text of the page.
func neverText(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Nav, atom.Footer, atom.Button, atom.Select,
		atom.Textarea, atom.Iframe, atom.Svg, atom.Object, atom.Canvas, atom.Audio, atom.Video, atom.Head, atom.Menu,
		atom.Dialog, atom.Math:
		return true
	}
	return false
}

// aside says that an element stands beside the text, by what it is, its role
// or the names it was given.
func aside(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Aside, atom.Form:
		return true
	case atom.Header:
		return !within(n, atom.Article, atom.Main, atom.Section)
	case atom.Ul, atom.Ol:
		if mostlyLinks(n) {
			return true
		}
	}
	switch attribute(n, "role") {
	case "navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alert", "menu", "toolbar":
		return true
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" || a.Key == "aria-hidden" && a.Val == "true" {
			return true
		}
		if (a.Key == "class" || a.Key == "id") && n.DataAtom != atom.Body && aroundText(a.Val) {
			return true
		}
	}
	return strings.Contains(strings.ReplaceAll(attribute(n, "style"), " ", ""), "display:none")
}

// surroundings are words in the class or id of what stands around a text.
var surroundings = wordSet(`advert advertisement ad ads banner breadcrumb breadcrumbs byline-share comments
comment-list cookie cookies consent disqus footer login masthead menu modal nav navbar navigation newsletter
pagination pager popup promo related related-posts share sharing sidebar skip-link social sponsor subscribe
tags toolbar widget`)

func aroundText(names string) bool {
	for name := range strings.FieldsSeq(strings.ToLower(names)) {
		if surroundings[name] {
			return true
		}
		for _, end := range []string{"-nav", "-menu", "-footer", "-sidebar", "-breadcrumb", "-breadcrumbs", "-share", "-cookie", "-ad"} {
			if strings.HasSuffix(name, end) {
				return true
			}
		}
	}
	return false
}

func within(n *html.Node, names ...atom.Atom) bool {
	for parent := n.Parent; parent != nil; parent = parent.Parent {
		for _, name := range names {
			if parent.DataAtom == name {
				return true
			}
		}
	}
	return false
}

// mostlyLinks says that two thirds of a list's text are links: a menu.
func mostlyLinks(list *html.Node) bool {
	all, linked := textBytes(list), 0
	eachElement(list, func(n *html.Node) bool {
		if n.DataAtom == atom.A {
			linked += textBytes(n)
			return false
		}
		return true
	})
	return all > 0 && linked*3 > all*2
}
