package format

import (
	"encoding/binary"
	"sort"
	"strings"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusanscondensed"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansitalic"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/go-fonts/liberation/liberationserifbold"
	"github.com/go-fonts/liberation/liberationserifitalic"
	"github.com/go-fonts/liberation/liberationserifregular"
	"golang.org/x/text/unicode/norm"
)

// The faces of a PDF. Liberation Sans and Serif (SIL Open Font License 1.1) have Latin,
// Greek and Cyrillic; DejaVu Sans Condensed (Bitstream Vera licence) stands in
// for signs and letters that they lack. All may be embedded.
const (
	faceRegular = ""
	faceBold    = "B"
	faceItalic  = "I"
	faceOther   = "other"
)

// missing stands for a character that no face can show.
const missing = '□'

// face is a TrueType font and its map from characters to glyphs.
type face struct {
	name string
	data []byte
	cmap []byte // format 4: the basic multilingual plane
}

// faces are the fonts of one rendering, and what they could not show.
type faces struct {
	byName map[string]face
	absent map[rune]int
}

func newFaces(serif bool) *faces {
	f := &faces{byName: map[string]face{}, absent: map[rune]int{}}
	files := map[string][]byte{
		faceRegular: liberationsansregular.TTF, faceBold: liberationsansbold.TTF,
		faceItalic: liberationsansitalic.TTF, faceOther: dejavusanscondensed.TTF,
	}
	if serif {
		files[faceRegular], files[faceBold], files[faceItalic] = liberationserifregular.TTF, liberationserifbold.TTF, liberationserifitalic.TTF
	}
	for name, data := range files {
		f.byName[name] = face{name: name, data: data, cmap: basicPlane(data)}
	}
	return f
}

// piece is a text in one face.
type piece struct{ face, text string }

// pieces divides a text by the faces that can show it. A character that none
// can is shown as a box and counted.
func (f *faces) pieces(style, text string) []piece {
	var out []piece
	add := func(name string, char rune) {
		if last := len(out) - 1; last >= 0 && out[last].face == name {
			out[last].text += string(char)
			return
		}
		out = append(out, piece{name, string(char)})
	}
	for _, char := range norm.NFC.String(text) {
		switch {
		case invisible(char):
		case turned(char):
			f.absent[char]++
			add(faceOther, missing)
		case f.byName[style].has(char):
			add(style, char)
		case f.byName[faceOther].has(char):
			add(faceOther, char)
		default:
			f.absent[char]++
			add(faceOther, missing)
		}
	}
	return out
}

// invisible characters join or part what stands beside them; on paper they are
// nothing.
func invisible(char rune) bool {
	return char == '\u00ad' || char == '\ufeff' || unicode.Is(unicode.Cf, char) || unicode.Is(unicode.Variation_Selector, char)
}

// turned reports whether a character belongs to a script that is set from right
// to left or needs its letters joined. Setting it letter by letter would give
// words that nobody wrote.
func turned(char rune) bool {
	return unicode.In(char, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// lacking says in a sentence what could not be shown; empty when nothing.
func (f *faces) lacking() string {
	if len(f.absent) == 0 {
		return ""
	}
	scripts := map[string]bool{}
	count := 0
	for char, times := range f.absent {
		count += times
		scripts[scriptOf(char)] = true
	}
	return "The fonts of this PDF lack " + plural(count, "character") + " of the report (" + strings.Join(sortedKeys(scripts), ", ") +
		"), shown as " + string(missing) + ". The other forms of the report have them."
}

func scriptOf(char rune) string {
	for _, name := range []string{"Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Hebrew", "Devanagari", "Bengali", "Tamil", "Thai"} {
		if unicode.Is(unicode.Scripts[name], char) {
			return name
		}
	}
	return "others"
}

// has reports whether the face has a glyph for a character.
func (f face) has(char rune) bool {
	t := f.cmap
	if char > 0xffff || len(t) < 16 {
		return false
	}
	segments := int(binary.BigEndian.Uint16(t[6:])) / 2
	at := func(array, i int) int {
		return int(binary.BigEndian.Uint16(t[14+2*(array*segments+i)+2*min(array, 1):]))
	}
	i := sort.Search(segments, func(i int) bool { return at(0, i) >= int(char) })
	if i == segments || int(char) < at(1, i) {
		return false
	}
	glyph, start, offset := int(char), at(1, i), at(3, i)
	if offset != 0 {
		where := 16 + 2*(3*segments+i) + offset + 2*(int(char)-start)
		if where+2 > len(t) {
			return false
		}
		if glyph = int(binary.BigEndian.Uint16(t[where:])); glyph == 0 {
			return false
		}
	}
	return (glyph+at(2, i))&0xffff != 0
}

// basicPlane finds the format 4 table of a font's "cmap".
func basicPlane(font []byte) []byte {
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		entry := font[12+16*i:]
		if string(entry[:4]) != "cmap" {
			continue
		}
		cmap := font[binary.BigEndian.Uint32(entry[8:]):]
		for j := range int(binary.BigEndian.Uint16(cmap[2:])) {
			table := cmap[binary.BigEndian.Uint32(cmap[8+8*j:]):]
			if binary.BigEndian.Uint16(table) == 4 {
				return table[:binary.BigEndian.Uint16(table[2:])]
			}
		}
	}
	return nil
}
