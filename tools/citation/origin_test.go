package citation_test

import (
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/citation"
)

func TestAReferenceSaysWhereItsSourceIsFrom(t *testing.T) {
	t.Parallel()
	page := tools.Citation{
		SHA256: "ab", URI: "https://news.example/tides", Title: "Tides turn", Start: 0, End: 5, Quote: "Tides",
		Author: "By Ann Smith and Bo Jones", Published: "2024-03-05", Year: 2024, Tier: "news", Accessed: "2026-11-26",
	}
	document := tools.Citation{SHA256: "cd", URI: "tides.md", Title: "On tides?", Start: 0, End: 5, Quote: "Tides", Author: "Cy Ward", Published: "2019"}
	unknown := tools.Citation{SHA256: "ef", URI: "https://x.example/", Title: "X", Start: 0, End: 5, Quote: "Tides", Tier: "other"}
	for _, test := range []struct {
		style citation.Style
		texts [3]string
	}{
		{citation.Plain, [3]string{
			"Ann Smith and Bo Jones. Tides turn (2024-03-05). https://news.example/tides [news; accessed 2026-11-26]",
			"Cy Ward. On tides? (2019). tides.md",
			"X. https://x.example/",
		}},
		{citation.APA, [3]string{
			"Smith, A., & Jones, B. (2024, March 5). Tides turn. https://news.example/tides [news; accessed 2026-11-26]",
			"Ward, C. (2019). On tides? tides.md",
			"X. (n.d.). https://x.example/",
		}},
		{citation.IEEE, [3]string{
			"A. Smith and B. Jones, “Tides turn.” Mar. 2024. Accessed: Nov. 26, 2026. [Online]. Available: https://news.example/tides [news]",
			"", "",
		}},
	} {
		list, err := citation.Number([]citation.Evidence{{Citation: page}, {Citation: document}, {Citation: unknown}})
		if err != nil {
			t.Fatal(err)
		}
		list.Print(test.style, nil)
		for i, want := range test.texts {
			if got := list.References[i]; want != "" && got.Text != want {
				t.Errorf("%s: %q, want %q", test.style, got.Text, want)
			}
		}
	}
}
