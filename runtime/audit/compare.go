package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// sameJSON says whether two lists are the same as JSON, or else where they
// first differ.
func sameJSON[T any](a, b []T) (at int, same bool) {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) {
			return i, false
		}
		one, errOne := json.Marshal(a[i])
		other, errOther := json.Marshal(b[i])
		if errOne != nil || errOther != nil || !bytes.Equal(one, other) {
			return i, false
		}
	}
	return 0, true
}

// difference tells the first place in which two JSON texts differ.
func difference(stated, computed json.RawMessage) string {
	var a, b any
	if json.Unmarshal(stated, &a) != nil || json.Unmarshal(computed, &b) != nil {
		return "one of the two is no JSON"
	}
	found := ""
	walk("", a, b, func(path, stated, computed string) bool {
		found = fmt.Sprintf("%s is stated as %s and comes out as %s", path, stated, computed)
		return false
	})
	if found == "" {
		return "they are written in other bytes"
	}
	return found
}

// walk tells where two JSON values differ, until tell says that it is enough.
func walk(path string, a, b any, tell func(path, a, b string) (more bool)) (more bool) {
	switch one := a.(type) {
	case map[string]any:
		if other, ok := b.(map[string]any); ok {
			names := slices.AppendSeq(slices.Collect(maps.Keys(one)), maps.Keys(other))
			slices.Sort(names)
			for _, name := range slices.Compact(names) {
				below := name
				if path != "" {
					below = path + "." + name
				}
				if !walk(below, one[name], other[name], tell) {
					return false
				}
			}
			return true
		}
	case []any:
		if other, ok := b.([]any); ok {
			for i := range max(len(one), len(other)) {
				if !walk(fmt.Sprintf("%s[%d]", path, i), at(one, i), at(other, i), tell) {
					return false
				}
			}
			return true
		}
	default:
		switch b.(type) {
		case map[string]any, []any:
		default:
			if a == b {
				return true
			}
		}
	}
	return tell(path, inBrief(a), inBrief(b))
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func inBrief(value any) string {
	if value == nil {
		return "nothing"
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%v", value)
	}
	return short(string(raw))
}

// firstLine tells the first line in which two texts differ.
func firstLine(stated, rendered []byte) string {
	for number := 1; len(stated) > 0 || len(rendered) > 0; number++ {
		var one, other []byte
		one, stated, _ = bytes.Cut(stated, []byte("\n"))
		other, rendered, _ = bytes.Cut(rendered, []byte("\n"))
		if !bytes.Equal(one, other) {
			from := apart(one, other)
			return fmt.Sprintf("line %d has %q where it should have %q", number, excerpt(one, from), excerpt(other, from))
		}
	}
	return "they end in other bytes"
}

// apart is the first byte in which two lines differ.
func apart(a, b []byte) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}

// excerpt is what stands around a place of a line.
func excerpt(line []byte, from int) string {
	const before, after = 40, 60
	return string(line[min(max(from-before, 0), len(line)):min(from+after, len(line))])
}
