package mcp

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"github.com/quaestor-run/quaestor/tools"
)

// How much of a result a model is shown. The snapshot holds all of it.
const (
	shownBytes  = 24 << 10
	shownPieces = 200
	maxPiece    = 600 // bytes
)

// Output is what a model is shown of a call.
type Output struct {
	Server string  `json:"server"`
	Tool   string  `json:"tool"`
	Failed string  `json:"failed,omitempty"` // why, in the server's words
	Pieces []Piece `json:"pieces,omitempty"`
	SHA256 string  `json:"sha256,omitempty"` // of the whole text
	Note   string  `json:"note,omitempty"`

	citations []tools.Citation
}

// Piece is an exact part of the text and the evidence id to cite it by.
type Piece struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Citations implements [tools.Cited]: one for each piece.
func (o Output) Citations() []tools.Citation { return o.citations }

// maxShownFailure bounds what a model reads of a failure, in bytes.
const maxShownFailure = 2000

func show(described Described, args json.RawMessage, answer Answer) Output {
	out := Output{Server: described.Server, Tool: described.Tool}
	if answer.Failed {
		if out.Failed = clean(answer.Text, maxShownFailure); out.Failed == "" {
			out.Failed = "the server does not say why"
		}
		return out
	}
	cite := citing(described, args, answer)
	shown, rest := 0, false
	for start, end := range pieces(answer.Text) {
		if rest = shown+end-start > shownBytes || len(out.Pieces) == shownPieces; rest {
			break
		}
		shown += end - start
		citation := cite(start, end)
		out.citations = append(out.citations, citation)
		out.Pieces = append(out.Pieces, Piece{ID: citation.ID(), Text: citation.Quote})
	}
	if len(out.Pieces) > 0 {
		out.SHA256 = answer.SHA256
	}
	out.Note = note(answer, rest, len(out.Pieces) == 0)
	return out
}

func note(answer Answer, rest, empty bool) string {
	var notes []string
	if answer.Truncated {
		notes = append(notes, "The server gave more than is kept; this is from its beginning.")
	}
	if rest {
		notes = append(notes, "Only the beginning is shown. Ask for less at a time to see the rest.")
	}
	if answer.LeftOut != "" {
		notes = append(notes, "Left out, because it is no text: "+answer.LeftOut+".")
	}
	if empty {
		notes = append(notes, "The server gave no text.")
	}
	return strings.Join(notes, " ")
}

// citing makes citations of places in an answer. Their address says what was
// called, and with what.
func citing(described Described, args json.RawMessage, answer Answer) func(start, end int) tools.Citation {
	address := url.URL{Scheme: "mcp", Opaque: url.PathEscape(described.Server) + "/" + url.PathEscape(described.Tool)}
	if called := string(args); called != "{}" && len(called) <= 500 {
		address.RawQuery = url.Values{"arguments": {called}}.Encode()
	}
	title := described.Title
	if title == "" {
		title = described.Tool
	}
	title = fmt.Sprintf("%s (%s)", clean(title, 100), described.Server)
	return func(start, end int) tools.Citation {
		return tools.Citation{
			SHA256: answer.SHA256, URI: address.String(), Title: title,
			Start: start, End: end, Quote: answer.Text[start:end],
		}
	}
}

// pieces cuts a text into what can be cited: its lines, and of long lines their
// sentences. White space around a piece is none of it.
func pieces(text string) func(yield func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		at := 0
		for line := range strings.Lines(text) {
			start := at
			at += len(line)
			if len(line) <= maxPiece {
				if !yieldTrimmed(text, start, at, yield) {
					return
				}
				continue
			}
			from := start
			for tokens := sentences.FromString(line); tokens.Next(); {
				to := from + len(tokens.Value())
				if !yieldBounded(text, from, to, yield) {
					return
				}
				from = to
			}
		}
	}
}

// yieldBounded cuts a sentence that is too long for one at white space, or else
// between runes.
func yieldBounded(text string, start, end int, yield func(start, end int) bool) bool {
	for end-start > maxPiece {
		cut := start + maxPiece
		for cut > start && !utf8.RuneStart(text[cut]) {
			cut--
		}
		if space := strings.LastIndexAny(text[start:cut], " \t"); space > 0 {
			cut = start + space
		}
		if !yieldTrimmed(text, start, cut, yield) {
			return false
		}
		start = cut
	}
	return yieldTrimmed(text, start, end, yield)
}

func yieldTrimmed(text string, start, end int, yield func(start, end int) bool) bool {
	left := strings.TrimLeftFunc(text[start:end], unicode.IsSpace)
	start = end - len(left)
	piece := strings.TrimRightFunc(left, unicode.IsSpace)
	return piece == "" || yield(start, start+len(piece))
}
