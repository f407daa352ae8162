package serverxml

import "strings"

// nearest returns the candidate that is most like word, "" where none is alike:
// a suggestion that is a guess helps nobody.
func nearest(word string, candidates []string) string {
	best, distance := "", max(2, len(word)/3)+1
	if len(word) > 200 {
		return ""
	}
	for _, c := range candidates {
		if d := edits(strings.ToLower(word), strings.ToLower(c), distance); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// edits is the Levenshtein distance, or limit where it is not below it.
func edits(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		left := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above+1, row[j-1]+1, left+cost)
			left = above
		}
	}
	return min(row[len(b)], limit)
}
