package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// Host is Facts seen from the group that is asked about: which interface it will
// use, from which address, among which neighbours.
type Host struct {
	*facts.Facts
	// Link is the interface that is judged, OK whether there is one, Reason why it
	// was chosen or why there is none.
	Link   facts.Link
	OK     bool
	Reason string
	// Src is the address that the host sends to the group from, Peers its network:
	// where the other members are taken to be.
	Src   netip.Addr
	Peers netip.Prefix
	V6    bool

	answers map[string]firewall.Answer
	byIndex map[uint32]facts.Link

	// What many checks ask for, worked out once.
	members  *[]facts.Socket
	goAstray *[]string
	part     *firewall.Flow
}

// NewHost picks the interface: the one that was named, else that of the cluster's
// bind address, else that of the route to the group, else the likeliest.
func NewHost(f *facts.Facts) *Host {
	h := &Host{Facts: f, V6: f.Query.Group.Is6(), answers: map[string]firewall.Answer{}, byIndex: map[uint32]facts.Link{}}
	for _, l := range f.Links.Value {
		if _, twice := h.byIndex[l.Index]; !twice {
			h.byIndex[l.Index] = l
		}
	}
	h.choose()
	if !h.OK {
		return h
	}
	for _, a := range f.AddrsOf(h.Link.Index, h.V6) {
		if h.V6 && !a.Prefix.Addr().IsLinkLocalUnicast() && f.Query.Group.IsLinkLocalMulticast() {
			continue
		}
		if !h.Src.IsValid() || f.ToGroup.Value.Link == h.Link.Index && f.ToGroup.Value.Src == a.Prefix.Addr() {
			h.Src, h.Peers = a.Prefix.Addr(), a.Prefix.Masked()
		}
	}
	if c := f.Query.Cluster; c != nil && c.Static {
		for _, a := range f.Addrs.Value {
			if a.Link == h.Link.Index && (a.Prefix.Addr().String() == c.Receiver || !h.Src.IsValid()) {
				h.Src, h.Peers = a.Prefix.Addr(), a.Prefix.Masked()
			}
		}
	}
	return h
}

// LinkAt is that of the facts, for hosts with thousands of interfaces.
func (h *Host) LinkAt(index uint32) (facts.Link, bool) {
	l, ok := h.byIndex[index]
	return l, ok
}

// LinkName is that of the facts.
func (h *Host) LinkName(index uint32) string {
	if l, ok := h.byIndex[index]; ok {
		return l.Name
	}
	return facts.GoneLink
}

func (h *Host) choose() {
	set := func(l facts.Link, format string, args ...any) {
		h.Link, h.OK, h.Reason = l, true, fmt.Sprintf(format, args...)
	}
	if !h.Links.Known() {
		h.Reason = "the interfaces are not known: " + h.Links.Reason()
		return
	}
	if spec := h.Query.Interface; spec != "" {
		if l, ok := h.findLink(spec); ok {
			set(l, "it was asked for")
			return
		}
		h.Reason = fmt.Sprintf("there is no interface %s", spec)
		return
	}
	if c := h.Query.Cluster; c != nil && c.Bind != "" {
		if l, ok := h.findLink(c.Bind); ok {
			set(l, "%s binds to %s", c.From, c.Bind)
			return
		}
	}
	if c := h.Query.Cluster; c != nil && c.Static {
		for _, a := range append([]string{c.Receiver}, addrText(h.Names.Value.First())) {
			if l, ok := h.findLink(a); ok && !l.Has(facts.FlagLoopback) {
				set(l, "the receiver of %s is at %s", c.From, a)
				return
			}
		}
		if l, ok := h.likeliest(); ok {
			set(l, "%s does without multicast, and it is the likeliest", c.From)
			return
		}
	}
	if zone := h.Query.Group.Zone(); zone != "" {
		if l, ok := h.findLink(zone); ok {
			set(l, "the group's zone names it")
			return
		}
	}
	if a := h.ToGroup.Value; h.ToGroup.Known() && a.Errno == "" {
		if l, ok := h.LinkAt(a.Link); ok && !l.Has(facts.FlagLoopback) {
			set(l, "the route to %s leaves by it", h.Query.Group)
			return
		}
	}
	if l, ok := h.likeliest(); ok {
		set(l, "no route to %s names one, and it is the likeliest", h.Query.Group)
		return
	}
	h.Reason = "there is no interface but the loopback"
}

// findLink takes a name, an index or an address.
func (h *Host) findLink(spec string) (facts.Link, bool) {
	if a, err := netip.ParseAddr(spec); err == nil {
		for _, x := range h.Addrs.Value {
			if x.Prefix.Addr() == a.WithZone("") {
				return h.LinkAt(x.Link)
			}
		}
		return facts.Link{}, false
	}
	for _, l := range h.Links.Value {
		if l.Name == spec {
			return l, true
		}
	}
	if n, err := strconv.ParseUint(spec, 10, 32); err == nil {
		return h.LinkAt(uint32(n))
	}
	return facts.Link{}, false
}

