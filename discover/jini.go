package discover

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"muster/sniff/proto"
)

// maxAnswer bounds what a lookup service may send: a marshalled proxy is some
// kilobytes.
const maxAnswer = 256 << 10

// lookups accepts the connections of lookup services until the listener is closed, and
// hands over who they are.
func lookups(l net.Listener, end time.Time, tell func(from netip.Addr, groups []string)) {
	for n := 0; n < 64; n++ {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.SetDeadline(end)
		_, _ = c.Write([]byte{0, 0, 0, 1}) // who connects waits for the version; what it says then is all that counts
		b, err := io.ReadAll(io.LimitReader(c, maxAnswer))
		c.Close()
		from, perr := netip.ParseAddrPort(c.RemoteAddr().String())
		if perr != nil || err != nil && !errors.Is(err, io.EOF) && len(b) == 0 {
			continue
		}
		groups, ok := answeredGroups(b)
		if ok {
			tell(from.Addr().Unmap(), groups)
		}
	}
}

// answeredGroups reads the end of a unicast answer of version 1: after the marshalled
// object a block of data with the number of groups and their names (DJ.2.5). ok is false
// where that is not an answer.
func answeredGroups(b []byte) (groups []string, ok bool) {
	if len(b) < 6 || string(b[:4]) != "\xac\xed\x00\x05" {
		return nil, false
	}
	const blockData = 0x77 // of a Java stream: its length is one byte
	for at := len(b) - 6; at >= 4 && at >= len(b)-257; at-- {
		if b[at] != blockData || int(b[at+1]) != len(b)-at-2 {
			continue
		}
		if groups, ok := readGroups(b[at+2:]); ok {
			return groups, true
		}
	}
	return nil, true
}

func readGroups(b []byte) (groups []string, ok bool) {
	n := binary.BigEndian.Uint32(b)
	b = b[4:]
	for range min(n, 1<<12) {
		if len(b) < 2 || int(binary.BigEndian.Uint16(b)) > len(b)-2 {
			return nil, false
		}
		size := int(binary.BigEndian.Uint16(b))
		groups = append(groups, string(b[2:2+size]))
		b = b[2+size:]
	}
	return groups, len(b) == 0 && n < 1<<12
}

// lookupService is what an answer tells, as a message of a decoder.
func lookupService(from netip.Addr, groups []string) *proto.Message {
	m := &proto.Message{Type: "unicast answer", Peer: proto.Peer{Product: "Jini", ID: "unicast " + from.String(), Address: from.String(), Release: "version 1", Role: "lookup service"}}
	for _, g := range groups {
		if g == "" {
			g = "public"
		}
		m.Peer.Notes = append(m.Peer.Notes, "in group "+g)
	}
	return m
}
