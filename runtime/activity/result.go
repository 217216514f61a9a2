package activity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
)

// toolResult is a tool result as the store has it. Most of it are citations,
// which only the last step of an agent has a use for: until then they stay as
// they were written.
type toolResult struct {
	agents.ToolResult // without citations
	citations         json.RawMessage
}

// readResult takes apart what CallTool stored, without a copy of it.
func readResult(blob []byte) (toolResult, error) {
	var result toolResult
	for key, value := range members(blob) {
		var err error
		switch string(key) {
		case "call_id":
			err = json.Unmarshal(value, &result.CallID)
		case "name":
			err = json.Unmarshal(value, &result.Name)
		case "error":
			err = json.Unmarshal(value, &result.Error)
		case "value":
			result.Value = value
		case "citations":
			result.citations = value
		}
		if err != nil {
			return toolResult{}, fmt.Errorf("decoding %s of a tool result: %w", key, err)
		}
	}
	if result.Name == "" {
		return toolResult{}, errors.New("decoding a tool result: it names no tool")
	}
	return result, nil
}

// citationID is [tools.Citation.ID] of a citation as it was stored. Of hundreds
// that were shown a few are cited: the others need not be decoded.
func citationID(text json.RawMessage) (string, error) {
	var citation tools.Citation
	for key, value := range members(text) {
		var err error
		switch string(key) {
		case "sha256":
			err = json.Unmarshal(value, &citation.SHA256)
		case "start":
			err = json.Unmarshal(value, &citation.Start)
		case "end":
			err = json.Unmarshal(value, &citation.End)
		case "computation":
			err = json.Unmarshal(value, &citation.Computation)
		}
		if err != nil {
			return "", fmt.Errorf("decoding %s of a citation: %w", key, err)
		}
	}
	return citation.ID(), nil
}

// show notes in shown the ids of what tools cited, and gives the evidence behind
// the wanted ones. What several searches found was stored in the same words by
// each, and is read once.
func show(results []toolResult, wanted []string, shown map[string]bool) ([]agents.Evidence, error) {
	var evidence []agents.Evidence
	seen := map[string]bool{}
	for _, result := range results {
		for text := range elements(result.citations) {
			if seen[string(text)] {
				continue
			}
			seen[string(text)] = true
			id, err := citationID(text)
			if err != nil {
				return nil, err
			}
			shown[id] = true
			if !slices.Contains(wanted, id) {
				continue
			}
			var citation tools.Citation
			if err := json.Unmarshal(text, &citation); err != nil {
				return nil, fmt.Errorf("decoding citation %s: %w", id, err)
			}
			evidence = append(evidence, agents.Evidence{ID: id, Citation: citation, Heading: citation.Heading})
		}
	}
	return evidence, nil
}

// evidenceIDs lists the evidence ids that stand in a text: e_ and exactly twelve
// hexadecimal digits, at the end of a word.
func evidenceIDs(text []byte) map[string]bool {
	const digits = 12
	ids := map[string]bool{}
	for {
		_, rest, found := bytes.Cut(text, []byte("e_"))
		if !found {
			return ids
		}
		n := 0
		for n < len(rest) && isHex(rest[n]) {
			n++
		}
		if n == digits && (n == len(rest) || !isWord(rest[n])) {
			ids["e_"+string(rest[:n])] = true
		}
		text = rest
	}
}

// members gives the members of a JSON object, with their values as they stand.
// It is for what json.Marshal wrote from a struct: it checks nothing, and takes
// keys to have no escapes.
func members(object json.RawMessage) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		for member := range elements(object) {
			key, value, _ := bytes.Cut(member, []byte(`":`))
			if !yield(bytes.TrimPrefix(key, []byte(`"`)), value) {
				return
			}
		}
	}
}

// elements gives what stands between the commas of a JSON list or object, as
// json.Marshal wrote it.
func elements(text json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for start := 1; start < len(text)-1; {
			end := start + elementEnd(text[start:])
			if !yield(text[start:end:end]) {
				return
			}
			start = end + 1 // behind the comma
		}
	}
}

// elementEnd is where the element ends with which a text begins: at a comma or a
// bracket that is not inside of it.
func elementEnd(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += 1 + stringEnd(text[i+1:])
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				return i
			}
			if text[i] != ',' {
				depth--
			}
		}
	}
	return len(text)
}

// stringEnd is where the quotation mark stands that ends a string: the first
// that has an even number of backslashes before it.
func stringEnd(text []byte) int {
	for from := 0; ; {
		at := bytes.IndexByte(text[from:], '"')
		if at < 0 {
			return len(text)
		}
		at += from
		before := at
		for before > 0 && text[before-1] == '\\' {
			before--
		}
		if (at-before)%2 == 0 {
			return at
		}
		from = at + 1
	}
}

func isHex(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' }

func isWord(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_'
}
