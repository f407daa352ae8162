package doctor

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/tribes/provider"
	"muster/tribes/tlspsk"
)

// provided asks the provider of a CloudMembershipService whom it names, and each of them
// whether its receiver is there.
func (d *doctor) provided(ctx context.Context) {
	s := d.o.Settings
	if s == nil || d.o.Before || s.Provider != string(provider.DNS) && s.Provider != string(provider.Kubernetes) {
		return
	}
	d.progress("whom the provider of the membership names, and who of them answers", 3*time.Second)
	env, same := ProviderEnvironment()
	settings := provider.Read(env)
	self := provider.Self{Host: d.thisHost().Name, Addrs: d.thisHost().Addrs, Local: d.thisHost().Local}
	var a *provider.Answer
	if s.Provider == string(provider.DNS) {
		a = provider.AskDNS(ctx, net.DefaultResolver, settings.Service, settings, self)
	} else {
		a = provider.AskKubernetes(ctx, settings, self)
	}
	if ctx.Err() != nil {
		return
	}
	port, psk := s.TCPPort, (*tlspsk.Config)(nil)
	if s.TLS.Usable() && s.TLS.Secure { // the plain port is closed on purpose
		versions, _ := tlspsk.ParseProtocol(s.TLS.Protocol) // another one is told by the configuration's verdicts
		port, psk = s.TLS.SecurePort, &tlspsk.Config{Identity: s.TLS.Identity, Key: s.TLS.Key, Versions: versions, SHA384: s.TLS.Digest == "SHA384"}
	}
	given := provider.Given{Port: port, Node: same, Release: d.o.File.Version(), ReadTimeout: s.ReadTimeout}
	given.Replies = provider.Reach(ctx, a.Named, port, psk)
	d.add(a.Judge(given)...)
	d.named = map[netip.AddrPort]string{}
	for _, n := range a.Members() {
		if !n.Here && len(d.named) < maxReceivers {
			d.named[netip.AddrPortFrom(n.Addr, port)] = n.Pod
		}
	}
}

// fromProvider: the provider of a CloudMembershipService names it.
const fromProvider = "the provider"

// ProviderEnvironment is what a Tomcat here asks its provider by: the environment of this
// process, as in a pod, else that of the only Tomcat that runs in this network namespace.
// same reports whether that Tomcat has the host name of this process.
func ProviderEnvironment() (env provider.Environment, same bool) {
	own := provider.ThisProcess()
	for _, name := range []string{"KUBERNETES_SERVICE_HOST", "KUBERNETES_NAMESPACE", "DNS_MEMBERSHIP_SERVICE_NAME", "OPENSHIFT_KUBE_PING_NAMESPACE"} {
		if _, ok := own.Lookup(name); ok {
			return own, true
		}
	}
	running := tomcats()
	if len(running) != 1 {
		return own, true
	}
	proc := running[0].proc
	text, err := os.ReadFile(filepath.Join(proc, "environ"))
	if err != nil {
		return own, true
	}
	vars := map[string]string{}
	for v := range strings.SplitSeq(string(text), "\x00") {
		if name, value, ok := strings.Cut(v, "="); ok {
			vars[name] = value
		}
	}
	mine, _ := os.Readlink("/proc/self/ns/uts")
	its, _ := os.Readlink(filepath.Join(proc, "ns", "uts"))
	return provider.Environment{
		Lookup:   func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		ReadFile: func(name string) ([]byte, error) { return own.ReadFile(filepath.Join(proc, "root", name)) },
		From:     "the environment of the Tomcat that runs here",
	}, mine == its
}
