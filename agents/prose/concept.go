package prose

import (
	"slices"
	"strings"
)

// concept is one idea of a topic with its names, as stems. Direct names mean
// the idea itself, related ones belong to the same field.
type concept struct {
	name    string
	direct  [][]string
	related [][]string
	weight  float64

	names, relatedNames []string // other names as written, for a search
}

// phrase is the name of a rank: the direct names come before the related ones.
func (c concept) phrase(rank int) []string {
	if rank < len(c.direct) {
		return c.direct[rank]
	}
	return c.related[rank-len(c.direct)]
}

// like finds a single word by its beginning, for languages whose endings are
// not known here. It looks for names of a better rank than was found already.
func (c concept) like(stems []string, found int) int {
	for rank := range min(found, len(c.direct)+len(c.related)) {
		name := c.phrase(rank)
		if len(name) != 1 || len(name[0]) < 6 {
			continue
		}
		root := name[0][:max(5, len(name[0])-2)]
		if slices.ContainsFunc(stems, func(stem string) bool { return strings.HasPrefix(stem, root) }) {
			return rank
		}
	}
	return found
}

func hasWeight(cs []concept) bool {
	return slices.ContainsFunc(cs, func(c concept) bool { return c.weight >= 1 })
}

// nameIndex finds the names of concepts in one pass over the stems of a text.
type nameIndex struct {
	concepts int
	first    map[string]int // by a first stem, the place of a name in names, from 1
	names    []conceptName
}

type conceptName struct {
	concept int
	rank    int
	rest    []string // the stems after the first
	next    int      // another name with the same first stem, from 1; 0 where there is none
}

func indexNames(cs []concept) nameIndex {
	total := 0
	for _, c := range cs {
		total += len(c.direct) + len(c.related)
	}
	index := nameIndex{len(cs), make(map[string]int, total), make([]conceptName, 0, total)}
	for i, c := range cs {
		for rank := range len(c.direct) + len(c.related) {
			name := c.phrase(rank)
			index.names = append(index.names, conceptName{i, rank, name[1:], index.first[name[0]]})
			index.first[name[0]] = len(index.names)
		}
	}
	return index
}

// unmet is the rank of a concept that a text does not name.
const unmet = 1 << 30

// in gives for each concept the best rank among the names that a text has.
func (x nameIndex) in(stems []string) meeting {
	ranks := make(meeting, x.concepts)
	for i := range ranks {
		ranks[i] = unmet
	}
	for i, stem := range stems {
		for at := x.first[stem]; at > 0; at = x.names[at-1].next {
			name := &x.names[at-1]
			if name.rank < ranks[name.concept] && startsWith(stems[i+1:], name.rest) {
				ranks[name.concept] = name.rank
			}
		}
	}
	return ranks
}

func startsWith(words, start []string) bool {
	return len(words) >= len(start) && slices.Equal(words[:len(start)], start)
}

// meeting says by which names a text meets the concepts of a topic: a rank for
// each concept of the subject, then of the scope.
type meeting []int

// meet finds the topic in a text.
func (t Topic) meet(stems []string) meeting {
	m := t.names.in(stems)
	if t.foreign {
		for i, c := range t.subject {
			m[i] = c.like(stems, m[i])
		}
		for i, c := range t.scope {
			m[len(t.subject)+i] = c.like(stems, m[len(t.subject)+i])
		}
	}
	return m
}

// and is what two texts meet together that stand apart.
func (m meeting) and(other meeting) meeting {
	both := make(meeting, len(m))
	for i := range both {
		both[i] = min(m[i], other[i])
	}
	return both
}

// subjectOf and scopeOf are the two parts of a meeting with the topic.
func (t Topic) subjectOf(m meeting) []int { return m[:len(t.subject)] }

func (t Topic) scopeOf(m meeting) []int { return m[len(t.subject):] }

// share is the share of the weight of concepts that is met, and the name of the
// first that was. Related names count only if asked for.
func share(cs []concept, ranks []int, related bool) (share float64, term []string) {
	total, reached := 0.0, 0.0
	for i, c := range cs {
		total += c.weight
		if ranks[i] == unmet || !related && ranks[i] >= len(c.direct) {
			continue
		}
		reached += c.weight
		if term == nil && c.weight >= 1 {
			term = c.phrase(ranks[i])
		}
	}
	if total == 0 || term == nil && hasWeight(cs) {
		return 0, nil
	}
	return reached / total, term
}

// anyDirect says that one of the concepts with weight is met by a direct name.
func anyDirect(cs []concept, ranks []int) bool {
	for i, c := range cs {
		if c.weight >= 1 && ranks[i] < len(c.direct) {
			return true
		}
	}
	return false
}
