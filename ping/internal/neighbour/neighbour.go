// Package neighbour reads this host's neighbour table.
package neighbour

import (
	"net/netip"
	"os"
	"strings"
)

// Entry is one neighbour. Failed: the host was asked for by ARP and did not
// answer, so that MAC is empty.
type Entry struct {
	Addr   netip.Addr
	MAC    string
	Failed bool
}

// Read lists the entries of an interface; nothing where the system does not show
// them as Linux does.
func Read(device string) []Entry {
	b, err := os.ReadFile("/proc/thread-self/net/arp")
	if err != nil {
		return nil
	}
	return parse(string(b), device)
}

// parse reads /proc/net/arp: address, hardware type, flags, MAC, mask, device.
// Flag 2 is a complete entry (ATF_COM); one without any was asked for in vain.
func parse(text, device string) []Entry {
	var out []Entry
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 6 || f[5] != device {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		switch {
		case err != nil:
		case f[2] == "0x2" || f[2] == "0x6": // 4: permanent
			out = append(out, Entry{Addr: a, MAC: f[3]})
		case f[2] == "0x0":
			out = append(out, Entry{Addr: a, Failed: true})
		}
	}
	return out
}
