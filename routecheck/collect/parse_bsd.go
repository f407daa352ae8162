package collect

import (
	"strings"

	"muster/routecheck/facts"
)

// parsePF reads the rules of `pfctl -sr`, one a line.
func parsePF(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || len(out) >= 10000 {
			continue
		}
		out = append(out, line)
	}
	return out
}

// parseSocketFilter reads what socketfilterfw says of the application firewall of
// macOS, in the words of macOS 10.14 to 15.
func parseSocketFilter(global, block, stealth string) facts.AppFirewall {
	on := func(s string) bool {
		s = strings.ToLower(s)
		return strings.Contains(s, "enabled") && !strings.Contains(s, "disabled") || strings.Contains(s, "state = 1") || strings.Contains(s, "state = 2") || strings.Contains(s, "mode is on")
	}
	a := facts.AppFirewall{Enabled: on(global), BlockAll: strings.Contains(global, "State = 2"), Stealth: on(stealth)}
	if b := strings.ToLower(block); strings.Contains(b, "enabled") && !strings.Contains(b, "disabled") || strings.Contains(b, "has block all state set to enabled") {
		a.BlockAll = true
	}
	return a
}
