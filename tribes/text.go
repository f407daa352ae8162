package tribes

import "strconv"

// TextForm is the way a Tomcat version writes a member into its log
// (MemberImpl.toString, getName, getHostname and bToS).
type TextForm uint8

const (
	// TextNow: 7.0.91 and later, 8.5.34 and later, 9.0.12 and later, 10, 11.
	TextNow TextForm = iota
	// TextMid: 7.0.0 to 7.0.90, 8.5.0 to 8.5.33, 9.0.0 to 9.0.11.
	TextMid
	// TextOld: 6.0.
	TextOld
)

// TextForm is the form in which a current Tomcat of m's generation logs it.
func (m *Member) TextForm() TextForm {
	if m.Generation == V0 {
		return TextOld
	}
	return TextNow
}

const memberClass = "org.apache.catalina.tribes.membership.MemberImpl"

// maxShown is where bToS cuts payload, command and domain: it adds the dots
// also to a value of exactly this length.
const maxShown = 9

// Hostname is how Tomcat writes the host of a member that it received: the
// bytes in decimal, signed in the old form.
func (m *Member) Hostname(f TextForm) string { return string(m.appendHostname(nil, f)) }

// Name is how Tomcat names a member that it received: tcp://HOSTNAME:PORT.
func (m *Member) Name(f TextForm) string {
	return string(appendName(nil, m.appendHostname(nil, f), m.Port))
}

// LocalName is how m's own Tomcat names it, by the host name it was configured
// with.
func (m *Member) LocalName(hostname string) string {
	return string(appendName(nil, []byte(hostname), m.Port))
}

// Text is what Tomcat's log says of a member that it received.
func (m *Member) Text(f TextForm) string {
	return m.text(f, m.appendHostname(nil, f))
}

// LocalText is what the log of m's own Tomcat says of it: there the host name
// is the text of its configuration.
func (m *Member) LocalText(f TextForm, hostname string) string {
	return m.text(f, []byte(hostname))
}

func (m *Member) text(f TextForm, hostname []byte) string {
	b := make([]byte, 0, 320)
	b = append(b, memberClass...)
	b = append(b, '[')
	b = appendName(b, hostname, m.Port)
	b = append(b, ',')
	b = append(b, hostname...)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(m.Port), 10)
	b = append(b, ", alive="...)
	b = strconv.AppendInt(b, m.Alive, 10)
	if f == TextOld {
		b = append(b, ",id="...)
	} else {
		b = append(b, ", securePort="...)
		b = strconv.AppendInt(b, int64(m.SecurePort), 10)
		b = append(b, ", UDP Port="...)
		b = strconv.AppendInt(b, int64(m.UDPPort), 10)
		b = append(b, ", id="...)
	}
	b = appendSigned(b, m.ID[:], len(m.ID)+1)
	b = append(b, ", payload="...)
	b = appendSigned(b, m.Payload, maxShown)
	b = append(b, ", command="...)
	b = appendSigned(b, m.Command, maxShown)
	b = append(b, ", domain="...)
	b = appendSigned(b, m.Domain, maxShown)
	if f != TextNow {
		b = append(b, ", "...)
	}
	return string(append(b, ']'))
}

func appendName(b, hostname []byte, port int32) []byte {
	b = append(b, "tcp://"...)
	b = append(b, hostname...)
	b = append(b, ':')
	return strconv.AppendInt(b, int64(port), 10)
}

func (m *Member) appendHostname(b []byte, f TextForm) []byte {
	b = append(b, '{')
	for i, c := range m.Host {
		if i > 0 {
			b = append(b, ", "...)
		}
		if f == TextOld {
			b = strconv.AppendInt(b, int64(int8(c)), 10)
		} else {
			b = strconv.AppendUint(b, uint64(c), 10)
		}
	}
	return append(b, '}')
}

// appendSigned is MemberImpl.bToS: signed decimals, each followed by a blank;
// after cut of them dots and the whole length.
func appendSigned(b, p []byte, cut int) []byte {
	b = append(b, '{')
	for i, c := range p {
		b = strconv.AppendInt(b, int64(int8(c)), 10)
		b = append(b, ' ')
		if i+1 == cut {
			b = append(b, "...("...)
			b = strconv.AppendInt(b, int64(len(p)), 10)
			b = append(b, ')')
			break
		}
	}
	return append(b, '}')
}
