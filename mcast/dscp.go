package mcast

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseDSCP reads a differentiated services code point: a number from 0 to 63,
// cs0 to cs7 (RFC 2474), af11 to af43 (RFC 2597) or ef (RFC 3246).
func ParseDSCP(s string) (int, error) {
	word := strings.ToLower(s)
	if n, err := strconv.ParseUint(word, 0, 8); err == nil && n <= 63 {
		return int(n), nil
	}
	switch {
	case word == "ef":
		return 46, nil
	case len(word) == 3 && word[:2] == "cs" && word[2] >= '0' && word[2] <= '7':
		return int(word[2]-'0') * 8, nil
	case len(word) == 4 && word[:2] == "af" && word[2] >= '1' && word[2] <= '4' && word[3] >= '1' && word[3] <= '3':
		return int(word[2]-'0')*8 + int(word[3]-'0')*2, nil
	}
	return 0, fmt.Errorf("DSCP %q is none of 0 to 63, cs0 to cs7, af11 to af43, ef", s)
}
