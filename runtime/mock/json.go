package mock

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// appendQuoted appends text as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendQuoted(dst []byte, text string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, width := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && width == 1 {
				dst = append(append(dst, text[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += width
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, text[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, text[start:]...), '"')
}

// appendNullable is appendQuoted with null for the empty text.
func appendNullable(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, "null"...)
	}
	return appendQuoted(dst, text)
}

// appendJSON appends text that is to be JSON as it is, and as a string where a
// script broke it.
func appendJSON(dst []byte, text string) []byte {
	switch {
	case text == "":
		return append(dst, '{', '}')
	case json.Valid([]byte(text)):
		return append(dst, text...)
	}
	return appendQuoted(dst, text)
}

func appendInt(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(dst, name...), n, 10)
}

// appendVector appends numbers as a JSON array.
func appendVector(dst []byte, vector []float32) []byte {
	dst = append(dst, '[')
	for i, x := range vector {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendFloat(dst, float64(x), 'f', -1, 32)
	}
	return append(dst, ']')
}
