package sniff

import (
	"fmt"
	"io"
	"os"

	"muster/mcast"
	"muster/sniff/capture"
	"muster/sniff/filter"
)

// Input says where packets come from: a file, a reader, or interfaces of this
// host where neither is given.
type Input struct {
	File   string    // the name of a capture file
	Reader io.Reader // a capture that is read as it comes, from a pipe for example

	// The rest is for live captures.
	Interfaces  []string // by name; none: all
	Filter      *filter.Filter
	Promiscuous bool
	// Join are groups to join on the interfaces, so that switches which snoop send
	// their traffic here. Nobody reads the sockets, the capture sees it all.
	Join   []mcast.Group
	Buffer int // bytes that the kernel may hold before it drops packets; 0: 32 MiB
}

// Capture is an open source of packets. Run reads and closes it; where it is not
// run, Close must be called.
type Capture struct {
	Source capture.Source
	Live   bool
	// Unfiltered tells why the kernel does not filter for us; nil where it does.
	Unfiltered error

	joined []*mcast.Conn
}

// Open opens the file, or the interfaces for a live capture.
func Open(in Input) (*Capture, error) {
	c := &Capture{}
	var err error
	switch f, file := in.Reader.(*os.File); {
	case file:
		c.Source, err = capture.Stdin(f)
	case in.Reader != nil:
		c.Source, err = capture.NewReader(in.Reader)
	case in.File != "":
		c.Source, err = capture.Open(in.File)
	default:
		return openLive(in)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// programSize is the snap length of the kernel's program: all of a packet.
const programSize = 1 << 18

func openLive(in Input) (*Capture, error) {
	c := &Capture{Live: true}
	o := capture.LiveOptions{Interfaces: in.Interfaces, Promiscuous: in.Promiscuous, Ring: in.Buffer}
	var err error
	if in.Filter != nil {
		if o.Program, err = in.Filter.Program(filter.LinuxLayout, programSize); err != nil {
			c.Unfiltered, o.Program = err, nil
		}
	}
	if c.Source, err = capture.Live(o); err != nil {
		return nil, err
	}
	if err := c.join(in.Join, in.Interfaces); err != nil {
		c.Close()
		return nil, fmt.Errorf("join the groups: %w", err)
	}
	return c, nil
}

// joinPort is where the sockets that join groups without a port listen: a join is
// of a group, and no port matters to it.
const joinPort = 65535

func (c *Capture) join(groups []mcast.Group, names []string) error {
	if len(groups) == 0 {
		return nil
	}
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		i, err := mcast.FindInterface(name, groups[0].Addr)
		if err != nil {
			return err
		}
		conn, err := mcast.Listen(mcast.Config{Interface: i, Groups: groups, Port: joinPort, TTL: -1})
		if err != nil {
			return err
		}
		c.joined = append(c.joined, conn)
	}
	return nil
}

// Close leaves the joined groups and gives back what the source holds: a live
// one does so only once it was read to its end.
func (c *Capture) Close() {
	c.Source.Close()
	var p capture.Packet
	for c.Source.Next(&p) == nil {
	}
	for _, conn := range c.joined {
		conn.Close()
	}
	c.joined = nil
}

// InterfaceName is the name of the i-th interface of the source, "" where it has
// none.
func (c *Capture) InterfaceName(i int) string {
	if list := c.Source.Interfaces(); i >= 0 && i < len(list) {
		return list[i].Name
	}
	return ""
}