// likeliest is the interface that a person would mean: not the loopback, no
// bridge port, rather hardware than not, up, with an address, with the default
// route.
func (h *Host) likeliest() (facts.Link, bool) {
	score := func(l facts.Link) int {
		n := 0
		for i, yes := range []bool{
			h.hasDefault(l.Index), len(h.AddrsOf(l.Index, h.V6)) > 0, l.Has(facts.FlagUp), l.Has(facts.FlagMulticast) || l.Kind == "", !isolated(l),
		} {
			if yes {
				n += 1 << (len("DAUMI") - i)
			}
		}
		return n
	}
	var best facts.Link
	found := false
	for _, l := range h.Links.Value {
		if l.Has(facts.FlagLoopback) || l.Master != 0 || l.Kind == "ifb" || l.Kind == "dummy" || l.Name == "sit0" || l.Has(facts.FlagNoARP) && !l.Has(facts.FlagUp) {
			continue
		}
		if !found || score(l) > score(best) {
			best, found = l, true
		}
	}
	return best, found
}

func (h *Host) hasDefault(link uint32) bool {
	return slices.ContainsFunc(h.Routes.Value, func(r facts.Route) bool {
		return r.Dst.Bits() == 0 && r.Type == "unicast" && slices.Contains(r.Links, link) && r.Dst.Addr().Is6() == h.V6
	})
}

// isolated interfaces lead to containers and virtual machines of this host alone,
// going by the names that their makers give them.
func isolated(l facts.Link) bool {
	for _, p := range []string{"docker", "br-", "virbr", "lxcbr", "lxdbr", "cni", "podman", "cali", "flannel", "cilium", "vnet", "vboxnet", "vmnet", "veth", "kube-"} {
		if strings.HasPrefix(l.Name, p) && (p != "br-" || len(l.Name) == len("br-0123456789ab")) {
			return true
		}
	}
	return false
}

// evidence is a fact for a verdict.
func evidence(what string, value any, from string) verdict.Evidence {
	return verdict.Evidence{What: what, Value: fmt.Sprint(value), ReadFrom: from}
}

// verdict makes one; Judge says of which check it is.
func newVerdict(s verdict.Status, c verdict.Confidence, saw string, ev ...verdict.Evidence) verdict.Verdict {
	v := verdict.New("", s, c, "", saw)
	v.Evidence = append(v.Evidence, ev...)
	return v
}

func pass(saw string, ev ...verdict.Evidence) []verdict.Verdict {
	return []verdict.Verdict{newVerdict(verdict.Pass, verdict.Definite, saw, ev...)}
}

func skip(saw string, ev ...verdict.Evidence) []verdict.Verdict {
	return []verdict.Verdict{newVerdict(verdict.Skip, verdict.Definite, saw, ev...)}
}

func unknown(saw string, ev ...verdict.Evidence) []verdict.Verdict {
	return []verdict.Verdict{newVerdict(verdict.Unknown, verdict.Definite, saw, ev...)}
}

// bad is a warning or a failure with its fix.
func bad(s verdict.Status, c verdict.Confidence, saw string, fix []string, ev ...verdict.Evidence) []verdict.Verdict {
	v := newVerdict(s, c, saw, ev...)
	v.Fix = append(v.Fix, fix...)
	return []verdict.Verdict{v}
}

// noLink is the verdict of checks that need an interface when there is none.
func (h *Host) noLink() []verdict.Verdict { return skip("no interface is judged: " + h.Reason) }

// sysctl reads a kernel setting as a number.
func (h *Host) sysctl(name string) (int64, bool, string) {
	f, ok := h.Sysctls[name]
	if !ok {
		return 0, false, name + " was not read"
	}
	if !f.Known() {
		return 0, false, name + ": " + f.Reason()
	}
	n, err := strconv.ParseInt(strings.TrimSpace(f.Value), 10, 64)
	if err != nil {
		return 0, false, fmt.Sprintf("%s is %q, no number", name, f.Value)
	}
	return n, true, ""
}

// perOS picks the commands for the host's system; systems that have none of their
// own get those of "".
func (h *Host) perOS(fixes map[string][]string) []string {
	if fix, ok := fixes[h.OS]; ok {
		return fix
	}
	switch h.OS {
	case "openbsd", "netbsd", "dragonfly":
		if fix, ok := fixes["freebsd"]; ok {
			return fix
		}
	}
	return fixes[""]
}

func (h *Host) linux() bool { return h.OS == "linux" }

// onlyLinux is the verdict of checks about what only Linux has.
func (h *Host) onlyLinux(what string) []verdict.Verdict {
	return skip(fmt.Sprintf("%s has no %s", facts.OSName(h.OS), what))
}
