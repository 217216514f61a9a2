package documents

import (
	"hash/maphash"
	"math"
)

// sketch is a MinHash of a text (Broder, On the resemblance and containment of
// documents, 1997) with one permutation and bins (Li, Owen and Zhang, One
// Permutation Hashing, 2012): the share of bins that agree is about the share
// of runs of five words that two texts have in common. Zero is no sketch.
type sketch [sketchBins]uint32

const (
	sketchBins  = 64
	sketchRun   = 5  // words
	sketchWords = 60 // of a text, to be compared at all
)

// How alike two documents are, by the share of bins, to be copies of each
// other. A syndicated copy has other words around the same text.
const copyShare = 0.7

type sketcher struct {
	run   [sketchRun]uint64
	words int
	bins  sketch
}

func newSketcher() *sketcher {
	s := &sketcher{}
	for i := range s.bins {
		s.bins[i] = math.MaxUint32
	}
	return s
}

// word adds the next word. Hashes must be the same in every process: this is
// FNV-1a, mixed.
func (s *sketcher) word(word string) {
	hash := uint64(14695981039346656037)
	for i := range len(word) {
		hash = (hash ^ uint64(word[i])) * 1099511628211
	}
	copy(s.run[:], s.run[1:])
	s.run[sketchRun-1] = hash
	if s.words++; s.words < sketchRun {
		return
	}
	mixed := uint64(0)
	for _, h := range s.run {
		mixed = (mixed ^ h) * 0x9e3779b97f4a7c15
		mixed ^= mixed >> 29
	}
	bin, value := mixed%sketchBins, uint32(mixed>>32)
	s.bins[bin] = min(s.bins[bin], value)
}

func (s *sketcher) sketch() sketch {
	if s.words < sketchWords {
		return sketch{}
	}
	return s.bins
}

// alike is about the share of their runs of words that two texts have in
// common.
func (s *sketch) alike(other *sketch) float64 {
	same, used := 0, 0
	for i, value := range s {
		if value == math.MaxUint32 && other[i] == math.MaxUint32 {
			continue
		}
		if used++; value == other[i] {
			same++
		}
	}
	if used == 0 {
		return 0
	}
	return float64(same) / float64(used)
}

// families groups sources that are copies of each other: for each source the
// first that it is a copy of, itself where there is none. Candidates share four
// bins in a row.
func families(sketches []sketch) []uint32 {
	const band = 4
	first := make([]uint32, len(sketches))
	seed := maphash.MakeSeed()
	buckets := map[uint64][]uint32{}
	for i := range sketches {
		first[i] = uint32(i)
		if sketches[i] == (sketch{}) {
			continue
		}
		var keys [sketchBins / band]uint64
		for b := range keys {
			rows := [band + 1]uint32{uint32(b)}
			copy(rows[1:], sketches[i][b*band:])
			keys[b] = maphash.Comparable(seed, rows)
		}
		for _, key := range keys {
			if at := likeOne(sketches, buckets[key], i); at >= 0 {
				first[i] = first[at]
				break
			}
		}
		for _, key := range keys {
			if bucket := buckets[key]; len(bucket) < maxBucket {
				buckets[key] = append(bucket, uint32(i))
			}
		}
	}
	return first
}

// maxBucket bounds with how many others a source is compared for each band.
const maxBucket = 16

func likeOne(sketches []sketch, bucket []uint32, i int) int {
	for _, other := range bucket {
		if sketches[i].alike(&sketches[other]) >= copyShare {
			return int(other)
		}
	}
	return -1
}
