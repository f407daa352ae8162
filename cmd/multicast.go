package cmd

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"muster/internal/escape"
	"muster/mcast"
)

// defaultGroupPort is the port of groups that name none: that of the book's
// MulticastNode, and not Tomcat's, where other payloads would be logged as
// broken heartbeats.
const defaultGroupPort = mcast.NodePort

// parseGroups reads GROUP arguments; a group without a port gets port.
func parseGroups(args []string, port uint16) ([]mcast.Group, error) {
	groups := make([]mcast.Group, 0, len(args))
	for _, arg := range args {
		g, err := mcast.ParseGroup(arg)
		if err != nil {
			return nil, usagef("%w", err)
		}
		groups = append(groups, g.WithDefaultPort(port))
	}
	return groups, nil
}

// interfaceFlag adds -i.
func interfaceFlag(c *cobra.Command, spec *string) {
	c.Flags().VarP(&single{to: spec}, "interface", "i", "interface by `name`, index or address; without it the one that the route to the group names")
}

// single is a flag that takes one value: a second one is refused, because one of the two would be
// passed over without a word.
type single struct {
	to    *string
	given bool
}

func (s *single) String() string { return *s.to }
func (s *single) Type() string   { return "string" }
func (s *single) Set(value string) error {
	if s.given {
		return errTwice
	}
	*s.to, s.given = value, true
	return nil
}

var errTwice = errors.New("it was given before, and takes one value")

// findInterface chooses the interface for group and tells on stderr which one
// it is and why, with the address that goes with it.
func (a *app) findInterface(spec string, group netip.Addr) (mcast.Interface, error) {
	i, err := mcast.FindInterface(spec, group)
	if err != nil {
		return i, err
	}
	if !a.quiet {
		source := "no address of its own"
		if s, ok := i.SourceFor(group); ok {
			source = s.WithZone("").String()
		}
		fmt.Fprintf(a.Err, "interface %s (%s): %s\n", escape.Text(i.Name), source, escape.Text(i.Reason))
	}
	return i, nil
}

// tellLacks says on stderr what this system cannot do of what conn promises.
func (a *app) tellLacks(conn *mcast.Conn) {
	for _, l := range conn.Lacks() {
		a.note("%s", l)
	}
}

// note tells something on stderr that is no error.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.Err, "note: "+format+"\n", args...)
	}
}

// tell notes what a room has to say meanwhile.
func (a *app) tell(text string) { a.note("%s", escape.Text(text)) }

// positive checks a duration flag that was given.
func positive(c *cobra.Command, flag string, d time.Duration) error {
	if c.Flags().Changed(flag) && d <= 0 {
		return usagef("--%s %v: say a time longer than 0, such as 500ms or 3s", flag, d)
	}
	return nil
}
