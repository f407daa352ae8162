package cmd

import (
	"github.com/spf13/pflag"

	"muster/tribes/tlspsk"
)

// pskFlags are those of a cluster whose channel has pskIdentity and pskKey.
type pskFlags struct {
	identity string
	keyFile  string
	protocol string
	sha384   bool
}

func (f *pskFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.identity, "psk-identity", "", "the pskIdentity of the channel: ask over TLS with its pre-shared key")
	fs.StringVar(&f.keyFile, "psk-key-file", "", "a `FILE` with the pskKey: hex digits")
	fs.StringVar(&f.protocol, "psk-protocol", "", "its pskProtocol: TLSv1.3 or TLSv1.2 (default: what the other side takes)")
	fs.BoolVar(&f.sha384, "psk-sha384", false, "the key belongs to SHA-384 (pskDigest), so that AES-256 is used")
}

// config is what the flags say; nil where TLS is not asked for. The key is read from its
// file and shown nowhere.
func (f *pskFlags) config(a *app) (*tlspsk.Config, error) {
	switch {
	case f.identity == "" && f.keyFile == "" && f.protocol == "" && !f.sha384:
		return nil, nil
	case f.identity == "":
		return nil, usagef("a pre-shared key needs its identity: --psk-identity")
	case f.keyFile == "":
		return nil, usagef("--psk-identity needs --psk-key-file")
	}
	versions, err := tlspsk.ParseProtocol(f.protocol)
	if err != nil {
		return nil, usagef("--psk-protocol: %w", err)
	}
	key, err := a.readKey(f.keyFile)
	if err != nil {
		return nil, err
	}
	return &tlspsk.Config{Identity: f.identity, Key: key, Versions: versions, SHA384: f.sha384}, nil
}
