package documents

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
)

// The limits of a query.
const (
	DefaultLimit = 8
	MaxLimit     = 20
)

// perDocument is how many passages of one document come before those of
// others: ten passages of one paper are not ten sources.
const perDocument = 3

// Query asks for passages.
type Query struct {
	Text     string
	Limit    int    // 0 means DefaultLimit; at most MaxLimit
	Document string // only this document, when not empty

	// Nearest are the passages nearest to the query in meaning, best first; nil
	// where meaning is not known. They are fused with those found by words.
	Nearest []Place
}

// Place is a passage by its source's place in the index and its own in
// [Index.Passages].
type Place struct{ Source, Passage int }

// Found is what a search gives: passages, best first, and among how many
// documents they were looked for.
type Found struct {
	Hits      []Hit
	Documents int
	Note      string // what the reader of the hits should know of the search
}

// Hit is a passage that was found.
type Hit struct {
	Document string // id
	Title    string
	URI      string
	SHA256   string
	Year     int
	Page     int
	Heading  string
	Score    float64
	Start    int
	End      int
	Quotes   []Quote

	Author    string
	Published string // YYYY-MM-DD, or as much of it as is known
	Tier      string
	Copies    int // other documents that say nearly the same
}

// Quote is a whole sentence of a hit: Text is the snapshot from Start to End.
type Quote struct {
	Sentence
	Text string
}

// Search gives the passages that answer a query best. Passages that share no
// word with it are not given. The same query gives the same hits in the same
// order, always.
func (x *Index) Search(ctx context.Context, q Query) ([]Hit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	found := x.candidates(x.rank(q.Text), q.Document)
	if q.Nearest != nil {
		found = x.fuse(found, q)
	}
	chosen := x.choose(found, min(limit, MaxLimit), q.Document != "")
	hits := make([]Hit, len(chosen))
	for i, s := range chosen {
		hits[i] = x.hit(s)
	}
	return hits, nil
}

// candidates scores every passage that was matched, and the first passage of
// a document that was matched by its title alone.
func (x *Index) candidates(r ranking, document string) *candidates {
	c := &candidates{index: x}
	for source, score := range r.documents {
		if score == 0 || document != "" && x.sources[source].ID != document {
			continue
		}
		first, end := x.first[source]+1, x.first[source+1]
		before := len(c.scored)
		for entry := first; entry < end; entry++ {
			if r.passages[entry] > 0 {
				c.scored = append(c.scored, scored{entry, r.passages[entry] + documentWeight*score})
			}
		}
		if len(c.scored) == before && first < end {
			c.scored = append(c.scored, scored{first, documentWeight * score})
		}
	}
	heap.Init(c)
	return c
}

// candidates is a heap of passages, the best on top.
type candidates struct {
	index  *Index
	scored []scored
}

func (c *candidates) Len() int           { return len(c.scored) }
func (c *candidates) Less(i, j int) bool { return c.index.byScore(c.scored[i], c.scored[j]) < 0 }
func (c *candidates) Swap(i, j int)      { c.scored[i], c.scored[j] = c.scored[j], c.scored[i] }
func (c *candidates) Push(any)           {} // nothing is added once the heap is made
func (c *candidates) Pop() any {
	last := c.scored[len(c.scored)-1]
	c.scored = c.scored[:len(c.scored)-1]
	return last
}

// choose takes the best, at first not more than perDocument of each document
// and its copies together, and the same words only once, even where several
// documents have them, or nearly the same where they are copies.
func (x *Index) choose(c *candidates, limit int, oneDocument bool) []scored {
	taken, said := map[uint32]int{}, map[string]bool{}
	copies := map[uint32]saidByAll{}
	var chosen, spare []scored
	for c.Len() > 0 && len(chosen) < limit {
		s, ok := heap.Pop(c).(scored)
		if !ok {
			break
		}
		passage := &x.passages[s.entry]
		source := passage.source
		words := x.sources[source].Text[passage.Start:passage.End]
		if said[words] {
			continue
		}
		said[words] = true
		family := x.family[source]
		if x.copies[source] > 0 {
			if copies[family].has(source, words) {
				continue
			}
			copies[family] = append(copies[family], saidBy{source, runsOf(words)})
		}
		if taken[family]++; taken[family] <= perDocument || oneDocument {
			chosen = append(chosen, s)
		} else if len(spare) < limit {
			spare = append(spare, s)
		}
	}
	chosen = append(chosen, spare[:min(len(spare), limit-len(chosen))]...)
	slices.SortFunc(chosen, x.byScore)
	return chosen
}

// saidBy is what a document of a family said in a passage that was chosen.
type saidBy struct {
	source uint32
	runs   map[uint64]bool
}

type saidByAll []saidBy

// has says that another document of the family said most of the words, with
// all the figures among them: a copy with another figure is another source.
func (all saidByAll) has(source uint32, words string) bool {
	runs := runsOf(words)
	for _, before := range all {
		if before.source == source {
			continue
		}
		both := 0
		for run := range runs {
			if before.runs[run] {
				both++
			} else if run&1 == 1 {
				both -= len(runs) // a figure that the other has not
			}
		}
		if float64(both) >= 0.6*float64(len(runs)) {
			return true
		}
	}
	return false
}

// runsOf are hashes of the pairs of words of a text, odd for those with a
// figure.
func runsOf(text string) map[uint64]bool {
	runs := map[uint64]bool{}
	before := uint64(0)
	eachWord(text, func(word string) {
		hash, figure := uint64(14695981039346656037), false
		for i := range len(word) {
			hash = (hash ^ uint64(word[i])) * 1099511628211
			figure = figure || asciiDigit(word[i])
		}
		run := (before*0x9e3779b97f4a7c15 ^ hash) &^ 1
		if figure {
			run = hash | 1
		}
		runs[run] = true
		before = hash
	})
	return runs
}

func (x *Index) hit(s scored) Hit {
	passage := &x.passages[s.entry]
	source := &x.sources[passage.source]
	hit := Hit{
		Document: source.ID, Title: source.Title, URI: source.URI, SHA256: source.SHA256, Year: source.Year,
		Page: passage.Page, Heading: passage.Heading, Score: s.score, Start: passage.Start, End: passage.End,
		Author: source.Author, Published: source.Published, Tier: source.Tier, Copies: int(x.copies[passage.source]),
		Quotes: make([]Quote, len(passage.Sentences)),
	}
	for i, sentence := range passage.Sentences {
		hit.Quotes[i] = Quote{Sentence: sentence, Text: source.Text[sentence.Start:sentence.End]}
	}
	return hit
}

// Relevant gives the places of all documents (see [Index.Source]), those that
// say most about the topic first and those that say nothing of it last, by id.
func (x *Index) Relevant(topic string) []int {
	r := x.rank(topic)
	best := make([]float64, len(x.sources))
	for entry, score := range r.passages {
		source := x.passages[entry].source
		best[source] = max(best[source], score)
	}
	order := make([]int, len(x.sources))
	for i := range order {
		order[i] = i
		best[i] += documentWeight * r.documents[i]
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(best[b], best[a]), cmp.Compare(x.sources[a].ID, x.sources[b].ID))
	})
	return order
}
