// Package wiretest holds what the tests of packages igmp and mld have in common.
package wiretest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"muster/mcast/internal/wire"
)

// Unhex reads hexadecimal digits with white space anywhere among them.
func Unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Message is what a message of either protocol says.
type Message struct {
	Version     uint8
	Type        string
	Group       netip.Addr
	Query       bool
	MaxResponse time.Duration // of a query
	Suppress    bool
	Newest      bool // a query of the version that has the next two
	QRV         uint8
	Interval    time.Duration
	Sources     []netip.Addr
	Records     []wire.Record
	Extra       []byte
	Anomalies   wire.Anomalies
}

// String writes all of m as one line.
func (m Message) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "v%d %s", m.Version, m.Type)
	if m.Group.IsValid() {
		fmt.Fprintf(&b, " group %s", m.Group)
	}
	if m.Query {
		fmt.Fprintf(&b, " max %s", m.MaxResponse)
	}
	if m.Suppress {
		b.WriteString(" suppress")
	}
	if m.Newest {
		fmt.Fprintf(&b, " qrv %d qqi %s", m.QRV, m.Interval)
	}
	if len(m.Sources) > 0 {
		b.WriteString(" sources")
		for _, s := range m.Sources {
			fmt.Fprintf(&b, " %s", s)
		}
	}
	for _, r := range m.Records {
		fmt.Fprintf(&b, "; %s %s", r.Type, r.Group)
		for _, s := range r.Sources {
			fmt.Fprintf(&b, " %s", s)
		}
		if len(r.Aux) > 0 {
			fmt.Fprintf(&b, " aux %x", r.Aux)
		}
	}
	if len(m.Extra) > 0 {
		fmt.Fprintf(&b, " extra %x", m.Extra)
	}
	if len(m.Anomalies) > 0 {
		fmt.Fprintf(&b, " [%s]", Names(m.Anomalies))
	}
	return b.String()
}

// Names lists the anomalies, with a space between two.
func Names(list wire.Anomalies) string {
	var names []string
	for _, x := range list {
		names = append(names, x.Name)
	}
	return strings.Join(names, " ")
}

// Located reports whether err names an offset inside so many bytes.
func Located(err error, n int) bool {
	var p *wire.ParseError
	return errors.As(err, &p) && p.Offset >= 0 && p.Offset <= n
}
