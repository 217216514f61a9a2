package journal

import (
	"fmt"
	"strings"
)

// Kind is the type of a column.
type Kind int

// The kinds of columns.
const (
	Integer Kind = iota
	Text
	Bytes
)

// Statement is one change of many rows, in the words of both databases: SQLite
// is quick at many small statements, PostgreSQL at one with arrays.
type Statement struct {
	Row   string // for one row of values
	Rows  string // for all, one array for each column
	Kinds []Kind // of the columns
}

// Query is a selection by keys, in the words of both databases.
type Query struct {
	Text    string // for one key, in no order
	Locking string // for any number of them, an array for each column, that locks what it gives
	Kinds   []Kind // of the columns of a key
}

// column is a name and its kind: "name" holds integers, "name text" texts,
// "name bytes" bytes.
type column struct {
	name string
	kind Kind
}

type columns []column

func columnsOf(list ...string) columns {
	all := make(columns, len(list))
	for i, entry := range list {
		name, kind, _ := strings.Cut(entry, " ")
		all[i].name = name
		switch kind {
		case "text":
			all[i].kind = Text
		case "bytes":
			all[i].kind = Bytes
		}
	}
	return all
}

func (c columns) kinds() []Kind {
	kinds := make([]Kind, len(c))
	for i := range c {
		kinds[i] = c[i].kind
	}
	return kinds
}

// each puts a word for every column together.
func (c columns) each(separator string, word func(i int, c column) string) string {
	words := make([]string, len(c))
	for i := range c {
		words[i] = word(i, c[i])
	}
	return strings.Join(words, separator)
}

func (c columns) names() string {
	return c.each(", ", func(_ int, c column) string { return c.name })
}

func (c columns) marks() string {
	return c.each(", ", func(int, column) string { return "?" })
}

func (c columns) arrays() string {
	return "unnest(" + c.each(", ", func(i int, c column) string {
		return fmt.Sprintf("$%d::%s[]", i+1, [...]string{"bigint", "text", "bytea"}[c.kind])
	}) + ")"
}

// insert writes rows; tail is what follows their values.
func insert(table string, c columns, tail string) *Statement {
	head := "INSERT INTO " + table + " (" + c.names() + ") "
	return &Statement{
		Row:   head + "VALUES (" + c.marks() + ")" + tail,
		Rows:  head + "SELECT * FROM " + c.arrays() + tail,
		Kinds: c.kinds(),
	}
}

// insertSums writes rows whose sums are added to those of the row with the
// same keys.
func insertSums(table string, keys, sums columns) *Statement {
	return insert(table, join(keys, sums), " ON CONFLICT ("+keys.names()+") DO UPDATE SET "+
		sums.each(", ", func(_ int, c column) string { return c.name + " = " + table + "." + c.name + " + excluded." + c.name }))
}

// update changes rows by their keys. A row of values is what is set or added,
// then the keys.
func update(table string, changed, keys columns, add bool) *Statement {
	set := func(c column, value string) string {
		if add {
			return c.name + " = " + table + "." + c.name + " + " + value
		}
		return c.name + " = " + value
	}
	all := join(changed, keys)
	return &Statement{
		Row: "UPDATE " + table + " SET " + changed.each(", ", func(_ int, c column) string { return set(c, "?") }) +
			" WHERE " + keys.each(" AND ", func(_ int, c column) string { return c.name + " = ?" }),
		Rows: "UPDATE " + table + " SET " + changed.each(", ", func(_ int, c column) string { return set(c, "v."+c.name) }) +
			" FROM " + all.arrays() + " AS v(" + all.names() + ") WHERE " +
			keys.each(" AND ", func(_ int, c column) string { return table + "." + c.name + " = v." + c.name }),
		Kinds: all.kinds(),
	}
}

// selection is a query for columns of a table by keys.
func selection(table, wanted string, keys columns, order string) *Query {
	text := "SELECT " + wanted + " FROM " + table + " WHERE "
	return &Query{
		Text:    text + keys.each(" AND ", func(_ int, c column) string { return c.name + " = ?" }),
		Locking: text + "(" + keys.names() + ") IN (SELECT * FROM " + keys.arrays() + ")" + order + " FOR UPDATE",
		Kinds:   keys.kinds(),
	}
}
