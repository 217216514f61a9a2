package reviewer

import (
	"encoding/json"
	"regexp"
	"strconv"
)

var jsonNumber = regexp.MustCompile(`\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`)

// grouped is the part of a computation that sums by group.
type grouped struct {
	Group struct {
		Groups []struct {
			Sum float64 `json:"sum"`
		} `json:"groups"`
	} `json:"group"`
}

// computed lists the figures of a computation's input and result; where it sums
// by group, also the total and each group's share of it.
func computed(input, result json.RawMessage) []float64 {
	var values []float64
	var g grouped
	if json.Unmarshal(result, &g) == nil && len(g.Group.Groups) > 0 {
		total := 0.0
		for _, group := range g.Group.Groups {
			total += group.Sum
		}
		values = append(values, total)
		for _, group := range g.Group.Groups {
			values = append(values, group.Sum/total)
		}
	}
	text := string(input) + " " + string(result)
	for _, match := range jsonNumber.FindAllString(text, -1) {
		if v, err := strconv.ParseFloat(match, 64); err == nil {
			values = append(values, v)
		}
	}
	return values
}
