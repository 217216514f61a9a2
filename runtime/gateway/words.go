package gateway

import (
	"unicode"
	"unicode/utf8"
)

// class is what a word may be part of; a word may be of several.
type class uint32

const (
	overrides  class = 1 << iota // ignore
	objects                      // instructions, prompt, system
	firmObject                   // those that are hardly anything else
	prompt
	system
	earlier // previous, above, all
	your
	you
	be
	now
	article
	act
	as
	pretend
	to
	that
	from
	on
	reveals
	fresh
	mode
	unbound
	jailbreak
	anything
	answer
	negations
	asking
	youAre

	yours      = your
	infinitive = to
	personas   = pretend | act | jailbreak
)

// longestWord is that of classes.
const longestWord = 12

// classes are the words that matter, folded.
var classes = map[string]class{
	"ignore": overrides, "ignoring": overrides, "ignores": overrides, "disregard": overrides, "disregarding": overrides, "forget": overrides, "forgetting": overrides, "override": overrides, "overriding": overrides, "overrule": overrides, "bypass": overrides, "neglect": overrides, "discard": overrides,
	"instruction": objects | firmObject, "instructions": objects | firmObject, "guidelines": objects | firmObject, "directives": objects | firmObject, "directions": objects | firmObject, "commands": objects | firmObject, "orders": objects | firmObject,
	"prompt": objects | firmObject | prompt, "prompts": objects | firmObject | prompt,
	"system": objects | system,
	"rules":  objects, "rule": objects, "constraints": objects, "restrictions": objects, "programming": objects, "training": objects, "policies": objects, "context": objects, "task": objects, "tasks": objects, "conversation": objects,
	"previous": earlier, "prior": earlier, "above": earlier, "preceding": earlier, "earlier": earlier, "foregoing": earlier, "former": earlier, "original": earlier, "initial": earlier, "all": earlier, "any": earlier, "every": earlier, "everything": earlier, "existing": earlier, "hidden": earlier, "said": earlier,
	"your":  your,
	"you":   you,
	"youre": youAre,
	"are":   be, "be": be, "being": be,
	"now": now,
	"a":   article, "an": article, "the": article, "my": article, "if": article, "in": article, "no": article, "free": article, "dan": article,
	"act": act, "do": act, "acting": act, "behave": act, "roleplay": act,
	"as": as, "like": as,
	"pretend": pretend, "pretending": pretend, "imagine": pretend,
	"to":     to,
	"that":   that,
	"from":   from,
	"on":     on,
	"reveal": reveals, "print": reveals, "show": reveals, "repeat": reveals, "output": reveals, "display": reveals, "leak": reveals, "disclose": reveals, "dump": reveals, "recite": reveals, "summarise": reveals, "summarize": reveals, "tell": reveals, "give": reveals, "what": reveals,
	"new": fresh, "updated": fresh, "real": fresh, "actual": fresh,
	"mode":      mode,
	"developer": unbound, "debug": unbound, "god": unbound, "unrestricted": unbound, "admin": unbound, "sudo": unbound, "dev": unbound,
	"jailbreak": jailbreak, "jailbroken": jailbreak,
	"anything": anything,
	"answer":   answer, "answers": answer, "response": answer, "responses": answer, "reply": answer, "replies": answer,
	"not": negations, "dont": negations, "never": negations, "didnt": negations, "doesnt": negations, "wont": negations, "cannot": negations, "cant": negations,
	"please": asking, "and": asking, "then": asking, "must": asking, "should": asking, "will": asking, "shall": asking, "can": asking, "could": asking,
}

