//go:build providers

package interop

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// TestWithoutMulticast: real clusters of three whose members the DNS, Kubernetes or a list
// names. Each command does what it should, and none judges a group that nobody uses.
func TestWithoutMulticast(t *testing.T) {
	for _, kind := range []struct {
		name string
		cfg  func(t *testing.T, lab *netlab.Lab, p *peers) tomcat.Config
		dead string // how a member that is down is told
	}{
		{"dns", func(t *testing.T, lab *netlab.Lab, p *peers) tomcat.Config {
			return tomcat.Config{Provider: "dns", Env: dns(t, lab.Host(4), p), JVM: []string{"-Dsun.net.inetaddr.ttl=2"}}
		}, "provider.not-answering"},
		{"kubernetes", func(t *testing.T, lab *netlab.Lab, p *peers) tomcat.Config {
			return tomcat.Config{Provider: "kubernetes", Env: kubernetes(t, lab.Host(4), p)}
		}, "provider.not-answering"},
		{"static service", func(_ *testing.T, lab *netlab.Lab, _ *peers) tomcat.Config {
			return tomcat.Config{Static: lab.Hosts()[:3], StaticService: true}
		}, "tribes.static-dead"},
		{"static interceptor", func(_ *testing.T, lab *netlab.Lab, _ *peers) tomcat.Config {
			return tomcat.Config{Static: lab.Hosts()[:3]}
		}, "tribes.static-dead"},
	} {
		t.Run(kind.name, func(t *testing.T) {
			lab := netlab.New(t, netlab.Config{Hosts: 4})
			three := lab.Hosts()[:3]
			p := &peers{}
			p.set(three[0].Addr(), three[1].Addr(), three[2].Addr())
			cfg := kind.cfg(t, lab, p)
			cfg.Options = "6"
			var tomcats []*tomcat.Server
			for _, h := range three {
				tomcats = append(tomcats, tomcat.Start(t, h, cfg))
			}
			for i, s := range tomcats {
				waitMembers(t, s, three, i)
			}
			n := node{t: t, host: three[0], xml: tomcats[0].ServerXML(), env: cfg.Env}

			n.run(0, "doctor", "-d", "5s")
			n.run(0, "check")
			n.run(0, "tribes", "probe")
			run := smokeTomcats(t, lab.Host(4), pages("/lab", three...), nil, append([]string{"--server-xml", n.xml}, labPage...)...)
			run.passes(t, "killed", "expires", "is a member")
			n.sessions(tomcats[0])

			tomcats[2].Kill()
			out := n.run(1, "tribes", "probe")
			if !strings.Contains(out, "10.77.0.13") {
				t.Errorf("probe does not name the member that is down:\n%s", out)
			}
			if out := n.run(1, "doctor", "-d", "5s"); !strings.Contains(out, kind.dead) {
				t.Errorf("the doctor does not say %s:\n%s", kind.dead, out)
			}
		})
	}
}

// waitMembers waits until a Tomcat lists the two others.
func waitMembers(t *testing.T, s *tomcat.Server, all []*netlab.Host, own int) {
	t.Helper()
	var want []netip.Addr
	for i, h := range all {
		if i != own {
			want = append(want, h.Addr())
		}
	}
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(500 * time.Millisecond) {
		members, _ := s.Members()
		missing := slices.ContainsFunc(want, func(a netip.Addr) bool {
			return !slices.ContainsFunc(members, func(m tomcat.Member) bool { return m.Host == a.String() })
		})
		if !missing {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("n%d lists %+v, want %v", own+1, members, want)
		}
	}
}

// node is one of the cluster, where muster is run with its server.xml.
type node struct {
	t    *testing.T
	host *netlab.Host
	xml  string
	env  []string
}

func (n node) launch(args ...string) *netlab.Process {
	line := append(append(slices.Clone(n.env), "muster"), args...)
	return n.host.Launch(n.t, "env", append(line, "--server-xml", n.xml)...)
}

// run runs a command to its end. It must end with the status, and judge no multicast.
func (n node) run(status int, args ...string) string {
	n.t.Helper()
	p := n.launch(append(args, "--json")...)
	select {
	case <-p.Ended():
	case <-time.After(2 * time.Minute):
		n.t.Fatalf("muster %v still runs\n%s", args, p.Tail())
	}
	var out strings.Builder
	for _, l := range p.Log() {
		out.WriteString(l.Text + "\n")
	}
	if p.ExitStatus() != status {
		n.t.Errorf("muster %v: exit status %d, want %d\n%s", args, p.ExitStatus(), status, out.String())
	}
	for _, l := range p.Log() {
		var v struct {
			Type, ID, Status, Saw string
		}
		if json.Unmarshal([]byte(l.Text), &v) == nil && v.Type == "verdict" && v.Status != "skip" && ofMulticast(v.ID, v.Saw) {
			n.t.Errorf("muster %v judges multicast: %s %s: %s", args, v.Status, v.ID, v.Saw)
		}
	}
	return out.String()
}

// ofMulticast: routes and the filter of the way back are asked of members' own addresses
// too, and are told apart by what was seen.
func ofMulticast(id, saw string) bool {
	return strings.Contains(saw, "multicast") || strings.Contains(saw, "228.0.0.4") ||
		slices.ContainsFunc([]string{"igmp.", "mld.", "switch.", "bridge.", "ttl.", "group.", "mesh.", "ping."}, func(family string) bool { return strings.HasPrefix(id, family) })
}

// sessions sees one come that a Tomcat of this host replicates.
func (n node) sessions(s *tomcat.Server) {
	n.t.Helper()
	p := n.launch("tribes", "sessions", "-d", "30s", "--expect", "1")
	p.WaitLog("capturing on", 20*time.Second)
	for end := time.Now().Add(25 * time.Second); time.Now().Before(end); {
		select {
		case <-p.Ended():
			end = time.Now()
		default:
			if _, err := s.Request("set=k=v", ""); err != nil {
				n.t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
	select {
	case <-p.Ended():
	case <-time.After(30 * time.Second):
		n.t.Fatalf("muster tribes sessions still runs\n%s", p.Tail())
	}
	if p.ExitStatus() != 0 {
		n.t.Errorf("muster tribes sessions: exit status %d\n%s", p.ExitStatus(), p.Tail())
	}
}
