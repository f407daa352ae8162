package provider

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"strings"
)

// token is one that no text may show.
const token = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0LXRva2Vu.c2lnbmF0dXJl"

// variables make an environment of "NAME=VALUE" words, with the token file and the
// certificate that are given.
func environment(variables, tokenFile string, ca []byte) Environment {
	vars := map[string]string{}
	for word := range strings.FieldsSeq(variables) {
		name, value, _ := strings.Cut(word, "=")
		vars[name] = value
	}
	return Environment{
		Lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		ReadFile: func(name string) ([]byte, error) {
			switch {
			case name == defaultToken && tokenFile != "":
				return []byte(tokenFile), nil
			case name == defaultCA && ca != nil:
				return ca, nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
		From: "a test",
	}
}

func node(addrs ...string) Self {
	s := Self{Host: "n1"}
	for _, a := range addrs {
		s.Addrs = append(s.Addrs, netip.MustParseAddr(a))
	}
	s.Local = s.Addrs
	return s
}

// resolver answers with addresses, or with an error.
type resolver struct {
	addrs []netip.Addr
	err   error
}

func (r resolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return r.addrs, r.err
}

var errServer = errors.New("server misbehaving")
