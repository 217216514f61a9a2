package documents

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// extractHTML reads the text of a page block by block: headings, paragraphs,
// items, and tables as lines of cells; tables of data are parts as well. What a page has around its text
// (scripts, navigation, banners, footers, asides, lists of links) is left out.
func extractHTML(name string, data []byte, limits Limits) (Extracted, error) {
	if holdsBinary(data[:min(len(data), 1<<20)]) && !bytes.HasPrefix(data, []byte{0xFF, 0xFE}) && !bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		return Extracted{}, notText(name)
	}
	reader := io.Reader(bytes.NewReader(data))
	if !utf8.Valid(data) {
		declared, err := charset.NewReader(reader, "")
		if err != nil {
			return Extracted{}, malformed(name, err)
		}
		reader = declared
	}
	// A tree takes a hundred times the bytes of the shortest tag.
	if n := bytes.Count(data, []byte{'<'}); n > limits.Elements {
		return Extracted{}, &ReadError{
			name, ProblemTooLarge, fmt.Sprintf("the page has more than %d elements", limits.Elements), "split it into parts, or convert it to plain text",
		}
	}
	root, err := html.Parse(reader)
	if err != nil {
		return Extracted{}, malformed(name, err)
	}
	facts := readHead(root)
	page := readPage(mainContent(root), limits, false)
	if all := readPage(root, limits, true); page.text.Len()*lenientShare < all.text.Len() {
		page = all
	}
	if facts.year != 0 {
		page.year = facts.year
	}
	out := Extracted{
		Text: page.text.String(), Author: facts.author, Published: facts.published, URL: facts.url,
		Segments: page.outline.finish(), Year: page.year, Parts: page.parts,
	}
	if page.cut {
		out.Parts = append(out.Parts, Part{Name: "the rest", Gap: fmt.Sprintf("only the first %d MB of its text were read; split it into parts", limits.Text>>20)})
	}
	if strings.TrimSpace(out.Text) == "" {
		return Extracted{}, noText(name, "the page holds no text of its own")
	}
	out.Title = facts.title
	if page.title != "" && (out.Title == "" || strings.HasPrefix(out.Title, page.title)) {
		out.Title = page.title // the page's title without the name of the site
	}
	return out, nil
}

// lenientShare is how many times more text a page must give without its main
// content and the names of its elements being looked at, for those to be taken
// as misleading.
const lenientShare = 5

func readPage(node *html.Node, limits Limits, lenient bool) *htmlReader {
	page := &htmlReader{limits: limits, lenient: lenient}
	page.visit(node, BlockParagraph)
	page.close()
	return page
}

// htmlReader writes the snapshot of a page while it walks the tree.
type htmlReader struct {
	lenient bool // leave out only what cannot be text
	text    strings.Builder
	outline outline
	line    strings.Builder // the open block
	kind    BlockKind
	limits  Limits
	parts   []Part // tables of data
	cells   int    // of tables that were read
	cut     bool   // the limit of the text was reached
	title   string // of the first h1
	year    int
}

func (p *htmlReader) visit(node *html.Node, kind BlockKind) {
	if p.text.Len()+p.line.Len() > p.limits.Text {
		p.cut = true
		return
	}
	if node.Type == html.TextNode {
		p.write(node.Data)
		return
	}
	if p.leftOut(node) {
		return
	}
	switch node.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.heading(node)
	case atom.Table:
		p.table(node)
	case atom.Pre:
		p.close()
		p.verbatim(rawText(node))
	case atom.Br:
		p.write(" ")
	case atom.Li, atom.Dd:
		p.block(node, BlockItem)
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Blockquote, atom.Ul, atom.Ol, atom.Dl,
		atom.Dt, atom.Figure, atom.Figcaption, atom.Body, atom.Header, atom.Address, atom.Hr, atom.Details, atom.Summary:
		p.block(node, kind)
	case atom.Time:
		if p.year == 0 {
			p.year = yearIn(attribute(node, "datetime"))
		}
		p.children(node, kind)
	default:
		p.children(node, kind)
	}
}

