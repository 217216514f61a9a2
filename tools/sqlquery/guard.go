package sqlquery

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/tools"
)

// Dialect is the SQL that a database speaks.
type Dialect string

// The dialects there is a guard for.
const (
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql"
	SQLite   Dialect = "sqlite"
)

// The bounds of a query text. PostgreSQL's parser does not come back from a
// thousand nested operators, so what can nest is counted before it is asked.
const (
	maxQuery = 16 << 10 // bytes
	maxDepth = 32       // of brackets and CASE
	maxSigns = 100      // operators and NOT in a row
	maxWords = 1000     // names, keywords and signs; values and commas do not count
)

// Statement is a query that the guard has admitted. It can only be had from
// [Check], so that what runs statements cannot run anything else.
type Statement struct {
	text    string
	dialect Dialect
	ordered bool
	calls   []string // functions by name, and names that PostgreSQL may take for one
	columns []string
}

// Text is the query as it was written, without a closing semicolon.
func (s Statement) Text() string { return s.text }

// Dialect is what the query was checked as.
func (s Statement) Dialect() Dialect { return s.dialect }

// Ordered says that the outermost SELECT has an ORDER BY. The rows of others
// come in any order.
func (s Statement) Ordered() bool { return s.ordered }

// Functions are the names of the functions called. All are built in, unless the
// database has others of the same name.
func (s Statement) Functions() []string { return s.calls }

// Columns are the last parts of column names: PostgreSQL takes t.f for f(t)
// where t has no column f.
func (s Statement) Columns() []string { return s.columns }

// Check admits exactly one SELECT (or WITH … SELECT) that only reads, with
// functions of the allow-list, and refuses everything else with a
// *[tools.InputError] that says what.
func Check(dialect Dialect, query string) (Statement, error) {
	text := strings.Trim(query, " \t\r\n")
	if err := plainText(text); err != nil {
		return Statement{}, err
	}
	tokens, err := tokenise(dialect, text)
	if err != nil {
		return Statement{}, err
	}
	if n := len(tokens); n > 0 && tokens[n-1].text == ";" {
		text, tokens = strings.TrimRight(text[:tokens[n-1].at], " \t\r\n"), tokens[:n-1]
	}
	if len(tokens) < 2 {
		return Statement{}, refused("there is nothing to select; write one SELECT")
	}
	if err := shallow(tokens); err != nil {
		return Statement{}, err
	}
	s := Statement{text: text, dialect: dialect}
	switch dialect {
	case Postgres:
		return s.checkPostgres(tokens)
	case MySQL, SQLite:
		return s.checkTokens(tokens)
	}
	return Statement{}, fmt.Errorf("there is no guard for the SQL of %q", dialect)
}

// plainText refuses what parser and server may read differently.
func plainText(text string) error {
	if len(text) > maxQuery {
		return refused("it is longer than %d bytes; ask for less at a time", maxQuery)
	}
	if !utf8.ValidString(text) {
		return refused("it is not UTF-8")
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return refused("it holds the control character U+%04X", r)
		}
	}
	return nil
}

// shallow bounds nesting and refuses more than one statement.
func shallow(tokens []token) error {
	depth, signs, words := 0, 0, 0
	for _, t := range tokens {
		switch {
		case t.text == "(" || t.text == "[" || t.is("case"):
			depth++
		case t.text == ")" || t.text == "]" || t.is("end"):
			depth--
		case t.text == ";":
			return refused("it holds several statements; send one SELECT")
		}
		signs = inARow(signs, t)
		if t.kind != number && t.kind != text && t.text != "," {
			words++
		}
		switch {
		case depth > maxDepth || signs > maxSigns:
			return refused("it is nested more than %d deep; write it as several CTEs", maxDepth)
		case words > maxWords:
			return refused("it has more than %d words and signs; ask for less at a time", maxWords)
		}
	}
	return nil
}

// inARow counts operators that nothing but brackets stands between.
func inARow(signs int, t token) int {
	switch {
	case t.kind == sign && t.text == "(":
		return signs
	case t.is("not"), t.kind == sign && t.text != ")" && t.text != ",":
		return signs + 1
	}
	return 0
}

func refused(format string, args ...any) error {
	return &tools.InputError{Field: "query", Reason: fmt.Sprintf(format, args...)}
}
