package products

import (
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/product"
)

// A cluster of two whose multicast the firewall of the second host drops: both doctors name
// the rule and the host, in the product's words.
func TestDoctor(t *testing.T) {
	if !*all {
		return // the script profile.txtar has the same without the products
	}
	for _, p := range []struct {
		profile string
		port    uint16
		start   func(t *testing.T, h *netlab.Host, name string) *product.Peer
	}{
		{"hazelcast", 54327, func(t *testing.T, h *netlab.Host, name string) *product.Peer {
			return install(t, "hazelcast", newHazelcast).Hazelcast(t, h, product.Member{Cluster: "orders", Name: name})
		}},
		{"jgroups", 45588, func(t *testing.T, h *netlab.Host, name string) *product.Peer {
			return install(t, "jgroups", newJGroups).JGroups(t, h, product.Member{Cluster: "orders", Name: name})
		}},
	} {
		t.Run(p.profile, func(t *testing.T) {
			t.Parallel()
			lab := netlab.New(t, netlab.Config{})
			lab.Host(2).Firewall(netlab.Traffic{Protocol: "udp", Port: p.port})
			for i, name := range []string{"anna", "berta"} {
				p.start(t, lab.Host(i+1), name).Fact("address", 2*time.Minute)
			}
			var doctors []*netlab.Process
			for _, h := range lab.Hosts() {
				doctors = append(doctors, h.Launch(t, "muster", "doctor", "--profile", p.profile, "--json"))
			}
			for i, d := range doctors {
				select {
				case <-d.Ended():
				case <-time.After(2 * time.Minute):
					t.Fatalf("still running\n%s", d.Tail())
				}
				verdicts := verdictsOf(t, d)
				if !slices.ContainsFunc(verdicts, func(v verdictSeen) bool {
					return v.ID == "fw.input-drop" && v.Status == "fail" && strings.Contains(v.Saw, "firewall_udp") &&
						(i == 1 || strings.Contains(v.Subject, "10.77.0.12"))
				}) {
					t.Errorf("host %d does not name the rule and the host:\n%s", i+1, d.Tail())
				}
				for _, v := range verdicts {
					bad := v.Status == "fail" || v.Status == "warn"
					if bad && (strings.Contains(v.Saw, "heartbeat") || strings.Contains(v.Saw, "Tomcat")) {
						t.Errorf("host %d speaks of Tomcat's: %s %s", i+1, v.ID, v.Saw)
					}
				}
			}
		})
	}
}
