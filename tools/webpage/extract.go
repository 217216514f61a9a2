package webpage

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	readability "codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// Article is what a page says, without what stands around it.
type Article struct {
	Title     string
	Byline    string
	Published time.Time // zero when the page does not say
	Language  string    // BCP 47 as the page gives it, in lower case; empty when it does not
	Site      string
	Canonical string // the page's own address, where it names one of its own site
	HTML      string // the main content: text elements without attributes, inside one article
	Opinion   Opinion
}

// Opinion says who found the main content.
type Opinion string

// Readability is asked first. Density is the second opinion: it stands in where
// readability finds nothing or leaves out most of what reads like text, and for
// pages that are too large for it.
const (
	ByReadability Opinion = "readability"
	ByDensity     Opinion = "density"
)

// maxElements is how many elements a page may have for readability, which goes
// over the whole tree several times.
const maxElements = 40_000

// Extract finds the main content of a page in UTF-8, and what the page says of
// itself. The address is where the page was found; its addresses are relative
// to it.
func Extract(address *url.URL, page []byte) (Article, error) {
	root, err := html.Parse(bytes.NewReader(norm.NFC.Bytes(page)))
	if err != nil {
		return Article{}, fmt.Errorf("parsing the page: %w", err)
	}
	facts := readFacts(root, address)
	article := Article{
		Title: facts.title(), Byline: facts.byline(), Published: facts.published(address), Language: facts.language(),
		Site: facts.meta["og:site_name"], Canonical: facts.canonical,
	}
	dense := readDensity(root)
	second, whole := "", render(root, true)
	if node := dense.main(); node != nil {
		second = render(node, true)
	}
	found, err := askReadability(root, address) // it changes the tree: nothing reads it after
	if err == nil && found.Node != nil {
		article.HTML, article.Opinion = render(found.Node, false), ByReadability
		article.complete(found)
	}
	if second != "" && (article.HTML == "" || dense.misses(article.HTML, second)) {
		article.HTML, article.Opinion = second, ByDensity
	}
	if article.HTML == "" { // nothing reads like an article: all that is not around one
		article.HTML, article.Opinion = whole, ByDensity
	}
	article.bound()
	if article.HTML == "" {
		return article, errors.New("the page holds no text of its own")
	}
	return article, nil
}

// askReadability has a crash of the library, on a page made for it, be no more
// than the lack of its opinion.
func askReadability(root *html.Node, address *url.URL) (found readability.Article, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			found, err = readability.Article{}, fmt.Errorf("readability: panic: %v", crash)
		}
	}()
	parser := readability.NewParser()
	parser.MaxElemsToParse = maxElements
	return parser.ParseAndMutate(root, address)
}

// The longest title, names of authors and address that are believed, in bytes.
const (
	maxTitle     = 300
	maxNames     = 200
	maxCanonical = 1024
)

func (a *Article) bound() {
	a.Title, a.Byline, a.Site = shorten(a.Title, maxTitle), shorten(a.Byline, maxNames), shorten(a.Site, maxNames)
	if len(a.Canonical) > maxCanonical {
		a.Canonical = ""
	}
}

func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.TrimSpace(strings.ToValidUTF8(text[:limit], "")) + "…"
}

// complete takes from readability what the page's own words did not tell.
func (a *Article) complete(found readability.Article) {
	if a.Title == "" {
		a.Title = oneLine(found.Title())
	}
	if a.Byline == "" {
		a.Byline = names(oneLine(found.Byline()))
	}
	if a.Language == "" {
		a.Language = language(found.Language())
	}
	if a.Site == "" {
		a.Site = oneLine(found.SiteName())
	}
	if a.Published.IsZero() {
		if at, err := found.PublishedTime(); err == nil && plausible(at) {
			a.Published = at
		}
	}
}

// textElements are kept in the rendered content, without their attributes.
// Others leave their content behind, or are left out with it.
func textElement(a atom.Atom) bool {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.P, atom.Div, atom.Section, atom.Blockquote, atom.Pre,
		atom.Ul, atom.Ol, atom.Li, atom.Dl, atom.Dt, atom.Dd, atom.Figure, atom.Figcaption, atom.Br, atom.Hr,
		atom.Table, atom.Caption, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr, atom.Td, atom.Th, atom.Address,
		atom.Details, atom.Summary, atom.Article, atom.Main, atom.Center, atom.Header:
		return true
	}
	return false
}

// render writes a tree as plain text elements inside one article. Where it is
// raw, what stands around text is left out.
func render(node *html.Node, raw bool) string {
	article := &html.Node{Type: html.ElementNode, DataAtom: atom.Article, Data: "article"}
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	body.AppendChild(article)
	copyText(article, node, raw)
	var out bytes.Buffer
	if err := html.Render(&out, body); err != nil || strings.TrimSpace(textOf(article)) == "" {
		return ""
	}
	return out.String()
}

func copyText(into, node *html.Node, raw bool) {
	switch node.Type {
	case html.TextNode:
		into.AppendChild(&html.Node{Type: html.TextNode, Data: node.Data})
		return
	case html.ElementNode:
		if notText(node) || beside(node.DataAtom) || raw && around(node) {
			return
		}
	case html.CommentNode, html.DoctypeNode:
		return
	}
	if textElement(node.DataAtom) {
		kept := &html.Node{Type: html.ElementNode, DataAtom: node.DataAtom, Data: node.DataAtom.String()}
		switch node.DataAtom {
		case atom.Article, atom.Main, atom.Center, atom.Header: // one article is around all
			kept.DataAtom, kept.Data = atom.Div, "div"
		}
		into.AppendChild(kept)
		into = kept
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		copyText(into, child, raw)
	}
}