// scan reads the whole text. Of JSON, escapes are read as what they stand for.
func (s *scanner) scan(text string) {
	stop := false // the last mark ended a sentence
	for i := 0; i < len(text); {
		b := text[i]
		if folded := foldASCII(b); folded != 0 {
			s.letter(folded, &stop)
			for i++; i < len(text); i++ {
				if folded = foldASCII(text[i]); folded == 0 {
					break
				}
				if s.length < len(s.buffer) {
					s.buffer[s.length] = folded
				}
				s.length++
			}
			continue
		}
		if b < utf8.RuneSelf {
			i += s.mark(text[i:], &stop)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		s.rune(r, &stop)
		i += size
	}
	s.end()
	s.joined()
}

func (s *scanner) letter(b byte, stop *bool) {
	if *stop {
		s.starts, *stop = true, false
	}
	if s.length < len(s.buffer) {
		s.buffer[s.length] = b
	}
	s.length++
}

// mark reads an ASCII character that is no letter, or an escape of JSON, and
// says how many bytes it was.
func (s *scanner) mark(text string, stop *bool) int {
	switch b := text[0]; {
	case b == '\'': // don't is one word
		return 1
	case b == '\\' && len(text) > 1:
		return s.escape(text, stop)
	case b == ' ' || b == '\t' || b == '\r' || b == '\n':
		s.end()
		if b == '\n' && len(text) > 1 && text[1] == '\n' {
			*stop = true
		}
		return 1
	case b == '.' || b == '!' || b == '?':
		s.end()
		*stop = len(text) == 1 || text[1] == ' ' || text[1] == '\n' || text[1] == '"' || text[1] == '\\'
		return 1
	case b == ':' || b == '"':
		s.end()
		*stop = true
		return 1
	}
	s.end()
	return 1
}

func (s *scanner) escape(text string, stop *bool) int {
	if text[1] != 'u' || len(text) < 6 {
		s.end()
		return 2
	}
	var r rune
	for _, digit := range []byte(text[2:6]) {
		switch {
		case digit >= '0' && digit <= '9':
			r = r<<4 | rune(digit-'0')
		case digit|0x20 >= 'a' && digit|0x20 <= 'f':
			r = r<<4 | rune(digit|0x20-'a'+10)
		default:
			s.end()
			return 2
		}
	}
	s.rune(r, stop)
	return 6
}

func (s *scanner) rune(r rune, stop *bool) {
	switch {
	case r >= 0xE0020 && r <= 0xE007E: // tags: ASCII that is not shown
		s.found[signalHidden] = true
		r -= 0xE0000
	case r == '\u2019':
		return
	case invisible(r):
		s.broken = s.broken || s.length > 0
		return
	}
	if folded := fold(r); folded != 0 {
		s.letter(folded, stop)
		return
	}
	s.end()
}

func invisible(r rune) bool {
	return r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x2069 ||
		r == 0xFEFF || r == 0x00AD || r == 0x034F || r == 0x180E || unicode.Is(unicode.Mn, r) || r >= 0xFE00 && r <= 0xFE0F
}

// foldASCII gives the letter that a character stands for, also as a look-alike,
// or 0.
func foldASCII(b byte) byte {
	const letters = "" + // by character, from 0 to 127
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00s\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + // $
		"oi\x00eas\x00t\x00\x00\x00\x00\x00\x00\x00\x00" + // 0 1 3 4 5 7
		"aabcdefghijklmnopqrstuvwxyz\x00\x00\x00\x00\x00" + // @
		"\x00abcdefghijklmnopqrstuvwxyz\x00i\x00\x00\x00" // |
	if b >= utf8.RuneSelf {
		return 0
	}
	return letters[b]
}

// fold does the same beyond ASCII: full-width and mathematical letters, letters
// with accents, and those of other scripts that look the same.
func fold(r rune) byte {
	const ( // pairs of what is seen and what is meant
		seen  = "аеорсухіјѕһԁɡνкмтոɩıοαερτικυ" + "АВЕНІКМОРСТХЅΑΒΕΗΙΚΜΝΟΡΤΧ" + "àáâãäåèéêëìíîïòóôõöùúûüçñ"
		means = "aeopcyxijshdgvkmtniioaeptiku" + "abehikmopctxsabehikmnoptx" + "aaaaaaeeeeiiiiooooouuuucn"
	)
	switch {
	case r < utf8.RuneSelf:
		return foldASCII(byte(r))
	case r >= 0xFF21 && r <= 0xFF3A:
		return byte(r-0xFF21) + 'a'
	case r >= 0xFF41 && r <= 0xFF5A:
		return byte(r-0xFF41) + 'a'
	case r >= 0x1D400 && r <= 0x1D6A3: // alphabets of 26 capitals and 26 small letters
		return byte((r-0x1D400)%26) + 'a'
	case r >= 0x24B6 && r <= 0x24E9:
		return byte((r-0x24B6)%26) + 'a'
	}
	i := 0
	for _, look := range seen {
		if look == r {
			return means[i]
		}
		i++
	}
	return 0
}
