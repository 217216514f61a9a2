package documents

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// The constants of BM25, as customary.
const (
	saturation   = 1.2  // k1
	lengthWeight = 0.75 // b
)

// How the ranking weighs what is not the very word, and how much of a
// passage's score is that of its document.
const (
	variantWeight  = 0.5
	acronymWeight  = 0.7
	documentWeight = 1.0
)

// A variant of a word shares at least variantPrefix bytes and variantShare of
// the longer of the two stems: cystoscopi and cystoscopist.
const (
	variantPrefix = 6
	variantShare  = 0.6
)

// Letters of an acronym: it stands for as many words of the query.
const (
	acronymMin = 3
	acronymMax = 5
)

// concept is one thing a query asks for: terms that mean it, each with a
// weight, and how much the whole counts.
type concept struct {
	terms  []weightedTerm
	weight float64
}

type weightedTerm struct {
	id     uint32
	weight float64
}

type scored struct {
	entry uint32
	score float64
}

// concepts reads a query: one concept for each of its words with that word's
// variants in the vocabulary, and one for each acronym its words may stand
// behind.
func (x *Index) concepts(query string) []concept {
	words := queryWords(query)
	counts := map[string]int{}
	var all []concept
	for _, word := range words {
		stem := term(word)
		if counts[stem]++; stem == "" || counts[stem] > 1 {
			continue
		}
		if terms := x.variants(stem); len(terms) > 0 {
			all = append(all, concept{terms: terms, weight: 1})
		}
	}
	for _, acronym := range acronyms(query) {
		if id, ok := x.terms[term(acronym)]; ok && counts[term(acronym)] == 0 {
			all = append(all, concept{terms: []weightedTerm{{id, 1}}, weight: acronymWeight})
		}
	}
	return all
}

func (x *Index) variants(stem string) []weightedTerm {
	var terms []weightedTerm
	if id, ok := x.terms[stem]; ok {
		terms = append(terms, weightedTerm{id, 1})
	}
	if len(stem) < variantPrefix {
		return terms
	}
	prefix := stem[:variantPrefix]
	from, _ := slices.BinarySearch(x.sorted, prefix)
	for _, other := range x.sorted[from:] {
		if !strings.HasPrefix(other, prefix) {
			break
		}
		shared := float64(commonPrefix(stem, other))
		if other != stem && shared >= variantShare*float64(max(len(stem), len(other))) {
			terms = append(terms, weightedTerm{x.terms[other], variantWeight})
		}
	}
	return terms
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// acronyms gives the initials of every run of words of the query that neither
// begins nor ends with a stop word.
func acronyms(query string) []string {
	var words []string
	eachWord(query, func(word string) { words = append(words, word) })
	var all []string
	for start := range words {
		for n := acronymMin; n <= acronymMax && start+n <= len(words); n++ {
			run := words[start : start+n]
			if stopWords[run[0]] || stopWords[run[n-1]] {
				continue
			}
			var initials strings.Builder
			for _, word := range run {
				initials.WriteByte(word[0])
			}
			if acronym := initials.String(); isLowerASCII(acronym) && !slices.Contains(all, acronym) {
				all = append(all, acronym)
			}
		}
	}
	return all
}

// ranking holds the scores of one query; zero is no match.
type ranking struct {
	passages  []float64 // by entry
	documents []float64 // by source
}

func (x *Index) rank(query string) ranking {
	r := ranking{passages: make([]float64, len(x.passages)), documents: make([]float64, len(x.sources))}
	for _, c := range x.concepts(query) {
		x.score(r, c)
	}
	return r
}

// score adds one concept to the ranking. The variants of a word count together
// as one term, so that their number gives no advantage.
func (x *Index) score(r ranking, c concept) {
	counts := x.merge(c.terms)
	var documents, passages int
	last := dropped
	for _, m := range counts {
		entry := &x.passages[m.entry]
		if m.entry != x.first[entry.source] {
			passages++
		}
		if entry.source != last {
			documents++
			last = entry.source
		}
	}
	ofPassages := c.weight * rarity(passages, len(x.passages)-len(x.sources))
	ofDocuments := c.weight * rarity(documents, len(x.sources))
	for i := 0; i < len(counts); {
		source := x.passages[counts[i].entry].source
		sum := 0.0
		for ; i < len(counts) && x.passages[counts[i].entry].source == source; i++ {
			m := counts[i]
			sum += m.score
			if m.entry != x.first[source] {
				r.passages[m.entry] += ofPassages * saturate(m.score, float64(x.passages[m.entry].terms)/x.meanPassage)
			}
		}
		r.documents[source] += ofDocuments * saturate(sum, float64(x.words[source])/x.meanDocument)
	}
}

// merge adds up the weighted counts of terms by entry, in order of entries.
func (x *Index) merge(terms []weightedTerm) []scored {
	total := 0
	for _, t := range terms {
		total += len(x.postings[t.id])
	}
	all := make([]scored, 0, total)
	for _, t := range terms {
		for _, p := range x.postings[t.id] {
			all = append(all, scored{p.entry(), t.weight * float64(p.count())})
		}
	}
	if len(terms) < 2 {
		return all
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(a.entry, b.entry) })
	merged := all[:0]
	for _, s := range all {
		if n := len(merged); n > 0 && merged[n-1].entry == s.entry {
			merged[n-1].score += s.score
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// rarity is the inverse document frequency of BM25, never negative.
func rarity(having, all int) float64 {
	return math.Log(1 + (float64(all-having)+0.5)/(float64(having)+0.5))
}

// saturate is the term weight of BM25 for a count in a text of a length
// relative to the mean.
func saturate(count, length float64) float64 {
	return count * (saturation + 1) / (count + saturation*(1-lengthWeight+lengthWeight*length))
}
