package facts

import (
	"fmt"
	"slices"
	"strings"
)

// allows reports whether an active rule lets the UDP port in under a profile: by
// the port, or for a Java or Tomcat program.
func (d Defender) Allows(profile string, port uint16) bool {
	return slices.ContainsFunc(d.Rules, func(r DefenderRule) bool {
		if !r.Allow || len(r.Profiles) > 0 && !slices.Contains(r.Profiles, profile) || r.Protocol != 0 && r.Protocol != 17 {
			return false
		}
		if r.Program != "" {
			p := strings.ToLower(r.Program)
			return (strings.HasSuffix(p, "java.exe") || strings.HasSuffix(p, "javaw.exe") || strings.Contains(p, "tomcat") || strings.Contains(p, "muster")) && portIn(r.Ports, port)
		}
		return portIn(r.Ports, port) && (r.Ports != "" || r.Protocol == 17)
	})
}

// portIn reads Windows' list of ports: 4000, 4000-4099, separated by commas; ""
// is every port.
func portIn(list string, port uint16) bool {
	if list == "" || list == "*" {
		return true
	}
	for _, p := range strings.Split(list, ",") {
		lo, hi, ok := portRange(p)
		if ok && lo <= port && port <= hi {
			return true
		}
	}
	return false
}

func portRange(s string) (lo, hi uint16, ok bool) {
	a, b, ranged := strings.Cut(strings.TrimSpace(s), "-")
	if _, err := fmt.Sscanf(a, "%d", &lo); err != nil {
		return 0, 0, false
	}
	if !ranged {
		return lo, lo, true
	}
	if _, err := fmt.Sscanf(b, "%d", &hi); err != nil {
		return 0, 0, false
	}
	return lo, hi, true
}
