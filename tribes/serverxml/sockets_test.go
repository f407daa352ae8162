package serverxml

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/mcast/querier"
)

// What each started Tomcat has open is in testdata/sockets.txt, a line for each:
// a name, a tab, the groups and ports. TestWhatTomcatDoes -update writes it.
const socketsFile = "testdata/sockets.txt"

// measured are the lines of this run.
var measured sync.Map

func knownSockets() map[string]string {
	out := map[string]string{}
	text, err := os.ReadFile(socketsFile)
	if err != nil {
		return out
	}
	for line := range strings.Lines(string(text)) {
		name, sockets, _ := strings.Cut(strings.TrimSpace(line), "\t")
		out[name] = sockets
	}
	return out
}

// writeSockets puts what this run measured into the file, in the order of names.
func writeSockets(t *testing.T, names []string) {
	t.Helper()
	all := knownSockets()
	measured.Range(func(name, sockets any) bool { all[name.(string)] = sockets.(string); return true })
	var b strings.Builder
	for _, name := range names {
		if s, ok := all[name]; ok {
			fmt.Fprintf(&b, "%s\t%s\n", name, s)
		}
	}
	if err := os.WriteFile(socketsFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// holdSockets compares what a Tomcat that has just started has open with what the
// file says; some of it comes a moment later.
func holdSockets(t *testing.T, h *netlab.Host, name string) {
	t.Helper()
	if *update {
		time.Sleep(time.Second)
		measured.Store(name, openSockets(t, h))
		return
	}
	want, ok := knownSockets()[name]
	if !ok {
		t.Fatalf("%s does not have it: go test ./tribes/serverxml -run TestWhatTomcatDoes -every-start -update", socketsFile)
	}
	got := ""
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got = openSockets(t, h); got == want {
			return
		}
	}
	t.Errorf("Tomcat has open: %s; the table says: %s", got, want)
}

// openSockets are the groups that are joined on a host, and its UDP and TCP ports.
func openSockets(t *testing.T, h *netlab.Host) string {
	t.Helper()
	var igmp []byte
	var err error
	h.Do(func() { igmp, err = os.ReadFile("/proc/thread-self/net/igmp") })
	if err != nil {
		t.Fatal(err)
	}
	var groups []string
	for _, m := range querier.ParseIGMP(string(igmp), 100) {
		if m.Group != netip.AddrFrom4([4]byte{224, 0, 0, 1}) && !slices.Contains(groups, m.Group.String()) {
			groups = append(groups, m.Group.String())
		}
	}
	out, err := h.Command(t.Context(), "ss", "-Htuln").Output()
	if err != nil {
		t.Fatal(err)
	}
	ports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		port := f[4][strings.LastIndexByte(f[4], ':')+1:]
		if f[0] == "tcp" && len(port) == 5 && port > "32767" { // the kernel's choice
			port = "any free one"
		}
		if !slices.Contains(ports[f[0]], port) {
			ports[f[0]] = append(ports[f[0]], port)
		}
	}
	var parts []string
	add := func(what string, list []string) {
		if len(list) > 0 {
			slices.Sort(list)
			parts = append(parts, what+" "+strings.Join(list, " "))
		}
	}
	add("group", groups)
	add("UDP", ports["udp"])
	add("TCP", ports["tcp"])
	if parts == nil {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
