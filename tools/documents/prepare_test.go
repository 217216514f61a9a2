package documents

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestPreparedIndexesAlike(t *testing.T) {
	t.Parallel()
	questions, sources := readQuestions(t)
	for i := range sources {
		sources[i].Title = "About " + sources[i].ID
	}
	plain, err := NewIndex(t.Context(), sources)
	if err != nil {
		t.Fatal(err)
	}
	kept := make([]Source, len(sources))
	for i, source := range sources {
		kept[i] = source
		kept[i].Prepared, kept[i].Segments = Prepare(source.Text, source.Segments), nil
	}
	prepared, err := NewIndex(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, q := range questions {
		if n++; n > 100 {
			break
		}
		want, err := plain.Search(t.Context(), Query{Text: q.Question})
		if err != nil {
			t.Fatal(err)
		}
		got, err := prepared.Search(t.Context(), Query{Text: q.Question})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s:\n%+v\nwant\n%+v", q.Question, got, want)
		}
	}
}

func TestDamagedTermsAreMadeAnew(t *testing.T) {
	t.Parallel()
	text := "Fever fell in 12 of 20 patients on that day."
	source := Source{ID: "d", Text: text, Segments: []Segment{{Blocks: []Block{{End: len(text)}}}}}
	source.Prepared = Prepare("Another text than this one altogether.", nil)
	index, err := NewIndex(t.Context(), []Source{source})
	if err != nil {
		t.Fatal(err)
	}
	hits, err := index.Search(t.Context(), Query{Text: "fever"})
	if err != nil || len(hits) != 1 {
		t.Errorf("%+v, %v", hits, err)
	}
}

func FuzzPrepared(f *testing.F) {
	const text = "Fever fell in 12 of 20 patients. Cough did not change at all in them."
	segments := []Segment{{Heading: "Results", Blocks: []Block{{End: len(text)}}}}
	f.Add(Prepare(text, segments))
	f.Fuzz(func(t *testing.T, data []byte) {
		source := Source{ID: "d", Text: text, Segments: segments, Prepared: append([]byte(preparedVersion), data...)}
		index, err := NewIndex(t.Context(), []Source{source})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := index.Search(t.Context(), Query{Text: "fever patients cough"}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSketchesTellCopiesFromOthers(t *testing.T) {
	t.Parallel()
	text := func(seed, words int) string {
		var out strings.Builder
		for i := range words {
			fmt.Fprintf(&out, "w%d ", (i*i*31+i*seed+seed)%997)
		}
		return out.String()
	}
	sketchOf := func(text string) sketch {
		s := newSketcher()
		eachWord(text, s.word)
		return s.sketch()
	}
	article := text(7, 600)
	sketches := []sketch{
		sketchOf(text(3, 600)),
		sketchOf(article),
		sketchOf("By the staff of the Herald. " + article + " Subscribe today for more of this."),
		sketchOf(article[:len(article)/3] + text(11, 400)), // quotes a third of it
		sketchOf("too short to say"),
		sketchOf("too short to say"),
	}
	got := families(sketches)
	if want := []uint32{0, 1, 1, 3, 4, 5}; !reflect.DeepEqual(got, want) {
		t.Errorf("families %v, want %v", got, want)
	}
}