func (p *htmlReader) leftOut(node *html.Node) bool {
	switch node.Type {
	case html.ElementNode:
		return neverText(node) || !p.lenient && aside(node)
	case html.CommentNode, html.DoctypeNode:
		return true
	}
	return false
}

func (p *htmlReader) children(node *html.Node, kind BlockKind) {
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		p.visit(child, kind)
	}
}

func (p *htmlReader) block(node *html.Node, kind BlockKind) {
	p.close()
	p.kind = kind
	p.children(node, kind)
	p.close()
	p.kind = kind
}

// write adds inline text, its white space folded into single spaces.
func (p *htmlReader) write(text string) {
	if room := p.limits.Text - p.text.Len() - p.line.Len(); len(text) > room {
		text, p.cut = strings.ToValidUTF8(text[:max(0, room)], ""), true
	}
	space := p.line.Len() == 0 || strings.HasSuffix(p.line.String(), " ")
	for _, r := range text {
		switch {
		case r == '\u00ad' || r == '\u200b' || r == '\ufeff': // invisible
		case unicode.IsSpace(r):
			if !space {
				p.line.WriteByte(' ')
				space = true
			}
		default:
			p.line.WriteRune(r)
			space = false
		}
	}
}

// close ends the open block and notes where it lies in the snapshot.
func (p *htmlReader) close() {
	text := strings.TrimSpace(p.line.String())
	p.line.Reset()
	if text == "" {
		return
	}
	start := p.text.Len()
	p.text.WriteString(text)
	p.outline.add(Block{Kind: p.kind, Start: start, End: p.text.Len()})
	p.text.WriteString("\n\n")
}

func (p *htmlReader) heading(node *html.Node) {
	p.close()
	p.children(node, BlockParagraph)
	text := strings.TrimSpace(p.line.String())
	p.line.Reset()
	if text == "" {
		return
	}
	p.verbatim(text)
	if node.DataAtom == atom.H1 && p.title == "" {
		p.title = cleanTitle(text)
		text = ""
	}
	p.outline.heading(cleanTitle(text))
}

// verbatim puts text into the snapshot that is no block.
func (p *htmlReader) verbatim(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	if p.text.Len()+len(text) > p.limits.Text {
		p.cut = true
		return
	}
	p.text.WriteString(text)
	p.text.WriteString("\n\n")
}

// table writes the cells of a table of data as lines. A table that only
// arranges the page is read like any other block.
func (p *htmlReader) table(node *html.Node) {
	p.close()
	if hasBlocks(node) {
		p.children(node, BlockParagraph)
		p.close()
		return
	}
	var lines strings.Builder
	eachElement(node, func(n *html.Node) bool {
		if n.DataAtom != atom.Tr {
			return true
		}
		for cell := n.FirstChild; cell != nil; cell = cell.NextSibling {
			if cell.DataAtom == atom.Td || cell.DataAtom == atom.Th {
				lines.WriteString("| " + cleanTitle(rawText(cell)) + " ")
			}
		}
		lines.WriteString("|\n")
		return false
	})
	p.verbatim(lines.String())
	p.data(node)
}

// hasBlocks says that a table holds what only a page's arrangement holds.
func hasBlocks(table *html.Node) bool {
	found := false
	eachElement(table, func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.Article, atom.Section, atom.Form:
			found = true
		case atom.Table:
			found = found || n != table
		case atom.P:
			found = found || len(rawText(n)) > 300
		}
		return !found
	})
	return found
}

// eachElement calls visit for the elements of a tree, and for what is below
// one while visit says so.
func eachElement(node *html.Node, visit func(*html.Node) bool) {
	if node.Type == html.ElementNode && !visit(node) {
		return
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		eachElement(child, visit)
	}
}

// textBytes is how much text a tree holds, in bytes, white space aside.
func textBytes(node *html.Node) int {
	if node.Type == html.TextNode {
		return len(strings.TrimSpace(node.Data))
	}
	n := 0
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		n += textBytes(child)
	}
	return n
}

// rawText is the text of a tree as it stands.
func rawText(node *html.Node) string {
	var text strings.Builder
	var add func(*html.Node)
	add = func(n *html.Node) {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			add(child)
		}
	}
	add(node)
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
