package ui

import (
	"fmt"
	"strings"

	"muster/internal/escape"
	"muster/internal/verdict"
)

// VerdictText is a verdict for people: what was seen, and for a bad one its
// evidence, what mends it and where to read on.
func VerdictText(s *Stream, v verdict.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s  %s", s.Status(v.Status), strings.Repeat(" ", max(7-len(v.Status), 0)), v.ID)
	if v.Subject != "" {
		fmt.Fprintf(&b, "  %s", escape.Text(v.Subject))
	}
	fmt.Fprintf(&b, ": %s\n", escape.Text(v.Saw))
	if !v.Status.Bad() {
		return b.String()
	}
	for _, e := range v.Evidence {
		fmt.Fprintf(&b, "         %s: %s (%s)\n", escape.Text(e.What), escape.Text(e.Value), escape.Text(e.ReadFrom))
	}
	for _, f := range v.Fix {
		fmt.Fprintf(&b, "         mend: %s\n", escape.Text(f))
	}
	fmt.Fprintf(&b, "         %s\n", s.Dim("muster explain "+string(v.ID)))
	return b.String()
}

// VerdictsText is all of them, the bad ones first.
func VerdictsText(s *Stream, vs []verdict.Verdict) string {
	var b strings.Builder
	for _, bad := range []bool{true, false} {
		for _, v := range vs {
			if v.Status.Bad() == bad {
				b.WriteString(VerdictText(s, v))
			}
		}
	}
	return b.String()
}
