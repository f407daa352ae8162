package verdict

import "testing"

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		in   []Status
		want Status
	}{
		{nil, Unknown},
		{[]Status{Skip, Skip}, Unknown},
		{[]Status{Pass, Skip}, Pass},
		{[]Status{Pass, Unknown}, Unknown},
		{[]Status{Warn, Unknown}, Warn},
		{[]Status{Warn, Fail, Pass}, Fail},
	} {
		var vs []Verdict
		for _, s := range c.in {
			vs = append(vs, Verdict{ID: "x.y", Status: s})
		}
		if got := Summarize(vs).Status; got != c.want {
			t.Errorf("Summarize(%v) = %s, want %s", c.in, got, c.want)
		}
	}
}
