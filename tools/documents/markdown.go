package documents

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// extractMarkdown reads CommonMark with tables. Front matter is read and is no
// passage; code, tables and raw HTML are in the text but not in a block. Tables
// are parts as well.
func extractMarkdown(source string, limits Limits) Extracted {
	if deeplyNested(source) {
		return extractPlain(source)
	}
	matter, body := readFrontMatter(source)
	out := matter.extracted(source)
	// Blocks only: a quote shows the text as it stands, and reading the
	// definitions of links takes time that grows with the square of their number.
	blocks := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)), //nolint:misspell // the library's name
	)
	root := blocks.Parse(text.NewReader([]byte(source[body:])))
	reader := markdownReader{source: source, offset: body, limits: limits}
	reader.walk(root, false)
	out.Segments, out.Parts = reader.outline.finish(), reader.parts
	if out.Title == "" {
		out.Title = reader.title
	}
	return out
}

// markdownReader turns the blocks of a Markdown tree into an outline.
type markdownReader struct {
	source  string
	offset  int // of the tree in the source
	limits  Limits
	parts   []Part // tables of data
	outline outline
	title   string
	level   int // of the heading that gave the title
}

// maxMarkdownDepth bounds lists and quotations inside each other.
const maxMarkdownDepth = 64

// deeplyNested says that some line opens more quotations and lists inside each
// other than any author does. The time to parse such a line grows with the
// square of its length.
func deeplyNested(source string) bool {
	for line := range strings.Lines(source) {
		marks, i := 0, 0
		for ; i < len(line) && strings.IndexByte(" \t>-*+.)0123456789", line[i]) >= 0; i++ {
			if strings.IndexByte(">-*+.)", line[i]) >= 0 {
				marks++
			}
		}
		if (marks > maxMarkdownDepth || i > 4*maxMarkdownDepth) && strings.TrimRight(line, "-*\r\n") != "" {
			return true
		}
	}
	return false
}

func (m *markdownReader) walk(root ast.Node, item bool) { m.descend(root, item, 0) }

func (m *markdownReader) descend(node ast.Node, item bool, depth int) {
	if depth > maxMarkdownDepth {
		return
	}
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		switch n := child.(type) {
		case *ast.Heading:
			m.heading(n)
		case *ast.Paragraph, *ast.TextBlock:
			m.block(child, item)
		case *ast.List, *ast.ListItem:
			m.descend(child, true, depth+1)
		case *ast.Blockquote:
			m.descend(child, item, depth+1)
		case *extast.Table:
			m.table(n)
		}
	}
}

func (m *markdownReader) heading(n *ast.Heading) {
	start, end, ok := m.lines(n)
	if !ok {
		return
	}
	heading := plainHeading(m.source[start:end])
	if m.title == "" || n.Level == 1 && m.level > 1 {
		m.title, m.level = heading, n.Level
		if n.Level == 1 {
			heading = "" // the title of the whole is no heading of a part
		}
	}
	m.outline.heading(heading)
}

// table makes a part of a table.
func (m *markdownReader) table(table *extast.Table) {
	if len(m.parts) == maxTableParts {
		return
	}
	var rows [][]string
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			text := ""
			if start, end, ok := m.lines(cell); ok {
				text = plainCell(m.source[start:end])
			}
			cells = append(cells, text)
		}
		rows = append(rows, cells)
	}
	if part, read, ok := tablePart(len(m.parts)+1, m.outline.current.Heading, rows, m.limits); ok && computable(read) {
		m.parts = append(m.parts, part)
	}
}

// inlineLink is a link or a picture inside a line.
var inlineLink = regexp.MustCompile(`!?\[([^\]\[]*)\]\([^()\s]*(?:\s"[^"]*")?\)`)

// plainCell takes marks off the text of a cell.
func plainCell(cell string) string {
	cell = inlineLink.ReplaceAllString(cell, "$1")
	cell = strings.NewReplacer(`\|`, "|", "**", "", "__", "", "`", "").Replace(cell)
	return cleanTitle(strings.Trim(strings.TrimSpace(cell), "*_ "))
}

func (m *markdownReader) block(n ast.Node, item bool) {
	start, end, ok := m.lines(n)
	if !ok {
		return
	}
	kind := BlockParagraph
	if item {
		kind = BlockItem
	}
	m.outline.add(Block{Kind: kind, Start: start, End: end})
}

func (m *markdownReader) lines(n ast.Node) (start, end int, ok bool) {
	lines := n.Lines()
	if lines.Len() == 0 {
		return 0, 0, false
	}
	start, end = m.offset+lines.At(0).Start, m.offset+lines.At(lines.Len()-1).Stop
	return start, end, start < end && end <= len(m.source)
}

// plainHeading takes marks and closing hashes off a heading.
func plainHeading(heading string) string {
	heading = strings.NewReplacer("**", "", "__", "", "`", "").Replace(heading)
	heading = strings.TrimRight(strings.TrimSpace(heading), "#")
	return cleanTitle(strings.Trim(heading, "*_ "))
}

// outline collects blocks under their headings.
type outline struct {
	segments []Segment
	current  Segment
}

func (o *outline) heading(heading string) {
	o.flush()
	o.current = Segment{Heading: heading}
}

func (o *outline) add(block Block) { o.current.Blocks = append(o.current.Blocks, block) }

func (o *outline) flush() {
	if len(o.current.Blocks) > 0 {
		o.segments = append(o.segments, o.current)
	}
}

func (o *outline) finish() []Segment {
	o.flush()
	return o.segments
}
