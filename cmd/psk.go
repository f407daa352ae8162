package cmd

import (
	"github.com/spf13/pflag"

	"muster/tribes/cluster"
	"muster/tribes/serverxml"
	"muster/tribes/tlspsk"
)

// pskFlags are those of a cluster whose channel has pskIdentity and pskKey.
type pskFlags struct {
	identity string
	keyFile  string
	protocol string
	sha384   bool
	port     uint16 // of a member
	plain    bool   // the plain port stays open

	key []byte // of server.xml, where no file was given
}

func (f *pskFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.identity, "psk-identity", "", "the `IDENTITY` (pskIdentity) of the channel: ask over TLS with its pre-shared key")
	fs.StringVar(&f.keyFile, "psk-key-file", "", "a `FILE` with the pskKey: hex digits")
	fs.StringVar(&f.protocol, "psk-protocol", "", "its pskProtocol, `TLSv1.3|TLSv1.2` (default: what the other side takes)")
	fs.BoolVar(&f.sha384, "psk-sha384", false, "the key belongs to SHA-384 (pskDigest), so that AES-256 is used")
}

// member adds those of a member, which has a port for TLS too.
func (f *pskFlags) member(fs *pflag.FlagSet) {
	f.add(fs)
	fs.Lookup("psk-identity").Usage = "the `IDENTITY` (pskIdentity) of the channel: messages go by TLS with its pre-shared key"
	fs.Uint16Var(&f.port, "secure-port", cluster.DefaultSecurePort, "with --psk-identity: TCP `port` of the receiver for TLS")
	fs.BoolVar(&f.plain, "plain-too", false, "with --psk-identity: keep the plain port open too, as a cluster without secure=\"true\" does")
}

// tls is how a member is reached by TLS, nil where it is not.
func (f *pskFlags) tls(a *app) (*cluster.TLS, error) {
	psk, err := f.config(a)
	if err != nil || psk == nil {
		return nil, err
	}
	return &cluster.TLS{PSK: *psk, Port: f.port, Only: !f.plain}, nil
}

// take sets what was not given to what a server.xml says.
func (f *pskFlags) take(t serverxml.TLSSettings, given func(string) bool) {
	if !t.Usable() || given("psk-identity") || given("psk-key-file") {
		return
	}
	f.identity, f.key = t.Identity, t.Key
	if !given("psk-protocol") {
		f.protocol = t.Protocol
	}
	if !given("psk-sha384") {
		f.sha384 = t.Digest == "SHA384" && t.Protocol != "TLSv1.2"
	}
	if !given("secure-port") {
		f.port = t.SecurePort
	}
	if !given("plain-too") {
		f.plain = !t.Secure
	}
}

// config is what the flags say; nil where TLS is not asked for. The key is read from its
// file and shown nowhere.
func (f *pskFlags) config(a *app) (*tlspsk.Config, error) {
	switch {
	case f.identity == "" && f.keyFile == "" && f.protocol == "" && !f.sha384:
		return nil, nil
	case f.identity == "":
		return nil, usagef("a pre-shared key needs its identity: --psk-identity")
	case f.keyFile == "" && f.key == nil:
		return nil, usagef("--psk-identity needs --psk-key-file")
	}
	versions, err := tlspsk.ParseProtocol(f.protocol)
	if err != nil {
		return nil, usagef("--psk-protocol: %w", err)
	}
	key := f.key
	if f.keyFile != "" {
		if key, err = a.readKey(f.keyFile); err != nil {
			return nil, err
		}
	}
	return &tlspsk.Config{Identity: f.identity, Key: key, Versions: versions, SHA384: f.sha384}, nil
}
