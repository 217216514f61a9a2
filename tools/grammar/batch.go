package grammar

import (
	"slices"
	"strings"
	"sync"
)

// batchBytes is how much text a second opinion is asked about at once.
const batchBytes = 16_000

// between stands between two texts of a batch: the end of a paragraph.
const between = "\n\n"

// batch is some texts in one, and where each begins.
type batch struct {
	text   string
	first  int // the place of its first text
	starts []int
	ends   []int
}

func batches(texts []string) []batch {
	var list []batch
	var text strings.Builder
	for i, t := range texts {
		if len(list) == 0 || text.Len()+len(t) > batchBytes {
			if len(list) > 0 {
				list[len(list)-1].text = text.String()
			}
			list = append(list, batch{first: i})
			text.Reset()
		}
		b := &list[len(list)-1]
		if text.Len() > 0 {
			text.WriteString(between)
		}
		b.starts = append(b.starts, text.Len())
		text.WriteString(t)
		b.ends = append(b.ends, text.Len())
	}
	if len(list) > 0 {
		list[len(list)-1].text = text.String()
	}
	return list
}

// share gives each text its edits; what runs over the end of one is no edit.
func (b batch) share(edits []Edit, said [][]Edit) {
	for _, e := range edits {
		i, found := slices.BinarySearch(b.starts, e.Start)
		if !found {
			i--
		}
		if i < 0 || e.End > b.ends[i] || e.Start > e.End {
			continue
		}
		e.Start, e.End = e.Start-b.starts[i], e.End-b.starts[i]
		said[b.first+i] = append(said[b.first+i], e)
	}
}

// lazily calls a function once, when its value is first wanted.
func lazily[T any](of func() T) func() T { return sync.OnceValue(of) }
