package querier

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// maxMemberships bounds what is read of one table, maxFile its bytes.
const (
	maxMemberships = 8192
	maxFile        = 4 << 20
)

// readMemberships reads the groups joined on all interfaces, of both protocols.
// No privilege is needed.
func readMemberships() ([]Membership, error) {
	text, err := slurp("/proc/thread-self/net/igmp")
	if err != nil {
		return nil, fmt.Errorf("read the memberships of this host: %w", err)
	}
	out := ParseIGMP(text, maxMemberships)
	text, err = slurp("/proc/thread-self/net/igmp6")
	if errors.Is(err, os.ErrNotExist) { // no IPv6 in this kernel
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the memberships of this host: %w", err)
	}
	return append(out, ParseIGMP6(text, maxMemberships)...), nil
}

// mLDQueries is how many MLD queries the kernel has counted on an interface since
// it was made; no privilege is needed. ok is false where it does not tell.
func mLDQueries(device string) (n uint64, ok bool) {
	if strings.Contains(device, "/") {
		return 0, false
	}
	text, err := slurp("/proc/thread-self/net/dev_snmp6/" + device)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "Icmp6InType130" {
			n, err := strconv.ParseUint(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, true // a type that never came has no line
}

// Forced is the version of IGMP or MLD that this host is told to speak whatever
// the querier does; 0: none.
func Forced(device string, v6 bool) uint8 {
	name := "ipv4/conf/%s/force_igmp_version"
	if v6 {
		name = "ipv6/conf/%s/force_mld_version"
	}
	for _, d := range []string{"all", device} {
		if text, err := slurp("/proc/sys/net/" + fmt.Sprintf(name, d)); err == nil {
			if n := versionOf(strings.TrimSpace(text)); n > 0 {
				return n
			}
		}
	}
	return 0
}

func slurp(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(b), err
}

// Snoops reports whether device is a bridge that snoops, or a port of one.
func Snoops(device string) bool {
	for _, path := range []string{"/bridge/multicast_snooping", "/master/bridge/multicast_snooping"} {
		if b, err := os.ReadFile("/sys/class/net/" + device + path); err == nil && strings.TrimSpace(string(b)) == "1" {
			return true
		}
	}
	return false
}
