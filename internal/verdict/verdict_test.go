package verdict

import (
	"reflect"
	"testing"
)

func TestNew(t *testing.T) {
	seen := Evidence{What: "queries", Value: "0", ReadFrom: "packets"}
	got := New("igmp.no-querier", Fail, Likely, "eth0", "not one query",
		Fix("first"), seen, ID("fw.igmp-drop"), Next("look"), AllOf[Fix]([]string{"second", "third"}))
	want := Verdict{
		ID: "igmp.no-querier", Status: Fail, Subject: "eth0", Title: "IGMP querier on the link", Saw: "not one query", Evidence: []Evidence{seen},
		Confidence: Likely, Fix: []string{"first", "second", "third"}, Next: []string{"look"}, CausedBy: []ID{"fw.igmp-drop"},
		Docs: "docs/checks/igmp.no-querier.md",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("New = %+v, want %+v", got, want)
	}
	if v := New("route.none", Pass, Definite, "", ""); v.Evidence == nil || v.Fix == nil || v.Next == nil || v.CausedBy == nil {
		t.Errorf("a list is nil, which JSON writes as null: %+v", v)
	}
}
