// Package money writes nano-dollars as decimal dollars and reads them, exactly.
package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Dollars writes nano-dollars as a decimal number.
func Dollars(nano int64) json.Number {
	sign, rest := "", uint64(nano)
	if nano < 0 {
		sign, rest = "-", -rest
	}
	text := fmt.Sprintf("%s%d.%09d", sign, rest/1e9, rest%1e9)
	return json.Number(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// Nano reads a decimal number of dollars, such as 4.50 or 1e-3. Its length is
// bounded first: an exponent may ask for any amount of memory.
func Nano(amount json.Number) (int64, error) {
	if !decimal(string(amount)) {
		return 0, errors.New("must be a number of dollars such as 4.50")
	}
	value, ok := new(big.Rat).SetString(string(amount))
	if !ok {
		return 0, errors.New("must be a number of dollars such as 4.50")
	}
	value.Mul(value, big.NewRat(1e9, 1))
	if !value.IsInt() {
		return 0, errors.New("may have at most nine decimal places")
	}
	if !value.Num().IsInt64() {
		return 0, errors.New("is more than can be counted")
	}
	return value.Num().Int64(), nil
}

// decimal says that a text is digits with an optional fraction and an exponent
// of at most two digits.
func decimal(text string) bool {
	number, exponent, scaled := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, pointed := strings.Cut(number, ".")
	if !digits(whole, 20) || pointed && !digits(fraction, 30) {
		return false
	}
	if !scaled {
		return true
	}
	if sign := strings.IndexAny(exponent, "+-"); sign == 0 {
		exponent = exponent[1:]
	}
	return digits(exponent, 2)
}

func digits(text string, most int) bool {
	return text != "" && len(text) <= most && strings.Trim(text, "0123456789") == ""
}
