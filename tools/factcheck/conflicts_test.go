package factcheck_test

import (
	"fmt"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/factcheck"
)

func TestConflicts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		quotes []string
		wanted [][2]string // figures of the first two sources, by conflict
	}{
		"another figure": {
			[]string{"Night trains in Europe carried 1.2 million passengers in 2019.", "Night trains in Europe carried 1.5 million passengers in 2019."},
			[][2]string{{"1.2 million", "1.5 million"}},
		},
		"another figure, in other words": {
			[]string{"In 2019 night trains in Europe carried about 1.2 million passengers.", "Night trains in Europe carried 1.5 million passengers in 2019."},
			[][2]string{{"1.2 million", "1.5 million"}},
		},
		"a share": {
			[]string{"The market share of sleeper trains in Austria was 12 per cent in 2021.", "The market share of sleeper trains in Austria was 17 per cent in 2021."},
			[][2]string{{"12 per cent", "17 per cent"}},
		},
		"three sources": {
			[]string{"Norway had 4,200 kilometres of railway in 2020.", "Norway had 4,087 kilometres of railway in 2020.", "Norway had 4,200 kilometres of railway in 2020."},
			[][2]string{{"4,200 kilometres", "4,087 kilometres"}},
		},
		"the same figure, otherwise rounded": {
			[]string{"Norway had 4.2 thousand kilometres of railway in 2020.", "Norway had 4,200 kilometres of railway in 2020."}, nil,
		},
		"the same in another unit": {
			[]string{"The tunnel under the Brenner is 55 km long in all.", "The tunnel under the Brenner is 55,000 m long in all."}, nil,
		},
		"another year": {
			[]string{"Night trains in Europe carried 1.2 million passengers in 2019.", "Night trains in Europe carried 1.5 million passengers in 2021."}, nil,
		},
		"another entity": {
			[]string{"Night trains in Austria carried 1.2 million passengers in 2019.", "Night trains in Germany carried 1.5 million passengers in 2019."}, nil,
		},
		"another measure": {
			[]string{"Night trains in Europe carried 1.2 million passengers in 2019.", "Night trains in Europe sold 1.5 million breakfasts in 2019."}, nil,
		},
		"another unit": {
			[]string{"The market of sleeper trains in Austria grew by 12 per cent in 2021.", "The market of sleeper trains in Austria grew by 12 million euros in 2021."}, nil,
		},
		"another direction": {
			[]string{"Fares of night trains in Austria rose by 12 per cent in 2021.", "Fares of night trains in Austria fell by 17 per cent in 2021."}, nil,
		},
		"denied": {
			[]string{"Night trains in Europe carried 1.2 million passengers in 2019.", "Night trains in Europe never carried 1.5 million passengers in 2019."}, nil,
		},
		"samples of two studies": {
			[]string{"The mean age of the patients at Oslo was 54 years.", "The mean age of the patients at Oslo was 61 years."}, nil,
		},
		"nothing is named": {
			[]string{"the share of delays at night was 12 per cent.", "the share of delays at night was 17 per cent."}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var evidence []factcheck.Evidence
			var ids []string
			for i, quote := range test.quotes {
				id := fmt.Sprintf("e_%d", i)
				ids = append(ids, id)
				evidence = append(evidence, factcheck.Evidence{ID: id, Citation: tools.Citation{SHA256: fmt.Sprint(i), Title: "A source", Quote: quote}})
			}
			found := factcheck.NewReader(factcheck.Among(evidence)).Conflicts(ids)
			if len(found) != len(test.wanted) {
				t.Fatalf("found %+v", found)
			}
			for i, wanted := range test.wanted {
				if got := found[i].Figures; got[0].Figure != wanted[0] || got[1].Figure != wanted[1] || found[i].Quantity == "" {
					t.Errorf("found %+v", found[i])
				}
			}
		})
	}
}

// One source may give several figures; they do not conflict.
func TestASourceDoesNotConflictWithItself(t *testing.T) {
	t.Parallel()
	evidence := []factcheck.Evidence{
		{ID: "e_1", Citation: tools.Citation{SHA256: "a", Quote: "Night trains in Europe carried 1.2 million passengers in 2019."}},
		{ID: "e_2", Citation: tools.Citation{SHA256: "a", Quote: "Night trains in Europe carried 1.5 million passengers in 2019."}},
	}
	if found := factcheck.NewReader(factcheck.Among(evidence)).Conflicts([]string{"e_1", "e_2"}); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}
