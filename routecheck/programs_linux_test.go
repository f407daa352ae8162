package routecheck_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"muster/internal/netlab"
	"muster/internal/verdict"
)

// TestPrograms: what a filter of tc does cannot be read, so what it sees is not
// known to come through, and it is named; what it does not see passes.
func TestPrograms(t *testing.T) {
	if _, err := exec.LookPath("tc"); err != nil {
		t.Skip("needs tc")
	}
	for _, way := range []string{"ingress", "egress"} {
		t.Run(way, func(t *testing.T) {
			l := netlab.New(t, netlab.Config{Hosts: 1})
			sh(t, l.Host(1).Command(t.Context(), "sh", "-ec", "tc qdisc add dev eth0 clsact\ntc filter add dev eth0 "+way+" protocol ip bpf bytecode '1,6 0 0 2' direct-action"))
			out, _ := command(t, l, "", "check", "--only", "fw.input-drop,fw.output-drop", "--json").Output()
			got := map[verdict.ID]verdict.Verdict{}
			for line := range strings.Lines(string(out)) {
				var v verdict.Verdict
				if json.Unmarshal([]byte(line), &v) == nil && v.ID != "" {
					got[v.ID] = v
				}
			}
			stopped, free := got["fw.input-drop"], got["fw.output-drop"]
			if way == "egress" {
				stopped, free = free, stopped
			}
			if stopped.Status != verdict.Unknown || !strings.Contains(stopped.Saw, way+" filter of tc on eth0") {
				t.Errorf("%s: %s, want unknown and the filter's name", stopped.Status, stopped.Saw)
			}
			if free.Status != verdict.Pass {
				t.Errorf("%s: %s, want pass", free.Status, free.Saw)
			}
		})
	}
}
