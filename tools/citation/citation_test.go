package citation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/citation"
)

func place(id, sha, title string, start int, quote string) citation.Evidence {
	return citation.Evidence{ID: id, Citation: tools.Citation{
		SHA256: sha, URI: "file:///" + sha + ".md", Title: title, Year: 2021,
		Start: start, End: start + len(quote), Quote: quote,
	}}
}

func ExampleNumber() {
	list, err := citation.Number([]citation.Evidence{
		place("e_2", "bbb", "Second brief", 40, "later words"),
		place("e_1", "aaa", "First brief", 0, "a fact"),
		place("e_3", "bbb", "Second brief", 10, "earlier words"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, reference := range list.References {
		fmt.Println(reference.Number, reference.Text)
		for _, passage := range reference.Passages {
			fmt.Printf("  %s %d %q\n", passage.ID, passage.Start, passage.Quote)
		}
	}
	fmt.Println(citation.Mark([]int{list.Marks["e_1"], list.Marks["e_2"], list.Marks["e_3"]}))
	// Output:
	// 1 Second brief (2021). file:///bbb.md
	//   e_3 10 "earlier words"
	//   e_2 40 "later words"
	// 2 First brief (2021). file:///aaa.md
	//   e_1 0 "a fact"
	// [1, 2]
}

func TestMark(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		numbers []int
		want    string
	}{
		{nil, ""},
		{[]int{1}, "[1]"},
		{[]int{3, 1}, "[1, 3]"},
		{[]int{1, 2}, "[1, 2]"},
		{[]int{4, 2, 3, 2}, "[2–4]"},
		{[]int{9, 1, 3, 4, 5, 10}, "[1, 3–5, 9, 10]"},
	} {
		if got := citation.Mark(c.numbers); got != c.want {
			t.Errorf("%v: got %q, want %q", c.numbers, got, c.want)
		}
	}
}

func TestReferenceTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		citation tools.Citation
		want     string
	}{
		{"all of it", tools.Citation{Title: "A brief", Year: 2020, URI: "https://a.example/b"}, "A brief (2020). https://a.example/b"},
		{"no year", tools.Citation{Title: "What now?", URI: "https://a.example/b"}, "What now? https://a.example/b"},
		{"a full stop", tools.Citation{Title: "A brief.", Year: 2020, URI: "b.md"}, "A brief (2020). b.md"},
		{"the year in the title", tools.Citation{Title: "A brief (2020)", Year: 2020, URI: "b.md"}, "A brief (2020). b.md"},
		{"no title", tools.Citation{URI: "file:///data/b.csv"}, "b.csv. file:///data/b.csv"},
		{"nothing", tools.Citation{}, "Untitled document."},
		{"lines", tools.Citation{Title: "A\n brief", URI: "b.md"}, "A brief. b.md"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.citation.SHA256 = "abc"
			list, err := citation.Number([]citation.Evidence{{ID: "e", Citation: c.citation}})
			if err != nil || list.References[0].Text != c.want {
				t.Errorf("got %+v, %v; want %q", list.References, err, c.want)
			}
		})
	}
}

func TestSnapshotsOfOneDocumentAreToldApart(t *testing.T) {
	t.Parallel()
	before := place("e_1", "aaa", "A brief", 0, "x")
	after := place("e_2", "bbb", "A brief", 0, "y")
	after.URI = before.URI
	list, err := citation.Number([]citation.Evidence{before, after})
	if err != nil || len(list.References) != 2 || list.References[0].Text == list.References[1].Text ||
		!strings.Contains(list.References[1].Text, "snapshot bbb") {
		t.Errorf("got %+v, %v", list.References, err)
	}
}

func TestNumberRefuses(t *testing.T) {
	t.Parallel()
	other := place("e_1", "bbb", "B", 0, "b")
	short := place("e_1", "aaa", "A", 0, "a")
	short.End = 5
	for name, c := range map[string]struct {
		evidence []citation.Evidence
		want     string
	}{
		"no snapshot":      {[]citation.Evidence{place("e_1", "", "A", 0, "a")}, "citations[0].sha256"},
		"wrong offsets":    {[]citation.Evidence{short}, "citations[0].quote: has 1 bytes, but the offsets 0 to 5 have 5"},
		"one id for two":   {[]citation.Evidence{place("e_1", "aaa", "A", 0, "a"), other}, `citations[1].id: the id "e_1"`},
		"negative offsets": {[]citation.Evidence{place("e_1", "aaa", "A", -1, "a")}, "citations[0].quote"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := citation.Number(c.evidence)
			if _, ok := errors.AsType[*tools.InputError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an InputError with %q", err, c.want)
			}
		})
	}
}

func TestTool(t *testing.T) {
	t.Parallel()
	tool, err := citation.New()
	if err != nil {
		t.Fatal(err)
	}
	e := place("", "aaa", "A brief", 3, "a fact")
	e.Computation = &tools.Computation{Tool: "statistics", Input: json.RawMessage(`{"x":1}`), Result: json.RawMessage(`{"mean":2}`)}
	args, err := json.Marshal(citation.Input{Citations: []citation.Evidence{e, e}})
	if err != nil {
		t.Fatal(err)
	}
	result, err := tool.Call(t.Context(), tools.Scope{}, args)
	if err != nil {
		t.Fatal(err)
	}
	var list citation.List
	if err := json.Unmarshal(result.Value, &list); err != nil {
		t.Fatal(err)
	}
	if tool.Name() != citation.Name || len(list.References) != 1 || len(list.References[0].Passages) != 1 ||
		list.Marks[e.Citation.ID()] != 1 || string(list.References[0].Passages[0].Computation.Result) != `{"mean":2}` {
		t.Errorf("got %s", result.Value)
	}
}
