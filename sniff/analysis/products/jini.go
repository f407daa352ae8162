package products

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/sniff/capture"
	"muster/sniff/proto"
)

// asking is a client's search for a lookup service.
type asking struct {
	m      *Member
	groups []string
	// requests that found nobody yet; heard once the client knows a service.
	empty span
	heard bool
}

func (t *Table) jini(p *capture.Packet, m *Member, v *proto.JiniMessage) {
	if !v.Request {
		return
	}
	a := t.asks[m.id]
	if a == nil {
		if len(t.asks) >= maxMembers {
			t.Overflow++
			return
		}
		a = &asking{m: m}
		t.asks[m.id] = a
	}
	for _, g := range v.Groups {
		a.groups = addTo(a.groups, g, 64)
	}
	a.heard = a.heard || v.Heard > 0
	if v.Heard == 0 {
		a.empty.add(p.Nanos)
	}
}

// announced are the groups of the lookup services, and who they are.
func (t *Table) announced() (groups, services []string) {
	for _, m := range t.members {
		if m.Product != "Jini" || m.Role != "lookup service" {
			continue
		}
		services = append(services, m.Address)
		for _, n := range m.Notes {
			if g, ok := strings.CutPrefix(n, "in group "); ok {
				groups = append(groups, g)
			}
		}
	}
	slices.Sort(groups)
	slices.Sort(services)
	return slices.Compact(groups), slices.Compact(services)
}

// lookups says which clients ask for groups that no lookup service announces. A
// service that is in a group answers at once, and clients ask again after 5 s with whom
// they know, so a second request that knows nobody is a sign of its own.
func (j *judge) lookups() {
	j.out = append(j.out, j.t.lookups(func(a *asking) bool {
		return a.empty.count >= 2 && time.Duration(a.empty.last-a.empty.first) >= 4*time.Second
	})...)
}

// Unmet judges clients of Jini where all lookup services were asked for meanwhile: one
// request for a group that none of them is in is enough then.
func (t *Table) Unmet() []verdict.Verdict {
	return t.lookups(func(a *asking) bool { return a.empty.count > 0 })
}

// lookups judges the clients that asked often enough.
func (t *Table) lookups(enough func(*asking) bool) (out []verdict.Verdict) {
	announced, services := t.announced()
	for _, id := range sortedKeys(t.asks, strings.Compare) {
		a := t.asks[id]
		if a.heard || len(a.groups) == 0 || !enough(a) {
			continue
		}
		var missing []string
		for _, g := range a.groups {
			if g == "" {
				g = "public"
			}
			if !slices.Contains(announced, g) {
				missing = append(missing, g)
			}
		}
		if len(missing) < len(a.groups) {
			continue
		}
		there := "no lookup service announced itself meanwhile"
		c := verdict.Hint
		if len(services) > 0 {
			there = fmt.Sprintf("the lookup service at %s is in %s", strings.Join(services, ", "), strings.Join(announced, ", "))
			c = verdict.Likely
		}
		times := fmt.Sprintf("%d times", a.empty.count)
		if a.empty.count == 1 {
			times = "once"
		}
		out = append(out, verdict.New("jini.no-group", verdict.Warn, c, a.m.Source().String(),
			fmt.Sprintf("%s asked %s for the group %s and found nobody: %s", a.m.Source(), times, strings.Join(missing, ", "), there),
			verdict.Fix("the same group names in the client's LookupDiscovery and in the lookup service's initialMemberGroups")))
	}
	return out
}
