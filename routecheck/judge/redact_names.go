package judge

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"strings"

	"muster/internal/lazyregexp"
	"muster/routecheck/facts"
)

// plainName matches the names that systems and container engines give to
// interfaces by themselves: they tell nothing of whose host it is, and some checks
// go by them.
var plainName = lazyregexp.New(`^(lo|eth|en|wl|ww|ib|bond|team|br|br-|docker|virbr|lxcbr|lxdbr|cni|podman|cali|flannel\.|cilium_|vnet|vboxnet|vmnet|veth|kube-|tun|tap|wg|ppp|sit|ip6tnl|dummy|ifb|vlan|macvlan|mv|vrf|utun|awdl|bridge|gif|stf)[0-9a-f_.@]*(net|host|ipvs0|s[0-9]+([fd][0-9]+)*|p[0-9]+s[0-9]+([fd][0-9]+)*)?$`)

// privateNames are the names that somebody made up, with what stands for them.
func privateNames(links []facts.Link) map[string]string {
	out := map[string]string{}
	for _, l := range links {
		if !plainName().MatchString(l.Name) {
			out[l.Name] = fmt.Sprintf("if%d", l.Index)
		}
	}
	return out
}

// interfaces hides those names wherever facts have one.
func (r redactor) interfaces(f *facts.Facts) {
	name := func(s string) string {
		if instead, hidden := r.links[s]; hidden {
			return instead
		}
		return s
	}
	for i := range f.Links.Value {
		f.Links.Value[i].Name = name(f.Links.Value[i].Name)
	}
	for i := range f.Rules.Value {
		f.Rules.Value[i].In, f.Rules.Value[i].Out = name(f.Rules.Value[i].In), name(f.Rules.Value[i].Out)
	}
	f.Query.Interface = name(f.Query.Interface)
	f.Query.Group = f.Query.Group.WithZone(name(f.Query.Group.Zone()))
	settings := map[string]facts.Fact[string]{}
	for key, v := range maps.All(f.Sysctls) {
		v.From = ""
		if v.Why != "" {
			v.Why = r.text(v.Why)
		}
		if v.Why == "" {
			v.From = "/proc/sys"
		}
		for old, instead := range r.links {
			key = strings.Replace(key, ".conf."+old+".", ".conf."+instead+".", 1)
		}
		settings[key] = v
	}
	if f.Sysctls != nil {
		f.Sysctls = settings
	}
}

// solicited hides the last 24 bits of a solicited-node group (RFC 4291 section
// 2.7.1), which are those of an address of this host.
func (r redactor) solicited(g netip.Addr) netip.Addr {
	if !netip.MustParsePrefix("ff02::1:ff00:0/104").Contains(g.WithZone("")) {
		return g
	}
	b := g.As16()
	m := hmac.New(sha256.New, r.key)
	m.Write(b[13:])
	copy(b[13:], m.Sum(nil))
	return netip.AddrFrom16(b).WithZone(g.Zone())
}

func (r redactor) endpoint(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(r.addr(a.Addr()), a.Port())
}

var ruleWords = []struct {
	pattern func() *regexp.Regexp
	instead string
}{
	{lazyregexp.New(`(comment|prefix|--comment|--log-prefix|--nflog-prefix) ("(?:[^"\\]|\\.)*"|[^ ]+)`), `$1 "..."`},
	{lazyregexp.New(`@[A-Za-z0-9_.-]+`), "@set"},
	{lazyregexp.New(`--match-set [^ ]+`), "--match-set SET"},
	{lazyregexp.New(`(--name|--hashlimit-name|--helper|--string) ("[^"]*"|[^ ]+)`), "$1 NAME"},
}

// withoutWords takes out of a rule's text what people wrote for people.
func withoutWords(text string) string {
	for _, w := range ruleWords {
		text = w.pattern().ReplaceAllString(text, w.instead)
	}
	return text
}

// replaceWord replaces a name where it stands alone.
func replaceWord(s, name, instead string) string {
	return regexp.MustCompile(`(^|[^A-Za-z0-9_.-])`+regexp.QuoteMeta(name)+`($|[^A-Za-z0-9_.-])`).ReplaceAllString(s, "${1}"+instead+"${2}")
}
