package webpage

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What reads like text: a block of this many bytes, of which links are not more
// than this share.
const (
	denseBytes = 80
	denseLinks = 0.35
)

// mainShare is how much of the dense text the main element must hold: the
// smallest such element is taken, so that a teaser elsewhere does not widen it
// to the page.
const mainShare = 0.7

// density is where on a page the text is that reads like text.
type density struct {
	blocks []denseBlock
	total  int
}

type denseBlock struct {
	node *html.Node
	text string // white space folded
}

// readDensity collects the dense blocks of a page, in order: the lowest block
// elements with text of their own that is not mostly links.
func readDensity(root *html.Node) *density {
	d := &density{}
	d.visit(root)
	for _, b := range d.blocks {
		d.total += len(b.text)
	}
	return d
}

func (d *density) visit(node *html.Node) {
	if node.Type == html.ElementNode {
		if notText(node) || around(node) {
			return
		}
		if isBlock(node.DataAtom) && !hasBlock(node) {
			text := oneLine(textOf(node))
			if len(text) >= denseBytes && float64(linked(node)) <= denseLinks*float64(len(text)) {
				d.blocks = append(d.blocks, denseBlock{node, text})
			}
			return
		}
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		d.visit(child)
	}
}

// main is the smallest element that holds the main share of the dense text.
func (d *density) main() *html.Node {
	held := map[*html.Node]int{}
	for _, b := range d.blocks {
		for node := b.node; node != nil; node = node.Parent {
			held[node] += len(b.text)
		}
	}
	for _, b := range d.blocks {
		for node := b.node; node != nil; node = node.Parent {
			if float64(held[node]) < mainShare*float64(d.total) {
				continue
			}
			return node // of all that hold as much, one lies in the other, and this is the innermost
		}
	}
	return nil
}

// The second opinion is taken where the first has less than leastShare of the
// dense text, and the second is longer by a third.
const leastShare = 0.7

// misses says that the first rendered content leaves out so much that the second
// is better.
func (d *density) misses(first, second string) bool {
	one, two := renderedText(first), renderedText(second)
	return len(two)*3 > len(one)*4 && d.share(one) < leastShare
}

func renderedText(rendered string) string {
	root, err := html.Parse(strings.NewReader(rendered))
	if err != nil {
		return ""
	}
	return oneLine(textOf(root))
}

// share is how much of the dense text stands in a text too.
func (d *density) share(text string) float64 {
	if d.total == 0 {
		return 1
	}
	step := 1 + len(d.blocks)/maxProbes
	there, all := 0, 0
	for i := 0; i < len(d.blocks); i += step {
		size := len(d.blocks[i].text)
		all += size
		if strings.Contains(text, probe(d.blocks[i].text)) {
			there += size
		}
	}
	return float64(there) / float64(all)
}

// maxProbes bounds how many blocks are looked for.
const maxProbes = 200

// probe is the part of a block by which it is found again: its middle, for the
// ends may hang together with what stands beside it.
func probe(text string) string {
	words := strings.Fields(text)
	middle := len(words) / 2
	return strings.Join(words[max(0, middle-4):min(len(words), middle+4)], " ")
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Blockquote, atom.Pre, atom.Li, atom.Dd, atom.Dt, atom.Td,
		atom.Th, atom.Ul, atom.Ol, atom.Dl, atom.Table, atom.Figure, atom.Figcaption, atom.Body, atom.Header, atom.Address,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Center, atom.Tr, atom.Tbody, atom.Thead:
		return true
	}
	return false
}

// hasBlock says that a block lies inside the element. It looks at children that
// are no blocks too, for a block may stand in a link or a span.
func hasBlock(node *html.Node) bool {
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		if child.Type == html.ElementNode && (isBlock(child.DataAtom) || hasBlock(child)) {
			return true
		}
	}
	return false
}

// linked is how many bytes of an element's text are links.
func linked(node *html.Node) int {
	if node.DataAtom == atom.A {
		return len(oneLine(textOf(node)))
	}
	bytes := 0
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		bytes += linked(child)
	}
	return bytes
}

// notText says that an element holds no text of the page.
func notText(node *html.Node) bool {
	switch node.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Button, atom.Select, atom.Textarea, atom.Input, atom.Iframe,
		atom.Svg, atom.Object, atom.Embed, atom.Canvas, atom.Audio, atom.Video, atom.Head, atom.Dialog, atom.Math, atom.Link, atom.Meta:
		return true
	}
	return false
}

// beside says that elements of a kind stand beside the text of a page.
func beside(a atom.Atom) bool {
	switch a {
	case atom.Nav, atom.Footer, atom.Aside, atom.Form, atom.Menu:
		return true
	}
	return false
}

// around says that an element stands around the text: by what it is, by its
// role, by its being hidden, or by the names it was given.
func around(node *html.Node) bool {
	if beside(node.DataAtom) {
		return true
	}
	switch node.DataAtom {
	case atom.Body, atom.Html, atom.Article, atom.Main:
		return false
	}
	for _, a := range node.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			return a.Val == "true"
		case "role":
			if slices.Contains([]string{"navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alert", "menu", "toolbar"}, a.Val) {
				return true
			}
		case "style":
			if style := strings.ReplaceAll(a.Val, " ", ""); strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				return true
			}
		case "class", "id":
			if surrounds(a.Val) {
				return true
			}
		}
	}
	return false
}

// surrounds says that the class or id of an element names what stands around a
// text. Names are taken apart at dashes and underscores.
func surrounds(names string) bool {
	parts := strings.FieldsFunc(strings.ToLower(names), func(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == '\t' || r == '\n' })
	return slices.ContainsFunc(parts, func(part string) bool {
		switch part {
		case "advert", "advertisement", "ads", "breadcrumb", "breadcrumbs", "comments", "comment", "cookie", "cookies", "consent", "disqus",
			"footer", "login", "masthead", "menu", "modal", "nav", "navbar", "navigation", "newsletter", "pagination", "popup", "promo",
			"related", "share", "sharing", "sidebar", "social", "sponsor", "sponsored", "subscribe", "recommended", "outbrain", "taboola":
			return true
		}
		return false
	})
}

// textOf is the text of a tree as it stands, without scripts and their like.
func textOf(node *html.Node) string {
	var text strings.Builder
	addText(&text, node)
	return text.String()
}

func addText(text *strings.Builder, node *html.Node) {
	if node.Type == html.TextNode {
		text.WriteString(node.Data)
		return
	}
	if node.Type == html.ElementNode && node.DataAtom != atom.Head && notText(node) {
		return
	}
	block := isBlock(node.DataAtom) || node.DataAtom == atom.Br
	if block {
		text.WriteByte(' ')
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		addText(text, child)
	}
	if block {
		text.WriteByte(' ')
	}
}

// oneLine folds white space into single spaces.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
