package sniff

import (
	"path"
	"slices"
	"strings"
	"testing"

	"muster/internal/verdict"
)

// expected says which verdict each capture must yield: the fault that its name
// tells. Captures that are not listed are healthy.
var expected = []struct {
	capture string // a pattern
	id      verdict.ID
	status  verdict.Status
}{
	{"domains.pcap", "tribes.two-clusters", verdict.Warn},
	{"two-clusters-one-port.pcap", "tribes.two-clusters", verdict.Warn},
	{"wrong-address.pcap", "tribes.advertises-loopback", verdict.Fail},
	{"encrypt-mismatch.pcap", "tribes.key-mismatch", verdict.Fail},
	{"three-nodes.pcap", "tribes.gc-pause", verdict.Warn},
	{"loss-30.pcap", "tribes.drop-time", verdict.Warn},
	{"partition-heal.pcap", "tribes.one-way", verdict.Fail},
	{"igmp-snooping-dies.pcap", "igmp.no-querier", verdict.Fail},
	{"static-*.pcap", "tribes.static-mix", verdict.Warn},
}

// Each capture of a fault yields the verdict about it, and it is among the root
// causes. All others yield none that speaks against the network.
func TestVerdicts(t *testing.T) {
	matched := map[string]bool{}
	for _, m := range manifests(t) {
		vs := read(t, m.File, Options{}).Analysis.Verdicts()
		faulty := false
		for _, e := range expected {
			if ok, _ := path.Match(e.capture, m.File); !ok {
				continue
			}
			faulty, matched[e.capture] = true, true
			if !slices.ContainsFunc(vs, func(v verdict.Verdict) bool { return v.ID == e.id && v.Status == e.status }) {
				t.Errorf("%s does not yield %s %s", m.File, e.status, e.id)
			}
			if !slices.Contains(verdict.Causes(vs), e.id) {
				t.Errorf("%s: %s is not among the causes %v", m.File, e.id, verdict.Causes(vs))
			}
		}
		for _, v := range vs {
			if !faulty && v.Status.Bad() {
				t.Errorf("%s is healthy, but: %s %s: %s", m.File, v.Status, v.ID, v.Saw)
			}
			if _, ok := verdict.Find(v.ID); !ok {
				t.Errorf("%s: %s has no page", m.File, v.ID)
			}
			if v.Saw == "" || v.Title == "" || v.Status.Bad() && len(v.Evidence)+len(v.Fix) == 0 {
				t.Errorf("%s: %s tells too little: %+v", m.File, v.ID, v)
			}
		}
	}
	for _, e := range expected {
		if !matched[e.capture] {
			t.Errorf("no capture is called %s", e.capture)
		}
	}
}

// A consequence names its cause.
func TestConsequences(t *testing.T) {
	for file, want := range map[string][2]verdict.ID{
		"igmp-snooping-dies.pcap": {"tribes.one-way", "igmp.no-querier"},
		"partition-heal.pcap":     {"tribes.drop-time", "tribes.one-way"},
		"wrong-address.pcap":      {"tribes.duplicate-id", "tribes.advertises-loopback"},
	} {
		vs := read(t, file, Options{}).Analysis.Verdicts()
		i := slices.IndexFunc(vs, func(v verdict.Verdict) bool { return v.ID == want[0] })
		if i < 0 || !slices.Contains(vs[i].CausedBy, want[1]) {
			t.Errorf("%s: %s does not name %s as its cause", file, want[0], want[1])
		}
	}
}

// A pause of a process is told of the member that paused.
func TestPauseIsTold(t *testing.T) {
	vs := read(t, "three-nodes.pcap", Options{}).Analysis.Verdicts()
	i := slices.IndexFunc(vs, func(v verdict.Verdict) bool { return v.ID == "tribes.gc-pause" })
	if i < 0 || !strings.Contains(vs[i].Subject, "10.77.0.13") {
		t.Error("the pause of n3 is not told")
	}
}
