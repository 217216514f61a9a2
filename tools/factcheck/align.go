package factcheck

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

// align sets a claim beside the evidence by the best global alignment with
// affine gaps (Gotoh 1982), free at both ends of the evidence.
func align(claim, source []token) pairing {
	n, m := len(claim), len(source)
	p := pairing{make([]int, n), make([]int, m), make([]bool, n)}
	for j := range p.back {
		p.back[j] = -1
	}
	for i := range p.other {
		p.other[i] = -1
	}
	width := m + 1
	// The three states of a cell: a pair, a gap in the evidence, a gap in the claim.
	var score [3][]float64
	var from [3][]uint8
	for s := range score {
		score[s], from[s] = make([]float64, (n+1)*width), make([]uint8, (n+1)*width)
	}
	for j := range width {
		score[0][j], score[1][j], score[2][j] = 0, none, none
	}
	best := func(at int, add [3]float64) (float64, uint8) {
		top, of := score[0][at]+add[0], uint8(0)
		for s := uint8(1); s < 3; s++ {
			if v := score[s][at] + add[s]; v > top {
				top, of = v, s
			}
		}
		return top, of
	}
	for i := 1; i <= n; i++ {
		row := i * width
		score[0][row], score[2][row] = none, none
		score[1][row], from[1][row] = best(row-width, [3]float64{gapOpen, gapClaim, gapOpen})
		for j := 1; j <= m; j++ {
			at := row + j
			pair, _ := worth(claim[i-1], source[j-1])
			score[0][at], from[0][at] = best(at-width-1, [3]float64{pair, pair, pair})
			score[1][at], from[1][at] = best(at-width, [3]float64{gapOpen, gapClaim, gapOpen})
			score[2][at], from[2][at] = best(at-1, [3]float64{gapOpen, gapOpen, gapSource})
		}
	}
	state, i, j := uint8(0), n, 0
	top := float64(none)
	for at := range width {
		for s := range uint8(2) {
			if v := score[s][n*width+at]; v > top {
				top, state, j = v, s, at
			}
		}
	}
	for i > 0 {
		before := from[state][i*width+j]
		switch state {
		case 0:
			i, j = i-1, j-1
			p.other[i], p.back[j] = j, i
			_, p.same[i] = worth(claim[i], source[j])
		case 1:
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
