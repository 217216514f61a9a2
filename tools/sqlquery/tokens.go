package sqlquery

import "strings"

// tokenKind is what a token is, as far as a guard must know.
type tokenKind int

const (
	word   tokenKind = iota // an unquoted name or keyword
	quoted                  // a quoted name
	text                    // a string
	number
	sign
)

type token struct {
	kind  tokenKind
	text  string // of quoted and text, without the quotes
	at    int    // byte offset
	space bool   // there is space before it
}

// is compares an unquoted word, ignoring case.
func (t token) is(keywords ...string) bool {
	if t.kind != word {
		return false
	}
	for _, keyword := range keywords {
		if strings.EqualFold(t.text, keyword) {
			return true
		}
	}
	return false
}

type scanner struct {
	dialect Dialect
	query   string
	at      int
	tokens  []token
}

// tokenise splits a query. For MySQL and SQLite it refuses all that is read
// differently by version or setting: comments (MySQL runs some), backslashes in
// strings, variables, parameters, and letters beyond ASCII outside quotes. For
// PostgreSQL, whose own grammar decides later, it only finds where tokens end.
func tokenise(dialect Dialect, query string) ([]token, error) {
	s := scanner{dialect: dialect, query: query}
	for s.at < len(query) {
		before := len(s.tokens)
		start := s.at
		if err := s.next(); err != nil {
			return nil, err
		}
		if len(s.tokens) > before {
			s.tokens[before].space = start > 0 && isSpace(query[start-1])
		}
	}
	return s.tokens, nil
}

func (s *scanner) next() error {
	c, rest := s.query[s.at], s.query[s.at:]
	switch {
	case isSpace(c):
		s.at++
	case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "/*"), c == '#' && s.dialect == MySQL:
		return s.comment(rest)
	case c == '\'' || c == '"' || c == '`' && s.dialect != Postgres || c == '[' && s.dialect == SQLite:
		return s.quote(c)
	case c == '$' && s.dialect == Postgres:
		return s.dollar(rest)
	case isLetter(c):
		s.take(word, inWord)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		s.take(number, inNumber)
	case s.dialect != Postgres && strings.IndexByte("@?:$\\#{}", c) >= 0, c >= 0x80:
		return refused("%q may not stand outside quotes: no variables, no parameters", s.query[s.at:min(len(s.query), s.at+4)])
	default:
		s.tokens = append(s.tokens, token{sign, string(c), s.at, false})
		s.at++
	}
	return nil
}

func (s *scanner) take(kind tokenKind, belongs func(byte) bool) {
	end := s.at
	for end < len(s.query) && belongs(s.query[end]) {
		end++
	}
	s.tokens = append(s.tokens, token{kind, s.query[s.at:end], s.at, false})
	s.at = end
}

// comment skips a comment of PostgreSQL, where block comments nest.
func (s *scanner) comment(rest string) error {
	if s.dialect != Postgres {
		return refused("comments are not allowed; leave them out")
	}
	if strings.HasPrefix(rest, "--") {
		end := strings.IndexAny(rest, "\r\n")
		if end < 0 {
			end = len(rest)
		}
		s.at += end
		return nil
	}
	depth := 0
	for i := 0; i < len(rest)-1; i++ {
		switch rest[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			s.at += i + 1
			return nil
		}
	}
	return refused("a comment is not closed")
}

// quote reads what stands in quotes, a doubled quote standing for itself.
func (s *scanner) quote(open byte) error {
	closing, kind := open, quoted
	if open == '[' {
		closing = ']'
	}
	if open == '\'' || open == '"' && s.dialect == MySQL {
		kind = text
	}
	escapes := open == '\'' && s.dialect == Postgres && s.escapeString()
	var b strings.Builder
	for i := s.at + 1; i < len(s.query); i++ {
		c := s.query[i]
		switch {
		case c == '\\' && s.dialect != Postgres:
			return refused("a backslash in quotes is read differently by settings; write the text without")
		case c == '\\' && escapes && i+1 < len(s.query):
			i++
		case c == closing && open != '[' && i+1 < len(s.query) && s.query[i+1] == closing:
			i++
		case c == closing:
			s.tokens = append(s.tokens, token{kind, b.String(), s.at, false})
			s.at = i + 1
			return nil
		}
		b.WriteByte(s.query[i])
	}
	return refused("a quote is not closed")
}

// escapeString says that the quote begins a string of the form E'…'.
func (s *scanner) escapeString() bool {
	n := len(s.tokens)
	return n > 0 && s.tokens[n-1].is("e") && s.tokens[n-1].at == s.at-1
}

// dollar reads a dollar-quoted string of PostgreSQL; a parameter is refused.
func (s *scanner) dollar(rest string) error {
	end := strings.IndexByte(rest[1:], '$')
	if end < 0 || len(rest) > 1 && isDigit(rest[1]) {
		return refused("parameters are not allowed; write the values")
	}
	tag := rest[:end+2]
	length := strings.Index(rest[len(tag):], tag)
	if length < 0 {
		return refused("a dollar-quoted text is not closed")
	}
	s.tokens = append(s.tokens, token{text, rest[len(tag) : len(tag)+length], s.at, false})
	s.at += 2*len(tag) + length
	return nil
}

func inWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '$' }
func inNumber(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' }

func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
