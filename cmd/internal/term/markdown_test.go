package term

import "testing"

func TestMarkdown(t *testing.T) {
	s, out, _ := Test("")
	s.Out.Width = 40
	err := s.Out.Markdown("# some.id\n\n**Its title**\n\n- Severity: fail\n\nA paragraph that is wider than the forty columns of this [terminal](x.md), with `[a](b)` in it.\n")
	if err != nil {
		t.Fatal(err)
	}
	want := `some.id

Its title

- Severity: fail

A paragraph that is wider than the forty
columns of this terminal, with ` + "`[a](b)`" + `
in it.
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}
