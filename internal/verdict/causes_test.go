package verdict

import (
	"slices"
	"testing"
)

func TestCauses(t *testing.T) {
	for _, c := range []struct {
		name string
		vs   []Verdict
		want []ID
	}{
		{"what says that it follows from another is no root", []Verdict{
			{ID: "tribes.not-joined", Status: Fail, Confidence: Definite, CausedBy: []ID{"route.none"}},
			{ID: "route.none", Status: Fail, Confidence: Definite},
			{ID: "route.none", Status: Fail, Confidence: Definite, Subject: "eth1"},
		}, []ID{"route.none"}},
		{"unless the other one is fine", []Verdict{
			{ID: "tribes.half-open", Status: Fail, Confidence: Definite, CausedBy: []ID{"fw.output-drop"}},
			{ID: "fw.output-drop", Status: Pass},
		}, []ID{"tribes.half-open"}},
		{"failures before warnings", []Verdict{
			{ID: "iface.multicast-flag", Status: Warn, Confidence: Definite},
			{ID: "config.value", Status: Fail, Confidence: Hint},
		}, []ID{"config.value", "iface.multicast-flag"}},
		{"a hint that explains a failure before the failure that is definite", []Verdict{
			{ID: "tribes.session-missing", Status: Fail, Confidence: Definite},
			{ID: "tribes.gc-pause", Status: Warn, Confidence: Hint},
		}, []ID{"tribes.gc-pause", "tribes.session-missing"}},
		{"between equals the surer one", []Verdict{
			{ID: "config.value", Status: Fail, Confidence: Likely},
			{ID: "config.class", Status: Fail, Confidence: Definite},
		}, []ID{"config.class", "config.value"}},
		{"what every asynchronous cluster has comes last", []Verdict{
			{ID: "tribes.session-race", Status: Fail, Confidence: Definite},
			{ID: "tribes.session-delta", Status: Warn, Confidence: Hint},
		}, []ID{"tribes.session-delta", "tribes.session-race"}},
	} {
		if got := Causes(c.vs); !slices.Equal(got, c.want) {
			t.Errorf("%s: Causes = %q, want %q", c.name, got, c.want)
		}
	}
}
