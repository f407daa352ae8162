package term

import "testing"

func TestMarkdown(t *testing.T) {
	s, out, _ := Test("")
	s.Out.Width = 40
	err := s.Out.Markdown("# some.id\n\n**Its title**\n\n- Severity: fail\n\nA paragraph that is wider than the forty columns of this [terminal](x.md), with `[a](b)` in it.\n\n" +
		"A paragraph that is\nbroken where a\nterminal is not.\n1. an item\n   that goes on for more than one line of this terminal\n2. another\n   - below\n     it\n\n```\ncode  as   it is, however long it may be: it is not broken\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	want := `some.id

Its title

- Severity: fail

A paragraph that is wider than the forty
columns of this terminal, with ` + "`[a](b)`" + `
in it.

A paragraph that is broken where a
terminal is not.
1. an item that goes on for more than
   one line of this terminal
2. another
   - below it

code  as   it is, however long it may be: it is not broken
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}
