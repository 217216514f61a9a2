package documents

// The size of a passage in words: sentences are added until there are
// passageMin, and a paragraph's end then closes it; none is longer than
// passageMax unless one sentence alone is.
const (
	passageMin = 80
	passageMax = 180
)

// Span is a range of bytes in a snapshot.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Passage is a run of consecutive sentences of one segment. Sentences holds
// those that can be quoted: what has no terminator, starts in the middle or is
// too long for a sentence is in the passage, and is found, but is not quoted.
type Passage struct {
	Span
	Heading   string
	Page      int // of its first sentence
	Words     int
	Sentences []Sentence
}

// Sentence is one whole sentence of a snapshot.
type Sentence struct {
	Span
	Page int
}

// Passages cuts a snapshot's segments into passages of about 80 to 180 words.
// Segments whose ranges do not lie in the text are passed over.
func Passages(text string, segments []Segment) []Passage {
	var all []Passage
	for _, segment := range segments {
		all = appendPassages(all, text, segment)
	}
	return all
}

func appendPassages(all []Passage, text string, segment Segment) []Passage {
	first := len(all)
	open := Passage{Heading: segment.Heading}
	closeOpen := func() {
		if open.Words == 0 {
			return
		}
		all = append(all, open)
		open = Passage{Heading: segment.Heading}
	}
	for _, block := range segment.Blocks {
		if block.Start < 0 || block.End > len(text) || block.Start >= block.End {
			continue
		}
		for _, span := range splitSentences(text[block.Start:block.End]) {
			span.Start += block.Start
			span.End += block.Start
			words := countWords(text[span.Start:span.End])
			if open.Words > 0 && open.Words+words > passageMax {
				closeOpen()
			}
			if open.Words == 0 {
				open.Start, open.Page = span.Start, block.Page
			}
			open.End = span.End
			open.Words += words
			if wholeSentence(text[span.Start:span.End], block.Kind == BlockItem) {
				open.Sentences = append(open.Sentences, Sentence{Span: span, Page: block.Page})
			}
		}
		if open.Words >= passageMin {
			closeOpen()
		}
	}
	closeOpen()
	return joinTail(all, first)
}

// joinTail gives a short last passage of a segment to the one before it.
func joinTail(all []Passage, first int) []Passage {
	n := len(all)
	if n-first < 2 || all[n-1].Words >= passageMin/2 || all[n-2].Words+all[n-1].Words > passageMax {
		return all
	}
	last := &all[n-2]
	last.End = all[n-1].End
	last.Words += all[n-1].Words
	last.Sentences = append(last.Sentences, all[n-1].Sentences...)
	return all[:n-1]
}

func countWords(text string) int {
	words, inside := 0, false
	for _, r := range text {
		if space := r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\u00a0'; space {
			inside = false
		} else if !inside {
			inside = true
			words++
		}
	}
	return words
}
