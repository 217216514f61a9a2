package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// How much of a computation is printed.
const (
	maxInputs  = 8
	maxResults = 14
	maxValue   = 60 // characters of one value
)

// describeComputation says in one line what was computed, from what, and what
// came out.
func describeComputation(c tools.Computation) string {
	if text := describeQuery(c); text != "" {
		return text
	}
	inputs, results := pairs(c.Input), pairs(c.Result)
	// What a result repeats of its input, or names for programs, tells nothing.
	results = slices.DeleteFunc(results, func(pair string) bool {
		return slices.Contains(inputs, pair) || strings.HasPrefix(pair, label("table")) || strings.HasPrefix(pair, label("title"))
	})
	text := "Computed with " + plain(c.Tool)
	if len(inputs) > 0 {
		text += " from " + list(inputs, maxInputs)
	}
	if len(results) > 0 {
		text += ". Result: " + list(results, maxResults)
	}
	return text + "."
}

// query is the computation of what a database was asked.
type query struct {
	Database  string `json:"database"`
	Query     string `json:"query"`
	Rows      *int   `json:"rows"`
	Truncated bool   `json:"truncated"`
	SHA256    string `json:"sha256"`
}

// maxQuery is how much of a query is printed, in characters.
const maxQuery = 2000

// describeQuery names database, query and result in full, so that a reader can
// ask again and compare; nothing for what is no query.
func describeQuery(c tools.Computation) string {
	var q query
	if c.Tool != "sqlquery" || json.Unmarshal(c.Input, &q) != nil || json.Unmarshal(c.Result, &q) != nil || q.Rows == nil {
		return ""
	}
	rows := fmt.Sprintf("%d rows", *q.Rows)
	if *q.Rows == 1 {
		rows = "1 row"
	}
	if q.Truncated {
		rows = "the first " + rows
	}
	return fmt.Sprintf("Query of database %s: %s. Result: %s, SHA-256 %s.",
		plain(q.Database), strings.TrimRight(shorten(plain(q.Query), maxQuery), ".;"), rows, plain(q.SHA256))
}

// pairs lists the values of a JSON text with their names, in the order of the
// text.
func pairs(text json.RawMessage) []string {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var found []string
	if err := flatten(decoder, "", &found); err != nil {
		if whole := shorten(plain(string(text)), maxValue); whole != "" {
			return []string{whole}
		}
		return nil
	}
	return found
}

func list(pairs []string, limit int) string {
	if more := len(pairs) - limit; more > 1 {
		pairs = append(pairs[:limit:limit], fmt.Sprintf("and %d more values", more))
	}
	return strings.Join(pairs, ", ")
}

// flatten adds "name = value" for every value below the next token. Empty and
// absent values say nothing and are left out; long arrays are counted.
func flatten(decoder *json.Decoder, name string, list *[]string) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			if err := flatten(decoder, fmt.Sprint(key), list); err != nil {
				return err
			}
		}
		_, err = decoder.Token()
		return err
	case json.Delim('['):
		return flattenArray(decoder, name, list)
	}
	if value := scalar(token); value != "" {
		*list = append(*list, label(name)+value)
	}
	return nil
}

func flattenArray(decoder *json.Decoder, name string, list *[]string) error {
	var elements []json.RawMessage
	for decoder.More() {
		var element json.RawMessage
		if err := decoder.Decode(&element); err != nil {
			return err
		}
		elements = append(elements, element)
	}
	if _, err := decoder.Token(); err != nil {
		return err
	}
	var values []string
	for _, element := range elements {
		if element[0] == '{' || element[0] == '[' {
			return describeElements(elements, name, list)
		}
		inner := json.NewDecoder(bytes.NewReader(element))
		inner.UseNumber()
		token, err := inner.Token()
		if err != nil {
			return err
		}
		values = append(values, scalar(token))
	}
	switch {
	case len(values) > 6:
		*list = append(*list, fmt.Sprintf("%s%s … %s (%d values)", label(name), values[0], values[len(values)-1], len(values)))
	case len(values) > 0:
		*list = append(*list, label(name)+strings.Join(values, " and "))
	}
	return nil
}

// describeElements goes into an array of objects when it has one, and counts
// otherwise.
func describeElements(elements []json.RawMessage, name string, list *[]string) error {
	if len(elements) > 1 {
		*list = append(*list, fmt.Sprintf("%s%d entries", label(name), len(elements)))
		return nil
	}
	inner := json.NewDecoder(bytes.NewReader(elements[0]))
	inner.UseNumber()
	return flatten(inner, name, list)
}

func label(name string) string {
	if name = strings.ReplaceAll(plain(name), "_", " "); name == "" {
		return ""
	}
	return name + " = "
}

func scalar(token json.Token) string {
	switch value := token.(type) {
	case json.Number:
		if number, err := value.Float64(); err == nil {
			return formatNumber(number)
		}
		return value.String()
	case string:
		return shorten(plain(value), maxValue)
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}
