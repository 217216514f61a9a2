package documents

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// decodeText gives the bytes of a text document as UTF-8. Valid UTF-8 stays as
// it is, byte for byte, even with a byte order mark, so that offsets hold in
// the user's own file; UTF-16 is converted, and what is neither is taken for
// Windows-1252.
func decodeText(name string, data []byte) (string, error) {
	utf16 := bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF})
	switch {
	case utf16:
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return "", notText(name)
		}
		return checkedText(name, string(decoded))
	case utf8.Valid(data):
		return checkedText(name, string(data))
	}
	decoded, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return "", notText(name)
	}
	return checkedText(name, string(decoded))
}

func checkedText(name, text string) (string, error) {
	if holdsBinary(text) {
		return "", notText(name)
	}
	if strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")) == "" {
		return "", empty(name)
	}
	return text, nil
}

// holdsBinary says that data holds bytes no text has: a zero, or more than one
// control character in fifty bytes.
func holdsBinary[T string | []byte](data T) bool {
	controls := 0
	for i := range len(data) {
		b := data[i]
		if b == 0 {
			return true
		}
		if b < 0x20 && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1B {
			controls++
		}
	}
	return controls*50 > len(data)
}
