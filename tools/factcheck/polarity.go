package factcheck

// cues counts the words of a kind that stand before a word in its clause, at
// most six words away.
func cues(list []token, i int, is func(string) bool) int {
	count := 0
	for k := i; k > max(0, i-7); k-- {
		if k < i && is(list[k].lower) {
			count++
		}
		if list[k].clause {
			break
		}
	}
	return count
}

// negations looks for what the claim denies and the evidence does not, or the
// reverse. Both say the same word right after it.
func (c *comparison) negations() {
	for i, t := range c.words {
		if !negating(t.lower) || c.pairs.matched(i) {
			continue
		}
		if k := c.governed(i); k >= 0 && c.parity(k) {
			c.add(c.at(KindNegation, Contradicted, i, k, "it says “"+c.span(i, k)+"”, which its evidence does not deny"))
		}
	}
	for j, t := range c.source {
		if !negating(t.lower) || c.pairs.back[j] >= 0 && c.pairs.same[c.pairs.back[j]] {
			continue
		}
		if k := c.governedIn(j); k >= 0 && c.parity(k) {
			p := c.at(KindNegation, Contradicted, k, k, "it says “"+c.words[k].text+"” where its evidence denies it")
			p.Evidence = t.text + " … " + c.source[c.pairs.other[k]].text
			c.add(p)
		}
	}
}

// parity says that a word is denied on one side and not on the other.
func (c *comparison) parity(k int) bool {
	return cues(c.words, k, negating)%2 != cues(c.source, c.pairs.other[k], negating)%2
}

// governed is the first word of content after a cue that the evidence has in
// its place, or -1.
func (c *comparison) governed(cue int) int {
	for k := cue + 1; k < min(len(c.words), cue+6); k++ {
		if c.words[k].clause {
			return -1
		}
		if (c.words[k].content || c.words[k].figure != nil) && c.pairs.matched(k) {
			return k
		}
	}
	return -1
}

// governedIn is the word of the claim that stands for the first word of content
// after a cue of the evidence, or -1.
func (c *comparison) governedIn(cue int) int {
	for j := cue + 1; j < min(len(c.source), cue+6); j++ {
		if c.source[j].clause {
			return -1
		}
		if !c.source[j].content && c.source[j].figure == nil {
			continue
		}
		if k := c.pairs.back[j]; k >= 0 && c.pairs.same[k] && c.pairs.setting(k) >= 2 {
			return k
		}
		return -1
	}
	return -1
}

func (c *comparison) span(from, to int) string {
	return c.claim.Text[c.words[from].start:c.words[to].end]
}

// directions looks for a movement or a comparison that goes the other way in the
// evidence, and is not denied on one side.
func (c *comparison) directions() {
	for i, t := range c.words {
		if t.pole.axis == 0 || c.pairs.matched(i) {
			continue
		}
		j := c.counterpart(i)
		if j < 0 || cues(c.words, i, negating)%2 != cues(c.source, j, negating)%2 {
			continue
		}
		p := c.at(KindDirection, Contradicted, i, i, "it says “"+t.text+"” where its evidence says “"+c.source[j].text+"”")
		p.Evidence = c.source[j].text
		c.add(p)
	}
}

// counterpart is the opposite of a word in the part of the evidence that stands
// where the word does, or -1; a word of the same direction there leaves none.
func (c *comparison) counterpart(i int) int {
	if j := c.pairs.other[i]; j >= 0 && opposed(c.words[i], c.source[j]) && c.pairs.setting(i) >= 2 {
		return j
	}
	before, after := i-1, i+1
	for before >= 0 && !c.pairs.matched(before) {
		before--
	}
	for after < len(c.words) && !c.pairs.matched(after) {
		after++
	}
	if before < i-3 || after > i+3 || before < 0 || after == len(c.words) {
		return -1
	}
	found := -1
	from, to := c.pairs.other[before], c.pairs.other[after]
	if to-from > 8 {
		return -1
	}
	for j := from + 1; j < to; j++ {
		switch p, q := c.words[i].pole, c.source[j].pole; {
		case opposed(c.words[i], c.source[j]):
			found = j
		case p.axis == q.axis:
			return -1
		}
	}
	return found
}

// hedges looks for a "may" of the evidence that the claim leaves out.
func (c *comparison) hedges() {
	for j, t := range c.source {
		if !hedges[t.lower] || c.pairs.back[j] >= 0 && (c.pairs.same[c.pairs.back[j]] || hedges[c.words[c.pairs.back[j]].lower]) {
			continue
		}
		k := c.governedIn(j)
		if k < 0 || cues(c.words, k, func(w string) bool { return hedges[w] }) > 0 {
			continue
		}
		p := c.at(KindHedge, Partly, k, k, "it says as certain what its evidence says with “"+t.text+"”")
		p.Evidence = t.text
		c.add(p)
	}
}
