package verdict

import (
	"reflect"
	"slices"
	"testing"
)

func TestNew(t *testing.T) {
	seen := Evidence{What: "queries", Value: "0", ReadFrom: "packets"}
	got := New("igmp.no-querier", Fail, Likely, "eth0", "no querier", "not one query",
		Fix("first"), seen, ID("fw.igmp-drop"), Fix("second"))
	want := Verdict{
		ID: "igmp.no-querier", Status: Fail, Subject: "eth0", Title: "no querier", Saw: "not one query", Evidence: []Evidence{seen},
		Confidence: Likely, Fix: []string{"first", "second"}, CausedBy: []ID{"fw.igmp-drop"}, Docs: "docs/checks/igmp.no-querier.md",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("New = %+v, want %+v", got, want)
	}
	if v := New("route.none", Pass, Definite, "", "", ""); v.Evidence == nil || v.Fix == nil || v.CausedBy == nil {
		t.Errorf("a list is nil, which JSON writes as null: %+v", v)
	}
}

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
