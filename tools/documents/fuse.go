package documents

import "container/heap"

// How rankings are fused (Cormack, Clarke and Büttcher, Reciprocal Rank Fusion
// outperforms Condorcet and individual Rank Learning Methods, 2009): a passage
// at rank r of a ranking is given 1/(60+r). Scores are told in hundredths of the
// best there can be.
const (
	fuseOffset = 60
	fuseDepth  = 200
	fuseScale  = 100 * (fuseOffset + 1) / 2.0
)

// fuse gives the passages found by words or by meaning, by the sum of what each
// ranking gives them.
func (x *Index) fuse(words *candidates, q Query) *candidates {
	scores := map[uint32]float64{}
	for rank := 1; rank <= fuseDepth && words.Len() > 0; rank++ {
		if s, ok := heap.Pop(words).(scored); ok {
			scores[s.entry] += 1 / float64(fuseOffset+rank)
		}
	}
	for rank, place := range q.Nearest[:min(len(q.Nearest), fuseDepth)] {
		if place.Source < 0 || place.Source >= len(x.sources) || q.Document != "" && x.sources[place.Source].ID != q.Document {
			continue
		}
		if entry := x.first[place.Source] + 1 + uint32(place.Passage); place.Passage >= 0 && entry < x.first[place.Source+1] {
			scores[entry] += 1 / float64(fuseOffset+rank+1)
		}
	}
	fused := &candidates{index: x}
	for entry, score := range scores {
		fused.scored = append(fused.scored, scored{entry, score * fuseScale})
	}
	heap.Init(fused)
	return fused
}

// Passages gives the texts of the passages of the source at a place, in order.
func (x *Index) Passages(source int) []string {
	texts := make([]string, 0, x.first[source+1]-x.first[source]-1)
	for _, passage := range x.passages[x.first[source]+1 : x.first[source+1]] {
		texts = append(texts, x.sources[source].Text[passage.Start:passage.End])
	}
	return texts
}
