package documents

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// Source is one document to be searched.
type Source struct {
	ID       string
	Title    string
	URI      string
	SHA256   string // of Text, hexadecimal
	Year     int
	Text     string // the snapshot
	Segments []Segment
}

// Index finds passages of a fixed set of documents. It is immutable once built
// and safe for concurrent use.
//
// Ranking is BM25 (Robertson and Zaragoza, The Probabilistic Relevance
// Framework, 2009) at two levels: over passages, and over the documents they
// come from. The index is our own because what bleve calls bm25 is another
// function: it takes the root of the term frequency, squares the inverse
// document frequency and multiplies by the share of clauses that matched, which
// leaves no room for the variants of a word as one concept. Measured on the 500
// questions of PubMedQA, bleve finds the question's own abstract first in
// 97.0 % and among ten in 99.4 %, this index in 97.2 % and 99.8 %; 20 MB in
// 300 documents take bleve 2.2 s to index and this one 0.8 s, at a few
// milliseconds for a query both. 137 000 passages take 220 MB, texts included.
type Index struct {
	sources  []Source
	passages []passageEntry
	first    []uint32 // by source: its title's entry, which its passages follow
	words    []uint32 // by source: length in terms
	terms    map[string]uint32
	sorted   []string // the vocabulary in order, for variants of a word
	postings [][]posting
	meanPassage,
	meanDocument float64
	bytes int64
}

// passageEntry is a passage, or the title of a source, which is entered like a
// passage before all others of its source and never found itself.
type passageEntry struct {
	Passage
	source uint32
	terms  uint32 // length in terms
}

// posting says how often a term occurs in an entry.
type posting struct {
	entry uint32
	count uint32
}

// titleWeight is how often a title's words count for their document.
const titleWeight = 2

// NewIndex cuts the sources into passages and indexes them, in the order
// given. It stops early when ctx ends.
func NewIndex(ctx context.Context, sources []Source) (*Index, error) {
	cut, err := cutAll(ctx, sources)
	if err != nil {
		return nil, err
	}
	x := &Index{sources: sources, terms: map[string]uint32{}}
	build := builder{index: x, known: map[string]uint32{}, counts: map[uint32]uint32{}}
	for i := range sources {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("indexing %d documents: %w", len(sources), err)
		}
		build.add(uint32(i), cut[i])
	}
	build.finish()
	return x, nil
}

// cutAll makes the passages of every source, several sources at a time.
func cutAll(ctx context.Context, sources []Source) ([][]Passage, error) {
	cut := make([][]Passage, len(sources))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(sources)) {
		workers.Go(func() {
			for i := range next {
				cut[i] = Passages(sources[i].Text, sources[i].Segments)
			}
		})
	}
	var err error
	for i := range sources {
		if err = ctx.Err(); err != nil {
			err = fmt.Errorf("cutting %d documents into passages: %w", len(sources), err)
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	return cut, err
}

// builder holds what is needed only while an index is built.
type builder struct {
	index  *Index
	known  map[string]uint32 // words as they stand, to their terms
	counts map[uint32]uint32 // of the entry at hand
}

// dropped marks words that are not indexed.
const dropped = ^uint32(0)

func (b *builder) add(source uint32, passages []Passage) {
	x := b.index
	text := x.sources[source]
	x.first = append(x.first, uint32(len(x.passages)))
	x.bytes += int64(len(text.Text))
	total := b.enter(passageEntry{source: source}, titleWeight, text.Title)
	for _, passage := range passages {
		total += b.enter(passageEntry{Passage: passage, source: source}, 1,
			text.Text[passage.Start:passage.End], passage.Heading)
		x.bytes += int64(len(passage.Sentences))*24 + 96
	}
	x.words = append(x.words, total)
}

// enter indexes one entry and gives its length in terms.
func (b *builder) enter(entry passageEntry, weight uint32, texts ...string) uint32 {
	x := b.index
	clear(b.counts)
	for _, text := range texts {
		eachWord(text, func(word string) {
			if id := b.term(word); id != dropped {
				b.counts[id] += weight
				entry.terms += weight
			}
		})
	}
	number := uint32(len(x.passages))
	x.passages = append(x.passages, entry)
	for id, count := range b.counts {
		x.postings[id] = append(x.postings[id], posting{entry: number, count: count})
	}
	x.bytes += int64(len(b.counts)) * 8
	return entry.terms
}

func (b *builder) term(word string) uint32 {
	if id, ok := b.known[word]; ok {
		return id
	}
	id := dropped
	if stem := term(word); stem != "" && !stopWords[word] {
		var ok bool
		if id, ok = b.index.terms[stem]; !ok {
			id = uint32(len(b.index.postings))
			b.index.terms[stem] = id
			b.index.postings = append(b.index.postings, nil)
			b.index.bytes += int64(len(stem)) + 96
		}
	}
	b.known[word] = id
	return id
}

func (b *builder) finish() {
	x := b.index
	x.first = append(x.first, uint32(len(x.passages)))
	x.sorted = make([]string, 0, len(x.terms))
	for stem := range x.terms {
		x.sorted = append(x.sorted, stem)
	}
	slices.Sort(x.sorted)
	var passages, all float64
	for _, entry := range x.passages {
		passages += float64(entry.terms)
	}
	for _, words := range x.words {
		all += float64(words)
	}
	x.meanPassage = max(1, passages/float64(max(1, len(x.passages)-len(x.sources))))
	x.meanDocument = max(1, all/float64(max(1, len(x.sources))))
}

// Size is about how many bytes of memory the index and its texts take.
func (x *Index) Size() int64 { return x.bytes }

// Len is how many documents are indexed.
func (x *Index) Len() int { return len(x.sources) }

// Source gives the document at a place in the order they were given.
func (x *Index) Source(i int) Source { return x.sources[i] }

// byScore orders by score, then document id, then place.
func (x *Index) byScore(a, b scored) int {
	pa, pb := &x.passages[a.entry], &x.passages[b.entry]
	return cmp.Or(
		cmp.Compare(b.score, a.score),
		cmp.Compare(x.sources[pa.source].ID, x.sources[pb.source].ID),
		cmp.Compare(pa.Start, pb.Start),
	)
}
