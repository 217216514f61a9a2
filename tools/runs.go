package tools

import "slices"

// Run is a run of consecutive numbers, both ends included.
type Run struct{ First, Last int }

// Runs groups reference numbers for printing: sorted, each once, and three or
// more in a row as one run, so that 4, 1, 3, 2, 7 and 8 give 1–4, 7 and 8.
func Runs(numbers []int) []Run {
	sorted := slices.Compact(slices.Sorted(slices.Values(numbers)))
	var runs []Run
	for from := 0; from < len(sorted); {
		to := from
		for to+1 < len(sorted) && sorted[to+1] == sorted[to]+1 {
			to++
		}
		if to-from >= 2 {
			runs = append(runs, Run{sorted[from], sorted[to]})
		} else {
			for _, number := range sorted[from : to+1] {
				runs = append(runs, Run{number, number})
			}
		}
		from = to + 1
	}
	return runs
}
