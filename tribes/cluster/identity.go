package cluster

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"muster/tribes"
)

// identity is an id that is ours alone while it is held.
type identity struct {
	id   tribes.UniqueID
	file *os.File // locked; nil where the id is kept nowhere
	note string   // what a person should know
}

// errLocked: another process holds the file.
var errLocked = errors.New("in use by another process")

// loadIdentity returns the id that name had at this address and port before, or
// a new one that it keeps there. A member that was killed must come back under its
// id: under another one at the same address a Tomcat takes it for a second
// member, finds the first one alive too (its receiver answers), and sends every
// message twice (tribes-wire 1.7).
//
// The file stays locked as long as the identity is held. Whatever goes wrong
// with it, there is an id: a fresh one, with a note.
func loadIdentity(dir, name string, at netip.AddrPort, fresh bool) identity {
	made := identity{id: tribes.NewUniqueID()}
	path, err := identityPath(dir, name, at)
	if err != nil {
		made.note = fmt.Sprintf("this member's id is not kept for its next start: %v", err)
		return made
	}
	kept, err := openIdentity(path, made.id, fresh)
	switch {
	case errors.Is(err, errLocked):
		made.note = fmt.Sprintf("the id kept in %s is %v: taking a fresh one", path, err)
		return made
	case err != nil:
		made.note = fmt.Sprintf("this member's id is not kept for its next start: %v", err)
		return made
	}
	return kept
}

func openIdentity(path string, made tribes.UniqueID, fresh bool) (identity, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return identity{}, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return identity{}, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return identity{}, err
	}
	if !fresh {
		if id, ok := readID(f); ok {
			return identity{id: id, file: f}, nil
		}
	}
	if err := writeID(f, made); err != nil {
		f.Close()
		return identity{}, err
	}
	return identity{id: made, file: f}, nil
}

// readID reads an id from the beginning of f. What is not one, because a write
// was cut short, is no error: a new one takes its place.
func readID(f io.ReaderAt) (id tribes.UniqueID, ok bool) {
	var b [2 * len(id)]byte
	if _, err := f.ReadAt(b[:], 0); err != nil {
		return id, false
	}
	_, err := hex.Decode(id[:], b[:])
	return id, err == nil && id != tribes.UniqueID{}
}

func writeID(f *os.File, id tribes.UniqueID) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(id.String()+"\n"), 0)
	return err
}

// renew keeps another id for the next start: this one has said goodbye, and no
// ghost of it can be left. A Tomcat keeps its old connections by the id of who they
// lead to, and logs a warning for each that it finds closed.
func (i identity) renew() error {
	if i.file == nil {
		return nil
	}
	return writeID(i.file, tribes.NewUniqueID())
}

func (i identity) release() {
	if i.file != nil {
		i.file.Close() // which unlocks it
	}
}

func identityPath(dir, name string, at netip.AddrPort) (string, error) {
	if dir == "" {
		var err error
		if dir, err = stateDir(); err != nil {
			return "", err
		}
	}
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil {
			return "", fmt.Errorf("this host has no name (--name gives the member one): %w", err)
		}
	}
	file := fmt.Sprintf("%s_%s_%d.id", fileName(name), fileName(at.Addr().String()), at.Port())
	return filepath.Join(dir, "members", file), nil
}

// fileName makes s a part of a file name on every system: what is neither a
// letter, a digit, a dot nor a dash becomes its hex.
func fileName(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	const most = 80
	if b.Len() <= most {
		return b.String()
	}
	return b.String()[:most]
}
