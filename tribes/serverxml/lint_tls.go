package serverxml

import (
	"fmt"

	"muster/internal/verdict"
)

// tlsSince is when the channel got TLS with pre-shared keys.
const tlsSince = "9.0.124 10.1.62 11.0.28"

// maxPSK is the longest pre-shared key that OpenSSL takes (PSK_MAX_PSK_LEN).
const maxPSK = 512

// tlsSettings are the channel's TLS attributes as they are in force.
type tlsSettings struct {
	secure, key, identity bool // key, identity: given
	protocol              string
	port                  int64 // securePort, -1: none
}

// usable reports whether connections by TLS can be made.
func (t tlsSettings) usable() bool { return t.key && t.identity && t.port > 0 }

func (c *Cluster) tls() tlsSettings {
	t := tlsSettings{secure: c.Channel.flag("secure"), protocol: c.Channel.text("pskProtocol"), port: -1}
	if k, ok := c.Channel.Attribute("pskKey"); ok && k.Set() && k.Ignored == "" {
		t.key = k.secret != "" || !k.Known()
	}
	t.identity = c.Channel.text("pskIdentity") != ""
	if p, ok := c.Receiver.num("securePort"); ok {
		t.port = p
	}
	return t
}

// tlsInForce are the TLS settings for a command that is to be a member; a key that
// cannot be read is as none. The zero value: no TLS is asked for.
func (c *Cluster) tlsInForce(v Version) TLSSettings {
	if !v.Has(tlsSince) {
		return TLSSettings{}
	}
	t := c.tls()
	if !t.secure && !t.key && !t.identity && t.port <= 0 {
		return TLSSettings{}
	}
	s := TLSSettings{Secure: t.secure, Protocol: t.protocol, Identity: c.Channel.text("pskIdentity"), Digest: c.Channel.text("pskDigest")}
	if k, ok := c.Channel.Attribute("pskKey"); ok && t.key && k.Known() {
		s.Key, _ = parseKey(k.secret)
	}
	if t.port > 0 && t.port <= 65535 {
		s.SecurePort = uint16(t.port)
	}
	return s
}

// tlsAttributes judges secure, pskIdentity, pskKey, pskProtocol, pskDigest and securePort.
func (l lint) tlsAttributes() {
	if !l.version.Has(tlsSince) {
		return // unknown attributes there, which is said of each
	}
	t := l.tls()
	say := func(status verdict.Status, part *Component, attr, saw, fix string) {
		x := finding{id: "config.tls", status: status, confidence: verdict.Likely, at: l.at(part, attr), in: part, saw: saw}
		if attr != "pskKey" {
			x.evidence = attributes(part, attr)
		}
		if fix != "" {
			x.fix = []string{fix}
		}
		l.report(x)
	}
	const keyFix = "openssl rand -hex 32   # the same pskKey on every node"
	switch {
	case t.key && !t.identity:
		say(verdict.Fail, &l.Channel, "pskKey", "a pskKey without a pskIdentity: TLS wants both", `pskIdentity="NAME", the same on every node`)
	case t.identity && !t.key:
		say(verdict.Fail, &l.Channel, "pskIdentity", "a pskIdentity without a pskKey that can be used: TLS wants both", keyFix)
	case t.secure && !t.key:
		say(verdict.Fail, &l.Channel, "secure", "secure=\"true\" closes the plain port, and without pskIdentity and pskKey no other opens", keyFix)
	case t.key && t.secure && t.port <= 0:
		say(verdict.Fail, &l.Receiver, "securePort", "secure=\"true\" closes the plain port, and the receiver has no securePort: nobody can send to this member", `securePort="4100" on <Receiver>`)
	case t.key && t.port <= 0:
		say(verdict.Warn, &l.Receiver, "securePort", "there is a pskKey and no securePort: no port for TLS opens, and everything goes in clear", `securePort="4100" on <Receiver>, and secure="true" on <Channel>`)
	case !t.key && t.port > 0:
		say(verdict.Warn, &l.Receiver, "securePort", fmt.Sprintf("securePort %d is announced to the others, and without pskIdentity and pskKey nothing listens there", t.port), keyFix)
	case t.key && !t.secure:
		if o, ok := l.Self.num("channelSendOptions"); ok && o&16 == 0 {
			say(verdict.Warn, &l.Channel, "secure", fmt.Sprintf("both ports are open, and messages without option 16 go to the plain one: with channelSendOptions %d sessions go in clear", o), `secure="true" on <Channel> of every node`)
		} else {
			say(verdict.Warn, &l.Channel, "secure", "the plain port stays open beside the one for TLS: whoever reaches it can read and write sessions", `secure="true" on <Channel> of every node`)
		}
	}
	l.tlsValues(t, say)
	if p, ok := l.Receiver.num("port"); ok && t.port > 0 && p == t.port {
		say(verdict.Fail, &l.Receiver, "securePort", fmt.Sprintf("port and securePort are both %d", p), `securePort="4100"`)
	}
}

// tlsValues judges protocol, digest and the key's length.
func (l lint) tlsValues(t tlsSettings, say func(verdict.Status, *Component, string, string, string)) {
	p, _ := l.Channel.Attribute("pskProtocol")
	d, _ := l.Channel.Attribute("pskDigest")
	if p.Known() && p.Text != "TLSv1.3" && p.Text != "TLSv1.2" {
		say(verdict.Fail, &l.Channel, "pskProtocol", fmt.Sprintf("pskProtocol %q is neither TLSv1.3 nor TLSv1.2", cut(p.Text)), `pskProtocol="TLSv1.3" on every node`)
	}
	switch {
	case d.Set() && t.protocol == "TLSv1.2":
		say(verdict.Warn, &l.Channel, "pskDigest", "pskDigest is for TLSv1.3; with TLSv1.2 the suite is PSK-AES128-GCM-SHA256 whatever it says", "take pskDigest out")
	case d.Set() && d.Known() && d.Text != "SHA256" && d.Text != "SHA384":
		say(verdict.Fail, &l.Channel, "pskDigest", fmt.Sprintf("pskDigest %q is neither SHA256 nor SHA384", cut(d.Text)), `pskDigest="SHA256" on every node`)
	}
	k, _ := l.Channel.Attribute("pskKey")
	key, err := parseKey(k.secret)
	switch {
	case err != nil || len(key) == 0:
	case len(key) > maxPSK:
		say(verdict.Fail, &l.Channel, "pskKey", fmt.Sprintf("the pskKey has %d bytes, and OpenSSL takes at most %d", len(key), maxPSK), "openssl rand -hex 32   # the same pskKey on every node")
	case len(key) < 16:
		say(verdict.Warn, &l.Channel, "pskKey", fmt.Sprintf("the pskKey has %d bytes, which can be guessed from one recorded connection", len(key)), "openssl rand -hex 32   # the same pskKey on every node")
	}
}
