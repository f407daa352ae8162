package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/doctor"
	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

// takeServerXML sets the flags of check that were not given to what a Tomcat's
// configuration says. What it does not settle stays as the flags have it.
func (o *checkOptions) takeServerXML(c *cobra.Command, a *app) error {
	if o.serverXML == "" {
		return nil
	}
	version := serverxml.DefaultVersion
	if o.release != "" {
		var err error
		if version, err = release.Parse(o.release); err != nil {
			return usagef("--release: %w", err)
		}
	}
	f, err := configOptions{release: o.release}.read(a, o.serverXML, version)
	if err != nil {
		return err
	}
	if o.found = version; o.release == "" {
		o.found, _ = releaseBeside(o.serverXML)
	}
	o.tomcat = f
	s, err := f.Settings()
	if err != nil {
		a.note("%v; what is not settled there is judged by the flags", err)
		return nil
	}
	o.settings = &s
	values := map[string]string{"tcp-port": fmt.Sprint(s.TCPPort), "auto-bind": fmt.Sprint(s.AutoBind)}
	if s.Multicast {
		values["group"], values["port"] = s.Group.String(), fmt.Sprint(s.Port)
	}
	for flag, value := range values {
		if c.Flags().Changed(flag) {
			continue
		}
		if err := c.Flags().Set(flag, value); err != nil {
			return fmt.Errorf("--server-xml: %s of %s: %w", flag, o.serverXML, err)
		}
	}
	return nil
}

// cluster is what the configuration says of the member, nil without one.
func (o *checkOptions) cluster(ctx context.Context) *facts.Cluster {
	s := o.settings
	if s == nil {
		return nil
	}
	c := &facts.Cluster{From: o.serverXML, Receiver: s.Address, TTL: -1, Encrypted: s.Encrypted, Static: !s.Multicast}
	for _, m := range s.Members {
		addrs, err := lookup(ctx, m.Host)
		if err != nil {
			continue // the configuration's own verdicts tell of a name without an address
		}
		for _, a := range addrs {
			c.Members = append(c.Members, netip.AddrPortFrom(a, m.Port))
		}
	}
	if c.Static {
		c.Membership = membershipWords(o.tomcat.Clusters[0].Membership)
	}
	if s.Multicast {
		c.Bind, c.TTL = s.Bind, s.TTL
		c.FrequencyMS, c.DropTimeMS = s.Frequency.Milliseconds(), s.DropTime.Milliseconds()
		v, _ := o.tomcat.Clusters[0].Membership.Attribute("localLoopbackDisabled")
		c.LoopbackDisabled = v.Text == "true"
	}
	return c
}

// membershipWords says how members are found where that is not by multicast.
func membershipWords(m serverxml.Component) string {
	class := m.Class[strings.LastIndexByte(m.Class, '.')+1:]
	switch class {
	case "StaticMembershipService":
		return "a static list"
	case "CloudMembershipService":
		if v, ok := m.Attribute("membershipProviderClassName"); ok && v.Text != "" {
			return v.Text[strings.LastIndexByte(v.Text, '.')+1:] + " of " + class
		}
		return class
	case "McastService":
		return "static members alone, with its multicast not started"
	}
	return class
}

// serverXMLVerdicts judges the configuration itself beside the host. Of what both
// can find fault with, the host's verdict stays where it does; where it does not,
// the configuration's takes its place.
func (o *checkOptions) serverXMLVerdicts(c *cobra.Command, verdicts []verdict.Verdict, want func(verdict.ID) bool) []verdict.Verdict {
	if o.tomcat == nil {
		return verdicts
	}
	given := serverxml.Given{}
	if o.from == "" {
		given.Host = thisHost(c.Context())
		given.FileSystem = fileSystem
		given.Runs = func() bool { return doctor.Running(o.tomcat.Name) }
	}
	bad := map[verdict.ID]bool{}
	for _, v := range verdicts {
		bad[v.ID] = bad[v.ID] || v.Status.Bad()
	}
	var found []verdict.Verdict
	for _, f := range serverxml.Check([]*serverxml.File{o.tomcat}, given) {
		if want(f.ID) && !bad[f.ID] {
			found = append(found, f.OfHost())
		}
	}
	verdicts = slices.DeleteFunc(verdicts, func(v verdict.Verdict) bool {
		return slices.ContainsFunc(found, func(f verdict.Verdict) bool { return f.ID == v.ID && f.Status.Bad() })
	})
	return append(verdicts, found...)
}
