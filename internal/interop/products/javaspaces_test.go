package products

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/product"
)

// A cluster on JavaSpaces: a lookup service, a space, a worker that writes a task and one
// that takes it, and a worker that looks in a group where nobody is. The summary of a capture
// and muster discover list the lookup service once, with its group, and name that worker.
func TestJavaSpaces(t *testing.T) {
	if !*all {
		t.Log("the lookup service and the workers alone; the space too with -all")
	}
	river := product.Install(t, product.Releases("river")[0])
	lab := netlab.New(t, netlab.Config{Hosts: 4})
	c := sniff(t, lab.Host(4))
	h := lab.Host(1)
	river.LookupService(t, h, h.Addr().String(), []string{"orders"}, "").Fact("started", 90*time.Second)
	if *all {
		river.Space(t, lab.Host(2), []string{"orders"}).Fact("started", 90*time.Second)
		river.Worker(t, lab.Host(2), []string{"orders"}, "write", "").Fact("wrote", 90*time.Second)
		if got := river.Worker(t, lab.Host(2), []string{"orders"}, "take", "").Fact("took", 90*time.Second); got != "order 1" {
			t.Errorf("the second worker took %q", got)
		}
	}
	lost := river.Worker(t, lab.Host(3), []string{"billing"}, "take", "")
	lost.Fact("looking", 60*time.Second)

	// It asks seven times, every five seconds.
	out := discover(t, lab.Host(4))
	c.WaitLog(`"source":"10\.77\.0\.13:.*"request"`, 30*time.Second)
	c.Mark()
	c.WaitLog(`"source":"10\.77\.0\.13:.*"request"`, 30*time.Second)
	s := c.end()
	for name, members := range map[string][]memberSeen{"sniff": s.members("Jini"), "discover": out.members("Jini")} {
		var services []memberSeen
		for _, m := range members {
			if m.Role == "lookup service" {
				services = append(services, m)
			}
		}
		if len(services) != 1 || services[0].Sources[0] != "10.77.0.11" || !slices.Contains(services[0].Notes, "in group orders") {
			t.Errorf("%s lists the lookup services %+v", name, services)
		}
	}
	for name, verdicts := range map[string][]verdictSeen{"sniff": s.Verdicts, "discover": out.Verdicts} {
		if !slices.ContainsFunc(verdicts, func(v verdictSeen) bool {
			return v.ID == "jini.no-group" && strings.Contains(v.Saw, "10.77.0.13") && strings.Contains(v.Saw, "billing") && strings.Contains(v.Saw, "orders")
		}) {
			t.Errorf("%s does not name the worker that asks in vain: %+v", name, verdicts)
		}
	}
	if lost.Last("locator") != "" {
		t.Errorf("the lost worker found %q", lost.Last("locator"))
	}
}

// discover runs muster discover on a host.
func discover(t *testing.T, h *netlab.Host) (s seen) {
	t.Helper()
	m := h.Launch(t, "muster", "discover", "-i", "eth0", "--wait", "12s", "--json")
	<-m.Ended()
	p := productSeen{Product: "Jini"}
	for _, l := range m.Log() {
		if !strings.HasPrefix(l.Text, `{"type":"product"`) {
			continue
		}
		var member memberSeen
		if err := json.Unmarshal([]byte(l.Text), &member); err != nil {
			t.Fatal(err)
		}
		if member.Product == p.Product {
			p.Members = append(p.Members, member)
		}
	}
	s.Verdicts = verdictsOf(t, m)
	s.Products = []productSeen{p}
	return s
}
