package reviewer

import (
	"regexp"
	"strconv"
)

var jsonNumber = regexp.MustCompile(`\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`)

// computed lists the figures of a computation's JSON, and the rests: what
// shares and counts leave to the whole.
func computed(text string) []float64 {
	var values []float64
	for _, match := range jsonNumber.FindAllString(text, -1) {
		if v, err := strconv.ParseFloat(match, 64); err == nil {
			values = append(values, v)
		}
	}
	return values
}
