package ui

import (
	"fmt"
	"strings"

	"muster/internal/escape"
)

// maxShownText is how much of a message's text one line for people has.
const maxShownText = 60

// print writes the line for people.
func (d *Decoded) print(l decodedLine) error {
	var b strings.Builder
	if l.Input > 0 {
		fmt.Fprintf(&b, "input %d: ", l.Input)
	}
	fmt.Fprintf(&b, "offset %d: %s", l.Offset, strings.ReplaceAll(l.Type, "_", " "))
	switch {
	case l.Error != "":
		fmt.Fprintf(&b, ": %s", d.out.Bad(escape.Text(l.Error)))
	case l.Member != nil:
		fmt.Fprintf(&b, ", %d bytes: %s", l.Bytes, describeMember(l.Member))
		if l.Trailing > 0 {
			fmt.Fprintf(&b, ", then %d bytes that Tomcat ignores", l.Trailing)
		}
		fmt.Fprintf(&b, "\n  %s", d.out.Dim(l.Text))
	case l.Message != nil:
		m := l.Message
		fmt.Fprintf(&b, ", %d bytes: %s of %d bytes, options %s\n  from %s\n  message id %s", l.Bytes, m.Kind, m.Bytes,
			m.OptionsText, describeMember(&m.Sender), m.UniqueID)
		if m.Text != "" {
			fmt.Fprintf(&b, "\n  text %q", cut(m.Text, maxShownText))
		}
	case l.Bytes > 0:
		fmt.Fprintf(&b, ", %d bytes", l.Bytes)
	}
	b.WriteByte('\n')
	_, err := d.out.Write([]byte(b.String()))
	return err
}

func describeMember(m *Member) string {
	host := m.Host
	switch {
	case host == "":
		host = "{" + m.HostHex + "}"
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	s := fmt.Sprintf("%s:%d, id %s, alive %d ms", host, m.Port, m.UniqueID, m.AliveMS)
	if m.Generation != "v1" {
		s += ", form " + m.Generation
	}
	if m.DomainHex != "" {
		s += ", domain " + m.Domain
	}
	switch {
	case m.Shutdown:
		s += ", leaving"
	case m.CommandHex != "":
		s += ", command " + m.Command
	}
	if n := len(m.PayloadHex) / 2; n > 0 {
		s += fmt.Sprintf(", payload of %d bytes", n)
	}
	return s
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "..."
}
