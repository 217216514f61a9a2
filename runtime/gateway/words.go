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

	yours      = your
	infinitive = to
	personas   = pretend | act | jailbreak
)

// classOf is the class of a folded word.
func classOf(w string) class { //nolint:gocyclo // a list of words
	switch w {
	case "ignore", "ignoring", "ignores", "disregard", "disregarding", "forget", "forgetting", "override", "overriding", "overrule", "bypass", "neglect", "discard":
		return overrides
	case "instruction", "instructions", "guidelines", "directives", "directions", "commands", "orders":
		return objects | firmObject
	case "prompt", "prompts":
		return objects | firmObject | prompt
	case "system":
		return objects | system
	case "rules", "rule", "constraints", "restrictions", "programming", "training", "policies", "context", "task", "tasks", "conversation":
		return objects
	case "previous", "prior", "above", "preceding", "earlier", "foregoing", "former", "original", "initial", "all", "any", "every", "everything", "existing", "hidden", "said":
		return earlier
	case "your":
		return your
	case "you":
		return you
	case "youre":
		return you | be
	case "are", "be", "being":
		return be
	case "now":
		return now
	case "a", "an", "the", "my", "if", "in", "no", "free", "dan":
		return article
	case "act", "do", "acting", "behave", "roleplay":
		return act
	case "as", "like":
		return as
	case "pretend", "pretending", "imagine":
		return pretend
	case "to":
		return to
	case "that":
		return that
	case "from":
		return from
	case "on":
		return on
	case "reveal", "print", "show", "repeat", "output", "display", "leak", "disclose", "dump", "recite", "summarise", "summarize", "tell", "give", "what":
		return reveals
	case "new", "updated", "real", "actual":
		return fresh
	case "mode":
		return mode
	case "developer", "debug", "god", "unrestricted", "admin", "sudo", "dev":
		return unbound
	case "jailbreak", "jailbroken":
		return jailbreak
	case "anything":
		return anything
	case "answer", "answers", "response", "responses", "reply", "replies", "output's":
		return answer
	case "not", "dont", "never", "didnt", "doesnt", "wont", "cannot", "cant":
		return negations
	case "please", "and", "then", "must", "should", "will", "shall", "can", "could":
		return asking
	}
	return 0
}

// scan reads the whole text. Of JSON, escapes are read as what they stand for.
func (s *scanner) scan(text string) {
	stop := false // the last mark ended a sentence
	for i := 0; i < len(text); {
		b := text[i]
		if folded := foldASCII(b); folded != 0 {
			s.letter(folded, &stop)
			i++
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
	switch {
	case b >= 'a' && b <= 'z':
		return b
	case b >= 'A' && b <= 'Z':
		return b | 0x20
	}
	switch b {
	case '0':
		return 'o'
	case '1', '|':
		return 'i'
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '7':
		return 't'
	}
	return 0
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
