package configs

import "slices"

// nearest is the candidate with the smallest edit distance to key.
func nearest(key string, candidates []string) string {
	return slices.MinFunc(candidates, func(a, b string) int { return distance(key, a) - distance(key, b) })
}

// distance is Levenshtein's, over bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
