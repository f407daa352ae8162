package cmd

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"muster/internal/hint"
	"muster/tribes/serverxml"
)

// groupFromFile adds --server-xml to a command of muster's own datagrams: the group, TTL and interface
// of a Tomcat's cluster, and for mesh its receiver's port. The group's port is taken only where withPort
// is set, because nothing of muster's may go there.
func (a *app) groupFromFile(c *cobra.Command, withPort bool) {
	file := ""
	c.Flags().StringVar(&file, "server-xml", "", "take the group, and what this command needs beside it, from this Tomcat's `FILE`; flags and arguments that are given go before it")
	standsForGroup(c, func() bool { return file != "" }, func(args []string) ([]string, error) {
		if f := c.Flags().Lookup("profile"); f != nil && f.Changed {
			return nil, usagef("--server-xml is of a Tomcat, --profile of another product: give one of them")
		}
		s, err := serverXML(a, file)
		if err != nil {
			return nil, err
		}
		if !s.Multicast && len(args) == 0 {
			return nil, withoutMulticast(file, s.Members)
		}
		if err := a.setFromFile(c, file, &s); err != nil {
			return nil, err
		}
		if len(args) > 0 {
			return args, nil
		}
		group := s.Group.String()
		if withPort {
			group = netip.AddrPortFrom(s.Group, s.Port).String()
		}
		a.note("%s: the group is %s", file, group)
		return []string{group}, nil
	})
}

// setFromFile sets the flags that were not given to what a server.xml says.
func (a *app) setFromFile(c *cobra.Command, file string, s *serverxml.Settings) error {
	values := map[string]string{"tcp-port": strconv.Itoa(int(s.TCPPort))}
	if s.TLS.Secure {
		values["tcp-port"] = strconv.Itoa(int(s.TLS.SecurePort))
	}
	if s.TTL >= 0 {
		values["ttl"] = strconv.Itoa(s.TTL)
	}
	if bind := a.boundHere(file, s.Bind); bind != "" {
		values["interface"] = bind
	}
	for name, value := range values {
		if f := c.Flags().Lookup(name); f == nil || f.Changed {
			continue
		}
		if err := c.Flags().Set(name, value); err != nil {
			return fmt.Errorf("--server-xml: %s of %s: %w", name, file, err)
		}
	}
	return nil
}

// boundHere is the address that a server.xml binds the membership to, where that is one of this host.
func (a *app) boundHere(file, bind string) string {
	addr, err := netip.ParseAddr(bind)
	if err != nil {
		return ""
	}
	if local, known := localAddrs(); known && !slices.Contains(local, addr) {
		a.note("%s binds the membership to %s, which is no address of this host: the route to the group decides here", file, bind)
		return ""
	}
	return bind
}

// withoutMulticast says that the members of a file have no group, and what to ask in place of it.
func withoutMulticast(file string, members []serverxml.StaticMember) error {
	ask := "muster tribes probe HOST:PORT asks one of them"
	if len(members) > 0 {
		ask = fmt.Sprintf("muster tribes probe %s asks the first of them", net.JoinHostPort(members[0].Host, strconv.Itoa(int(members[0].Port))))
	}
	return hint.Wrap(fmt.Errorf("--server-xml: the members in %s find each other without multicast: there is no group to join", file), ask)
}
