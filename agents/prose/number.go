package prose

import (
	"math"
	"strconv"
	"strings"
)

// Count writes a number with its noun: "1 document", "2 documents". The plural
// is the noun with s unless one is given.
func Count(n int, noun string, plural ...string) string {
	if n != 1 {
		if len(plural) > 0 {
			noun = plural[0]
		} else {
			noun += "s"
		}
	}
	return Integer(n) + " " + noun
}

// Integer writes a whole number with a comma between thousands from 10,000 on.
func Integer(n int) string { return thousands(strconv.Itoa(n)) }

func thousands(digits string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(digits, "-"); ok {
		sign, digits = "−", rest
	}
	whole, fraction, dotted := strings.Cut(digits, ".")
	if len(whole) > 4 {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
	}
	if dotted {
		whole += "." + fraction
	}
	return sign + whole
}

// Figure writes a number for reading: whole numbers whole, others with three
// significant digits or one decimal, whichever says more.
func Figure(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	decimals := 1
	for scale := math.Abs(v); scale > 0 && scale < 10 && decimals < 6; scale *= 10 {
		decimals++
	}
	scale := math.Pow(10, float64(decimals))
	text := strconv.FormatFloat(math.Round(v*scale)/scale, 'f', decimals, 64) // 55.05 is 55.1, as a chart has it
	return thousands(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// Percent writes a share (0 to 1) with one decimal: "76.1 %".
func Percent(share float64) string {
	return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
}

// PValue writes a probability as statisticians do: "p < 0.001", "p = 0.032".
func PValue(p float64) string {
	if p < 0.001 {
		return "p < 0.001"
	}
	return "p = " + strconv.FormatFloat(p, 'f', 3, 64)
}

func isWordByte(b byte) bool { return isLetterByte(b) || b == '_' || isDigitByte(b) }

func isDigitByte(b byte) bool { return b >= '0' && b <= '9' }

func isLetterByte(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// Word writes a number below a hundred as a word, as it is read in a sentence,
// and others in digits.
func Word(n int) string {
	units := [...]string{
		"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
	}
	tens := [...]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	switch {
	case n >= 0 && n < len(units):
		return units[n]
	case n < 0 || n >= 100:
		return Integer(n)
	case n%10 == 0:
		return tens[n/10]
	}
	return tens[n/10] + "-" + units[n%10]
}

// WordCount is [Count] with the number as a word: "three sources".
func WordCount(n int, noun string, plural ...string) string {
	counted := Count(n, noun, plural...)
	return Word(n) + strings.TrimPrefix(counted, Integer(n))
}
