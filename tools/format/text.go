package format

import (
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// plain puts a text on one line and takes out what could only mislead: control
// characters, and those that turn the direction of writing around.
func plain(text string) string {
	text = strings.Map(func(char rune) rune {
		switch {
		case unicode.IsSpace(char):
			return ' '
		case unicode.IsControl(char), unicode.Is(unicode.Bidi_Control, char), unicode.Is(unicode.Noncharacter_Code_Point, char):
			return -1
		}
		return char
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.Join(strings.Fields(text), " ")
}

// shorten cuts a text after at most limit characters, between words where
// possible.
func shorten(text string, limit int) string {
	chars := []rune(text)
	if len(chars) <= limit {
		return text
	}
	cut := string(chars[:limit-1])
	if space := strings.LastIndexByte(cut, ' '); space > len(cut)/2 {
		cut = cut[:space]
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}

// webAddress gives an address back when it is safe to be a link.
func webAddress(uri string) (string, bool) {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return "", false
	}
	for _, char := range uri {
		if char <= ' ' || char > '~' || strings.ContainsRune("<>\"'`\\|{}^", char) {
			return "", false
		}
	}
	return uri, true
}

var resolver = regexp.MustCompile(`https://doi\.org/10\.[^\s<>"]+`)

// splitAtAddress divides the text of a reference at the address that leads to
// its source: that of the source, or its DOI. No other address in the text
// comes alive.
// Without one that is safe as a link the address is empty.
func splitAtAddress(reference Reference) (before, address, after string) {
	text := plain(reference.Text)
	candidates := []string{reference.URI}
	if found := resolver.FindString(text); found != "" {
		candidates = append(candidates, strings.TrimRight(found, ".,;)"))
	}
	for _, candidate := range candidates {
		address, ok := webAddress(candidate)
		if !ok {
			continue
		}
		if before, after, found := strings.Cut(text, address); found {
			return before, address, after
		}
	}
	return text, "", ""
}

var (
	figure = regexp.MustCompile(`^[(<>≤≥~≈]?\s?[-+−–±]?\s?[$€£¥]?\d[\d,. '\x{00a0}\x{202f}]*([eE][-+−]?\d+)?\s?(%|‰|[\p{L}µ/²³]{1,4})?\)?$`)
	noCell = regexp.MustCompile(`(?i)^(|-|–|—|n/?a|none|…|\.\.\.)$`)
)

// numeric reports for each column whether it holds figures, with or without
// units and gaps.
func numeric(width int, rows [][]string) []bool {
	columns := make([]bool, width)
	for i := range columns {
		count := 0
		columns[i] = true
		for _, row := range rows {
			if i >= len(row) || noCell.MatchString(plain(row[i])) {
				continue
			}
			count++
			columns[i] = columns[i] && figure.MatchString(plain(row[i]))
		}
		columns[i] = columns[i] && count > 0
	}
	return columns
}

// width is the number of columns of a table's widest row.
func (t Table) width() int {
	width := len(t.Columns)
	for _, row := range t.Rows {
		width = max(width, len(row))
	}
	return width
}

func cell(row []string, i int) string {
	if i < len(row) {
		return plain(row[i])
	}
	return ""
}

// formatNumber writes a value with at most six significant digits, or all of an
// integer's, and with commas between thousands.
func formatNumber(value float64) string {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return "–"
	case value == math.Trunc(value) && math.Abs(value) < 1e15:
		return grouped(strconv.FormatFloat(value, 'f', -1, 64))
	case math.Abs(value) >= 1e15 || math.Abs(value) < 1e-4:
		return strconv.FormatFloat(value, 'g', 4, 64)
	}
	digits := max(0, 5-int(math.Floor(math.Log10(math.Abs(value)))))
	text := strconv.FormatFloat(value, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return grouped(text)
}

// grouped puts commas between the thousands of a decimal number; numbers of four
// digits stay as they are, as years do.
func grouped(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	whole, fraction, dotted := strings.Cut(text, ".")
	if len(whole) > 4 {
		for at := len(whole) - 3; at > 0; at -= 3 {
			whole = whole[:at] + "," + whole[at:]
		}
	}
	if strings.Trim(whole+fraction, "0,") == "" {
		sign = ""
	}
	if dotted {
		return sign + whole + "." + fraction
	}
	return sign + whole
}
