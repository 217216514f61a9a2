package summarize

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
)

// Split cuts a text into parts of at most limit bytes, between sentences
// (Unicode, annex 29); a sentence that is longer is cut between words, and a
// word between characters. Nothing is lost: together the parts are the text.
func Split(text string, limit int) []string {
	limit = max(limit, utf8.UTFMax)
	var parts []string
	begin, end := 0, 0 // of the part under way
	flush := func() {
		if end > begin {
			parts = append(parts, text[begin:end])
			begin = end
		}
	}
	tokens := sentences.FromString(text)
	for tokens.Next() {
		sentence := tokens.Value()
		if end-begin+len(sentence) > limit {
			flush()
		}
		for len(sentence) > limit {
			size := cutAt(sentence, limit)
			sentence = sentence[size:]
			end += size
			flush()
		}
		end += len(sentence)
	}
	end = len(text)
	flush()
	return parts
}

// cutAt finds the last place between words within the limit, or between
// characters.
func cutAt(text string, limit int) int {
	if space := strings.LastIndexAny(text[:limit], " \t\n"); space > limit/2 {
		return space + 1
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return limit
}
