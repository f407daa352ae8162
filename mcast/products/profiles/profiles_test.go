package profiles

import (
	"strings"
	"testing"

	"muster/mcast/products"
)

func TestProfiles(t *testing.T) {
	for _, key := range Keys() {
		p, err := Find(key)
		if err != nil {
			t.Fatal(err)
		}
		if p.Key != key || p.Name == "" || len(p.Groups) == 0 || len(p.Ports) == 0 || len(p.Traps) == 0 {
			t.Errorf("%s is not complete: %+v", key, p)
		}
		for _, g := range p.Groups {
			ap := g.AddrPort()
			if !ap.Addr().IsMulticast() || ap.Port() == 0 || g.TTL < 1 || g.TTL > 255 || g.Use == "" {
				t.Errorf("%s: %+v", key, g)
			}
			if _, ok := products.Lookup(ap.Addr(), ap.Port()); !ok {
				t.Errorf("%s: the table of products does not know %s", key, ap)
			}
		}
		for _, x := range p.Ports {
			if x.Protocol != "tcp" && x.Protocol != "udp" || x.From == 0 || x.From > x.To || x.Use == "" {
				t.Errorf("%s: %+v", key, x)
			}
		}
	}
}

func TestFind(t *testing.T) {
	for spec, want := range map[string]string{
		"jgroups": "239.8.8.8:45588", "jgroups@4.2.30": "228.8.8.8:45588", "JGroups@5.10": "239.8.8.8:45588", "jgroups@5.2": "239.8.8.8:45588",
		"infinispan@9.4": "228.6.7.8:46655", "hazelcast": "224.2.2.3:54327",
	} {
		p, err := Find(spec)
		if err != nil || p.Groups[0].Group != want {
			t.Errorf("%s: %+v, %v; want %s", spec, p.Groups, err, want)
		}
	}
	if _, err := Find("nobody"); err == nil || !strings.Contains(err.Error(), "hazelcast") {
		t.Errorf("nobody: %v", err)
	}
}
