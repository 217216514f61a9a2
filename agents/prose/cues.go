package prose

import "strings"

// cueIndex holds lists of phrases by the first word of each phrase. One pass
// over the words of a text tells which of the lists it meets, however many and
// long they are.
type cueIndex map[string][]cue

type cue struct {
	rest []string // the words after the first
	list cueLists
}

// cueLists is a set of the lists of an index: the bit 1<<i is the list i.
type cueLists uint32

// newCueIndex makes an index of lists of phrases. The phrases of a list are
// separated by bars, and written as [Words] gives them.
func newCueIndex(lists ...string) cueIndex {
	index := make(cueIndex)
	for i, list := range lists {
		for phrase := range strings.SplitSeq(list, "|") {
			if words := strings.Fields(phrase); len(words) > 0 {
				index[words[0]] = append(index[words[0]], cue{words[1:], 1 << i})
			}
		}
	}
	return index
}

// in gives the lists that have a phrase anywhere in a text.
func (c cueIndex) in(words []string) cueLists {
	var found cueLists
	for i := range words {
		found |= c.begin(words[i:])
	}
	return found
}

// begin gives the lists that have a phrase with which a text begins.
func (c cueIndex) begin(words []string) cueLists {
	var found cueLists
	if len(words) == 0 {
		return 0
	}
	for _, cue := range c[words[0]] {
		if startsWith(words[1:], cue.rest) {
			found |= cue.list
		}
	}
	return found
}

// has says that the list i is in the set.
func (l cueLists) has(i int) bool { return l&(1<<i) != 0 }
