package corpus

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// Embedder makes vectors of texts, one for each, at the cost of the run of the
// scope. Vectors of one model have one length and compare by their angle.
type Embedder interface {
	Model() string
	Embed(ctx context.Context, scope tools.Scope, texts []string) ([][]float32, error)
}

// The bounds of vectors: how many texts are sent at once, how long a text may
// be, and how much memory the vectors of one set of sources take.
const (
	embedTexts  = 64
	embedLength = 6000 // bytes; what a passage has more is not looked at
	vectorBytes = 192 << 20
	nearestKept = 200
)

// leastLikeness is how near a passage must be, as a share of the nearest, to be
// in the ranking at all: in few passages even the farthest has a rank.
const leastLikeness = 0.6

// vectors are those of a set of sources: rows of bytes, each a vector whose
// numbers were scaled to fit, one row for each passage.
type vectors struct {
	mu     sync.Mutex
	loaded bool
	size   int // of a vector
	rows   [][]int8
	lost   []int // places of sources that have none yet
}

// embed makes the vectors that are not there yet, and keeps each document's as
// soon as it has them, so that nothing is paid for twice.
func (c *Corpora) embed(ctx context.Context, scope tools.Scope, set *sourceSet) error {
	if c.meaning == nil {
		return nil
	}
	v := &set.vectors
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := c.loadVectors(ctx, set); err != nil {
		return err
	}
	var held int
	for _, rows := range v.rows {
		held += len(rows)
	}
	for len(v.lost) > 0 {
		place := v.lost[0]
		rows, err := c.embedSource(ctx, scope, set.index.Passages(place))
		if err != nil {
			return err
		}
		if held += len(rows.data); held > vectorBytes {
			return fmt.Errorf("the vectors of these sources take more than %d MB; name fewer sources", vectorBytes>>20)
		}
		if err := c.store.PutVectors(ctx, c.meaning.Model(), set.indexed[place].Snapshot, rows.encode()); err != nil {
			return err
		}
		v.take(place, rows)
		v.lost = v.lost[1:]
	}
	return nil
}

func (c *Corpora) embedSource(ctx context.Context, scope tools.Scope, texts []string) (vectorRows, error) {
	var rows vectorRows
	for batch := range slices.Chunk(texts, embedTexts) {
		for i, text := range batch {
			batch[i] = cutBytes(text, embedLength)
		}
		made, err := c.meaning.Embed(ctx, scope, batch)
		if err != nil {
			return rows, err
		}
		for _, vector := range made {
			if len(made) != len(batch) || len(vector) == 0 || rows.size != 0 && len(vector) != rows.size {
				return rows, fmt.Errorf("model %s gave %d vectors for %d texts, or of different lengths", c.meaning.Model(), len(made), len(batch))
			}
			rows.size = len(vector)
			rows.data = append(rows.data, scale(vector)...)
		}
	}
	return rows, nil
}

func cutBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xC0 == 0x80 {
		most--
	}
	return text[:most]
}

// loadVectors reads the vectors that are kept, once for each set. The caller
// holds the lock.
func (c *Corpora) loadVectors(ctx context.Context, set *sourceSet) error {
	v := &set.vectors
	if v.loaded {
		return nil
	}
	v.rows, v.lost = make([][]int8, len(set.indexed)), nil
	held := 0
	for place, doc := range set.indexed {
		passages := len(set.index.Passages(place))
		if passages == 0 {
			continue
		}
		data, err := c.store.Vectors(ctx, c.meaning.Model(), doc.Snapshot)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("reading the vectors of %q: %w", doc.URI, err)
		}
		rows, ok := decodeRows(data, passages)
		if held += len(rows.data); !ok || held > vectorBytes || !v.take(place, rows) {
			v.lost = append(v.lost, place)
		}
	}
	v.loaded = true
	return nil
}

