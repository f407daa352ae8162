// Package profiles holds, a file for each product, what a host needs for it: the groups
// and ports of each release, the TTL, what a firewall has to open, and the traps that its
// users meet first.
package profiles

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Profile is a product.
type Profile struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	// Groups are the defaults, the newest release first.
	Groups []Group `json:"groups"`
	// Ports are what a firewall has to let in beside the group.
	Ports []Port   `json:"ports"`
	Traps []string `json:"traps"`
}

// Group is the default of some releases.
type Group struct {
	// Since is the first release of the default, "" for all.
	Since string `json:"since,omitempty"`
	Group string `json:"group"` // ADDRESS:PORT
	TTL   int    `json:"ttl"`
	Use   string `json:"use"`
}

// Port is a range of ports that others connect or send to.
type Port struct {
	Protocol string `json:"protocol"` // tcp or udp
	From     uint16 `json:"from"`
	To       uint16 `json:"to"`
	Use      string `json:"use"`
}

// AddrPort is the group's address and port.
func (g Group) AddrPort() netip.AddrPort { return netip.MustParseAddrPort(g.Group) }

//go:embed *.json
var files embed.FS

// Keys lists the products.
func Keys() []string {
	entries, _ := files.ReadDir(".")
	var keys []string
	for _, e := range entries {
		keys = append(keys, strings.TrimSuffix(e.Name(), ".json"))
	}
	slices.Sort(keys)
	return keys
}

// Find returns the profile of PRODUCT or PRODUCT@RELEASE; with a release its own
// default comes first among the groups. It reads that product's file alone.
func Find(spec string) (Profile, error) {
	key, release, _ := strings.Cut(strings.ToLower(spec), "@")
	var p Profile
	if !slices.Contains(Keys(), key) {
		return p, fmt.Errorf("no profile of %q: there are %s", spec, strings.Join(Keys(), ", "))
	}
	text, err := files.ReadFile(key + ".json")
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, fmt.Errorf("profile %s: %w", key, err)
	}
	if release == "" {
		return p, nil
	}
	for i, g := range p.Groups { // the newest first: the first that is not newer fits
		if g.Since == "" || compare(release, g.Since) >= 0 {
			p.Groups = append([]Group{g}, slices.Delete(slices.Clone(p.Groups), i, i+1)...)
			return p, nil
		}
	}
	return p, fmt.Errorf("profile %s: nothing is known of release %s", key, release)
}

// compare orders releases by their numbers: 5.10 is later than 5.9.
func compare(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if d := number(x, i) - number(y, i); d != 0 {
			return d
		}
	}
	return 0
}

func number(parts []string, i int) (n int) {
	if i < len(parts) {
		_, _ = fmt.Sscanf(parts[i], "%d", &n)
	}
	return n
}
