package format

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/quaestor-run/quaestor/tools"
)

// citing knows how a document marks its references in the text: by number, or
// by author and year where its references have labels.
type citing struct {
	labels map[int]string // every reference there is
	named  bool
}

func newCiting(references []Reference) citing {
	c := citing{labels: map[int]string{}}
	for _, reference := range references {
		label := plain(reference.Label)
		c.named = c.named || label != ""
		c.labels[reference.Number] = label
	}
	return c
}

// sign is one mark of a group: what stands before it, its words, and the
// reference it leads to; linked is false when there is none.
type sign struct {
	before, text string
	number       int
	linked       bool
}

// group is the marks behind a sentence, and what encloses them. Without
// references it is empty.
func (c citing) group(references []int) (start string, signs []sign, end string) {
	if len(references) == 0 {
		return "", nil, ""
	}
	add := func(before, text string, number int) {
		_, linked := c.labels[number]
		if before == "" && len(signs) > 0 {
			before = ", "
		}
		signs = append(signs, sign{before, text, number, linked})
	}
	if c.named {
		for _, number := range slices.Compact(slices.Sorted(slices.Values(references))) {
			before := ""
			if len(signs) > 0 {
				before = "; "
			}
			add(before, or(c.labels[number], strconv.Itoa(number)), number)
		}
		return "(", signs, ")"
	}
	for _, run := range tools.Runs(references) {
		add("", strconv.Itoa(run.First), run.First)
		if run.Last > run.First {
			add("–", strconv.Itoa(run.Last), run.Last)
		}
	}
	return "[", signs, "]"
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func plural(count int, what string) string {
	if count == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", formatNumber(float64(count)), what)
}
