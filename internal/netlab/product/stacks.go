package product

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"muster/internal/netlab"
)

// Edit changes a product's own configuration, as regexp's ReplaceAllString does.
type Edit struct {
	Old *regexp.Regexp
	New string
}

// Member is how a member of a JGroups, Infinispan or Hazelcast cluster starts.
type Member struct {
	Cluster, Name string
	// Stack is the configuration of the product's jar, "" for its default of UDP.
	Stack string
	Edits []Edit
	JVM   []string
}

// stack is the configuration in the product's jar that a member has.
func (i *Installed) stack(m Member) (jar, name string) {
	switch {
	case i.Name == "infinispan" && m.Stack == "" && strings.HasPrefix(i.Release, "15"):
		return "infinispan-core", "default-configs/default-jgroups-udp.xml"
	case i.Name == "infinispan" && m.Stack == "":
		return "infinispan-core", "org/infinispan/configuration/default-jgroups-udp.xml"
	case m.Stack == "":
		return "jgroups", "udp.xml"
	}
	return "jgroups", m.Stack
}

// JGroups starts a member of a JGroups cluster, or of an Infinispan.
func (i *Installed) JGroups(tb netlab.TB, h *netlab.Host, m Member) *Peer {
	tb.Helper()
	prefix, name := i.stack(m)
	text, err := i.resource(prefix, name)
	for _, e := range m.Edits {
		if !e.Old.MatchString(text) && err == nil {
			err = fmt.Errorf("%s of %s has no %s", name, i, e.Old)
		}
		text = e.Old.ReplaceAllString(text, e.New)
	}
	file := filepath.Join(h.Dir(), m.Name+"-stack.xml")
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		tb.Fatalf("product: %v", err)
	}
	main := map[string]string{"jgroups": "JGroupsPeer", "infinispan": "InfinispanPeer"}[i.Name]
	jvm := append([]string{"-Djgroups.bind_addr=" + h.Addr().String(), "-Djgroups.bind.address=" + h.Addr().String()}, m.JVM...)
	return i.start(tb, h, jvm, main, file, m.Cluster, m.Name)
}

// resource is a file of the product's own jar.
func (i *Installed) resource(prefix, name string) (string, error) {
	file, err := jar(i.jars, prefix)
	if err != nil {
		return "", err
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		return "", err
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	return string(b), err
}

// hazelcastConfig is a configuration with the cluster's name (up to 3.x a group with
// a password), discovery by multicast and the host's address.
const hazelcastConfig = `<hazelcast xmlns="http://www.hazelcast.com/schema/config">
%s
<network><port auto-increment="true">%d</port><join><multicast enabled="true">%s</multicast><tcp-ip enabled="false"/>%s</join>
<interfaces enabled="true"><interface>%s</interface></interfaces></network></hazelcast>
`

// Hazelcast starts a member of a Hazelcast cluster; Edits are for its configuration.
func (i *Installed) Hazelcast(tb netlab.TB, h *netlab.Host, m Member) *Peer {
	tb.Helper()
	name, auto := "<cluster-name>"+m.Cluster+"</cluster-name>", `<auto-detection enabled="false"/>`
	if i.Release < "4" {
		name, auto = "<group><name>"+m.Cluster+"</name><password>secret of "+m.Cluster+"</password></group>", ""
	}
	if i.Release[:3] == "4.0" {
		auto = ""
	}
	text := fmt.Sprintf(hazelcastConfig, name, 5701, "", auto, h.Addr())
	for _, e := range m.Edits {
		text = e.Old.ReplaceAllString(text, e.New)
	}
	file := filepath.Join(h.Dir(), m.Name+"-hazelcast.xml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		tb.Fatalf("product: %v", err)
	}
	jvm := append([]string{"-Dhazelcast.phone.home.enabled=false", "-Dhazelcast.version.check.enabled=false"}, m.JVM...)
	return i.start(tb, h, jvm, "HazelcastPeer", file)
}

// Ehcache starts a cache manager with automatic discovery on the group and port.
func (i *Installed) Ehcache(tb netlab.TB, h *netlab.Host, address, group string, port int) *Peer {
	tb.Helper()
	return i.start(tb, h, nil, "EhcachePeer", address, group, fmt.Sprint(port))
}

// ActiveMQ starts a broker that finds others by the discovery group.
func (i *Installed) ActiveMQ(tb netlab.TB, h *netlab.Host, name, address, group string, jvm ...string) *Peer {
	tb.Helper()
	return i.start(tb, h, jvm, "ActiveMQPeer", name, address, group)
}

// Resolve is the option of a JVM to which a name is the host's own address, as a line of
// its /etc/hosts would have it.
func Resolve(tb netlab.TB, h *netlab.Host, name string) string {
	tb.Helper()
	file := filepath.Join(h.Dir(), "hosts")
	if err := os.WriteFile(file, []byte(h.Addr().String()+" "+name+" "+h.Name()+"\n"), 0o644); err != nil {
		tb.Fatalf("product: %v", err)
	}
	return "-Djdk.net.hosts.file=" + file
}
