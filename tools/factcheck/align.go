package factcheck

import "slices"

// pairing says for each word of a claim which word of the evidence stands in
// its place (or -1), and whether the two are the same.
type pairing struct {
	other []int // by word of the claim
	back  []int // by word of the evidence
	same  []bool
}

// What pairs and gaps are worth. A pair of two figures or of two opposites costs
// little, so that a figure is set against the figure in its place.
const (
	gapOpen, gapClaim, gapSource = -0.6, -0.3, -0.1

	none = -1e9
)

func worth(a, b token) (score float64, same bool) {
	switch {
	case a.figure != nil && b.figure != nil:
		if a.figure.same(*b.figure) {
			return 2, true
		}
		if a.figure.value == b.figure.value {
			return 0.5, false // in another unit
		}
		return -0.4, false
	case a.figure != nil || b.figure != nil:
		return -2, false
	case a.lower == b.lower || a.content && b.content && a.stem == b.stem:
		if a.content {
			return 3, true
		}
		return 1, true
	case alike(a, b):
		return 2, true
	case opposed(a, b):
		return 0, false
	case a.content && b.content:
		return -0.9, false
	}
	return -1.4, false
}

// grid is the table of an alignment, a row for each word of the claim. Each cell
// has the best score that ends in a pair, in a word of the claim alone, or in a
// word of the evidence alone, and which of the three it came from.
type grid struct {
	width int
	score [3][]float64
	from  [3][]uint8
}

// The ends of a cell.
const (
	pair = iota
	claimAlone
	sourceAlone
)

func newGrid(rows, width int) grid {
	g := grid{width: width}
	for s := range g.score {
		g.score[s], g.from[s] = make([]float64, rows*width), make([]uint8, rows*width)
	}
	for j := range width { // the claim may begin anywhere in the evidence
		g.score[claimAlone][j], g.score[sourceAlone][j] = none, none
	}
	return g
}

// extend sets one end of the cell at from the best end of the cell before it.
func (g grid) extend(end uint8, at, before int, cost [3]float64) {
	best, of := g.score[0][before]+cost[0], uint8(0)
	for s := uint8(1); s < 3; s++ {
		if v := g.score[s][before] + cost[s]; v > best {
			best, of = v, s
		}
	}
	g.score[end][at], g.from[end][at] = best, of
}

// end is where the best alignment of the whole claim ends.
func (g grid) end(row int) (state uint8, at int) {
	top := float64(none)
	for j := range g.width {
		for _, s := range [2]uint8{pair, claimAlone} {
			if v := g.score[s][row*g.width+j]; v > top {
				top, state, at = v, s, j
			}
		}
	}
	return state, at
}

// align sets a claim beside the evidence by the best global alignment with
// affine gaps (Gotoh 1982), free at both ends of the evidence.
func align(claim, source []token) pairing {
	g := newGrid(len(claim)+1, len(source)+1)
	for i, word := range claim {
		row := (i + 1) * g.width
		g.score[pair][row], g.score[sourceAlone][row] = none, none
		g.extend(claimAlone, row, row-g.width, [3]float64{gapOpen, gapClaim, gapOpen})
		for j := range source {
			at := row + j + 1
			value, _ := worth(word, source[j])
			g.extend(pair, at, at-g.width-1, [3]float64{value, value, value})
			g.extend(claimAlone, at, at-g.width, [3]float64{gapOpen, gapClaim, gapOpen})
			g.extend(sourceAlone, at, at-1, [3]float64{gapOpen, gapOpen, gapSource})
		}
	}
	return g.trace(claim, source)
}

func (g grid) trace(claim, source []token) pairing {
	p := pairing{slices.Repeat([]int{-1}, len(claim)), slices.Repeat([]int{-1}, len(source)), make([]bool, len(claim))}
	i := len(claim)
	state, j := g.end(i)
	for i > 0 {
		before := g.from[state][i*g.width+j]
		switch state {
		case pair:
			i, j = i-1, j-1
			p.other[i], p.back[j] = j, i
			_, p.same[i] = worth(claim[i], source[j])
		case claimAlone:
			i--
		default:
			j--
		}
		state = before
	}
	return p
}

// matched says that a word of the claim has its like in the evidence.
func (p pairing) matched(i int) bool { return i >= 0 && i < len(p.same) && p.same[i] }

// setting counts how many of the words around one of the claim have their like
// around its counterpart.
func (p pairing) setting(i int) int {
	count := 0
	for k := max(0, i-4); k < min(len(p.other), i+5); k++ {
		if d := p.other[k] - p.other[i]; k != i && p.same[k] && d >= -7 && d <= 7 {
			count++
		}
	}
	return count
}

// closeness is the share of a claim's words of content and figures that must
// stand in their places in the evidence, for a word in the place of another to
// mean anything. A freer retelling is judged by its figures, names and words.
const closeness = 0.6

func (p pairing) close(claim []token) bool {
	total, same := 0, 0
	for i, t := range claim {
		if t.content || t.figure != nil {
			total++
			if p.same[i] {
				same++
			}
		}
	}
	return float64(same) >= closeness*float64(total)
}
