package tribes

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseDomain reads a domain as Tomcat's configuration writes it: text, or
// "{1,-2,3}", signed decimal bytes without blanks (T/util/Arrays.fromString,
// T/membership/McastService.setDomain). Text goes over the wire in ISO-8859-1;
// Tomcat turns other characters into question marks, this refuses them.
func ParseDomain(s string) ([]byte, error) {
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		inner, ok = strings.CutSuffix(inner, "}")
		if !ok {
			return nil, fmt.Errorf("domain %q begins with { and does not end with }", s)
		}
		if inner == "" {
			return nil, nil
		}
		var b []byte
		for _, word := range strings.Split(inner, ",") {
			n, err := strconv.ParseInt(word, 10, 8)
			if err != nil {
				return nil, fmt.Errorf("domain %q: %q is no byte from -128 to 127 (blanks are not allowed)", s, word)
			}
			b = append(b, byte(n))
		}
		return b, nil
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil, fmt.Errorf("domain %q: %q is beyond ISO-8859-1, the encoding of a domain", s, r)
		}
		b = append(b, byte(r))
	}
	return b, nil
}
