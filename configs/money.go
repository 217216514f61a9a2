package configs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// NanoUSD is an exact amount of money in integer nano-dollars (1e-9 dollars).
type NanoUSD int64

const nanoDigits = 9

// ParseUSD reads a decimal amount of dollars such as 3, 0.075 or 18.75, exactly:
// at most nine decimals, not negative, no exponent.
func ParseUSD(text string) (NanoUSD, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction
	if whole == "" || len(fraction) > nanoDigits || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("an amount of dollars like 2.50 is wanted, of at most nine decimals, not %q", text)
	}
	value, err := strconv.ParseInt(digits+strings.Repeat("0", nanoDigits-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q dollars are too much: at most %d", text, math.MaxInt64/int64(1e9))
	}
	return NanoUSD(value), nil
}

// String writes the amount in dollars, without needless zeros.
func (n NanoUSD) String() string {
	text := fmt.Sprintf("%d.%09d", n/1e9, n%1e9)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
