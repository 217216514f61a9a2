package documents

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitSentences(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"The rate fell (P < 0.05).|It rose again in 2004.",
		"We used drugs, e.g. Aspirin and others, as Dr. Smith et al. Proposed.|Then we stopped.",
		"See Fig. 2 and Table 3.|The U.S. Food and Drug Administration agreed.",
		"It was approved in the U.S.|The agency said so.",
		"Care improved vs. Controls in 2.5 of 3 centres.|No. 5 was left out.",
		"J. R. Smith wrote it.|Nobody else did.",
		"Sepsis is common.[3] |It kills [4, 7-9].|Many die.",
		"The trial (n = 50. Mean age 4.) was short.|It ended.",
		"1. First do this.|Then that.",
		"Patients took vitamin C.|Patients in group A.|Were two groups equal?",
		"Was it safe?|Yes, it was!|“Quite.”|He left.",
		"Acme Inc. Holdings sold it.|Acme Inc.|The buyer paid.",
		"Values were 3.5 mg/dL vs 4.1 mg/dL.|Of 83 patients, 26 had a tumour.",
		"It ended at 5 p.m. on Friday.",
		"A line\nthat wraps here.|Another\nline.",
	} {
		want := strings.Split(text, "|")
		joined := strings.Join(want, " ")
		for i := range want {
			want[i] = strings.TrimSpace(want[i])
		}
		var got []string
		for _, span := range splitSentences(joined) {
			got = append(got, joined[span.Start:span.End])
		}
		if !slices.Equal(got, want) {
			t.Errorf("\n got %q\nwant %q", got, want)
		}
	}
}

func TestPassagesQuoteWholeSentencesOnly(t *testing.T) {
	t.Parallel()
	text := "of the trial ended. Whole sentences stay here. 1.2 3.4 5.6 7.8 9.0. A cut of"
	passages := Passages(text, []Segment{{Blocks: []Block{{End: len(text)}}}})
	if len(passages) != 1 || passages[0].Start != 0 || passages[0].End != len(text) {
		t.Fatalf("passages %+v, want one of the whole text", passages)
	}
	var got []string
	for _, s := range passages[0].Sentences {
		got = append(got, text[s.Start:s.End])
	}
	if want := []string{"Whole sentences stay here."}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
