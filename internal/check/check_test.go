package check

import (
	"slices"
	"testing"
)

func TestCauses(t *testing.T) {
	vs := []Verdict{
		{ID: "iface.multicast-flag", Status: Warn, Confidence: Definite},
		{ID: "fw.input-drop", Status: Fail, Confidence: Likely},
		{ID: "tribes.not-joined", Status: Fail, Confidence: Definite, CausedBy: []ID{"route.none"}},
		{ID: "route.none", Status: Fail, Confidence: Definite},
		{ID: "route.none", Status: Fail, Confidence: Definite, Subject: "eth1"},
		{ID: "tribes.half-open", Status: Fail, Confidence: Definite, CausedBy: []ID{"fw.output-drop"}},
		{ID: "fw.output-drop", Status: Pass},
	}
	want := []ID{"route.none", "tribes.half-open", "fw.input-drop", "iface.multicast-flag"}
	if got := Causes(vs); !slices.Equal(got, want) {
		t.Errorf("Causes = %q, want %q", got, want)
	}
}

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		in   []Status
		want Status
	}{
		{nil, Pass},
		{[]Status{Skip, Skip}, Skip},
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