// take keeps the rows of a source; those of another length are of no use.
func (v *vectors) take(place int, rows vectorRows) bool {
	if v.size != 0 && rows.size != v.size {
		return false
	}
	v.size, v.rows[place] = rows.size, rows.data
	return true
}

// nearest ranks passages by meaning. Where that cannot be done it says why, and
// passages are found by their words.
func (c *Corpora) nearest(ctx context.Context, scope tools.Scope, set *sourceSet, query string) ([]documents.Place, string) {
	if c.meaning == nil {
		return nil, ""
	}
	v := &set.vectors
	v.mu.Lock()
	err := c.loadVectors(ctx, set)
	rows, size := slices.Clone(v.rows), v.size
	v.mu.Unlock()
	if err != nil {
		return nil, "found by words alone: " + err.Error()
	}
	if size == 0 {
		return nil, "found by words alone: the sources have no vectors yet"
	}
	made, err := c.meaning.Embed(ctx, scope, []string{cutBytes(query, embedLength)})
	if err == nil && (len(made) != 1 || len(made[0]) != size) {
		err = fmt.Errorf("model %s gave no vector that can be compared", c.meaning.Model())
	}
	if err != nil {
		return nil, "found by words alone: " + err.Error()
	}
	return nearestRows(rows, scale(made[0]), size), ""
}

func nearestRows(rows [][]int8, query []int8, size int) []documents.Place {
	type near struct {
		documents.Place
		likeness float64
	}
	best := []near{}
	for source, data := range rows {
		for passage := range len(data) / size {
			likeness := angle(query, data[passage*size:(passage+1)*size])
			if len(best) < 2*nearestKept || likeness > best[nearestKept].likeness {
				best = append(best, near{documents.Place{Source: source, Passage: passage}, likeness})
			}
			if len(best) >= 4*nearestKept {
				slices.SortStableFunc(best, func(a, b near) int { return cmp.Compare(b.likeness, a.likeness) })
				best = best[:2*nearestKept]
			}
		}
	}
	slices.SortStableFunc(best, func(a, b near) int { return cmp.Compare(b.likeness, a.likeness) })
	places := make([]documents.Place, 0, nearestKept)
	for _, n := range best[:min(len(best), nearestKept)] {
		if n.likeness >= leastLikeness*best[0].likeness {
			places = append(places, n.Place)
		}
	}
	return places
}

// angle is the cosine of the angle between two vectors.
func angle(a, b []int8) float64 {
	var dot, as, bs int64
	for i, x := range a {
		y := int64(b[i])
		dot += int64(x) * y
		as += int64(x) * int64(x)
		bs += y * y
	}
	if as == 0 || bs == 0 {
		return -1
	}
	return float64(dot) / math.Sqrt(float64(as)*float64(bs))
}

// scale makes bytes of a vector: its angle to others stays, its length does not.
func scale(vector []float32) []int8 {
	most := float32(0)
	for _, x := range vector {
		most = max(most, x, -x)
	}
	scaled := make([]int8, len(vector))
	if most == 0 || math.IsInf(float64(most), 0) || math.IsNaN(float64(most)) {
		return scaled
	}
	for i, x := range vector {
		scaled[i] = int8(math.Round(float64(x / most * 127)))
	}
	return scaled
}

// vectorRows are the vectors of one document.
type vectorRows struct {
	size int
	data []int8
}

func (r vectorRows) encode() []byte {
	out := binary.AppendUvarint(nil, uint64(r.size))
	for _, x := range r.data {
		out = append(out, byte(x))
	}
	return out
}

// decodeRows reads what encode gave; false for what are not so many vectors.
func decodeRows(data []byte, rows int) (vectorRows, bool) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size == 0 || uint64(len(data)-n) != size*uint64(rows) {
		return vectorRows{}, false
	}
	out := vectorRows{size: int(size), data: make([]int8, len(data)-n)}
	for i, b := range data[n:] {
		out.data[i] = int8(b)
	}
	return out, true
}
