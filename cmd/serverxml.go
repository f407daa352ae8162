package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"muster/internal/hint"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

// serverXMLFlag adds --server-xml: the settings of a Tomcat's own configuration.
func serverXMLFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "server-xml", "", "take group, ports, timing and domain from this Tomcat's `FILE`; flags that are given go before it")
}

// serverXML reads the settings of the first cluster in a server.xml, with the
// catalina.properties beside it.
func serverXML(a *app, name string) (serverxml.Settings, error) {
	s, _, err := serverXMLOf(a, name, release.Release{})
	return s, err
}

// serverXMLOf reads them for a release: the one that was given, else that of the
// Tomcat beside the file, else of is zero, and an algorithm that may be a default is
// left out.
func serverXMLOf(a *app, name string, given release.Release) (s serverxml.Settings, of release.Release, err error) {
	if of = given; of.IsZero() {
		of, _ = releaseBeside(name)
	}
	v := of
	if of.IsZero() {
		v = serverxml.DefaultVersion
	}
	f, err := configOptions{}.readFor(a, name, v, of.IsZero())
	if err != nil {
		return s, of, err
	}
	if s, err = f.Settings(); err != nil {
		return s, of, fmt.Errorf("--server-xml: %w", err)
	}
	if of.IsZero() && s.EncryptionAlgorithm == f.Version().DefaultCipher() {
		s.EncryptionAlgorithm = ""
	}
	return s, of, nil
}

// withoutGroup reports whether a server.xml was given whose members find each other
// without multicast, and no group to look at all the same.
func (f *clusterFlags) withoutGroup(a *app) (bool, error) {
	if f.serverXML == "" || f.command.Flags().Changed("group") {
		return false, nil
	}
	s, err := serverXML(a, f.serverXML)
	return err == nil && !s.Multicast, err
}

// takeServerXML sets the flags that were not given to what the file says.
func (f *clusterFlags) takeServerXML(a *app) error {
	if f.serverXML == "" {
		return nil
	}
	rel, err := readRelease(f.release)
	if err != nil {
		return err
	}
	s, of, err := serverXMLOf(a, f.serverXML, rel)
	if err != nil {
		return err
	}
	f.fileRelease = of
	given := f.command.Flags().Changed
	if !s.Multicast && !given("group") && !f.groupless {
		return hint.Wrap(withoutMulticast(f.serverXML, s.Members), "--group looks at a group all the same")
	}
	set := func(flag string, take func()) {
		if !given(flag) {
			take()
		}
	}
	set("group", func() { f.group = s.Group.String() })
	set("port", func() { f.port = s.Port })
	set("frequency", func() { f.frequency = s.Frequency })
	set("drop-time", func() { f.dropTime = s.DropTime })
	set("ttl", func() { f.ttl = s.TTL })
	set("domain", func() { f.domain = s.DomainSet })
	set("tcp-port", func() { f.tcpPort = s.TCPPort })
	set("auto-bind", func() { f.autoBind = s.AutoBind })
	f.interceptors = s.Interceptors
	f.psk.take(s.TLS, given)
	if s.Encrypted && !given("encryption-key-file") {
		f.encryption.key = s.EncryptionKey
		set("encryption-algorithm", func() { f.encryption.algorithm = s.EncryptionAlgorithm })
	}
	if !given("bind") && !given("interface") {
		f.bind = a.boundHere(f.serverXML, s.Bind)
	}
	if f.frequency <= 0 || f.dropTime <= 0 {
		return hint.Wrap(fmt.Errorf("--server-xml: %s has frequency %v and dropTime %v, which no member can go by", f.serverXML, f.frequency, f.dropTime),
			"muster tribes config "+f.serverXML)
	}
	return nil
}
