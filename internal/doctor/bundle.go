package doctor

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
	"muster/tribes/logs"
	"muster/tribes/serverxml"
)

// A bundle is a tar archive, packed by gzip, of these entries and no others. Each may be
// missing.
const (
	entryManifest = "muster-bundle.json" // Manifest
	entryFacts    = "facts.json"
	entryVerdicts = "verdicts.json" // a list of verdicts
	entryConfig   = "server.xml"    // with fingerprints in place of keys and passwords
	entryLog      = "catalina.log"  // its end
	entryWire     = "wire.pcapng"   // of the group
)

// Bounds of a bundle's entries, in bytes: reading one takes no more, whatever it claims.
const (
	maxEntry     = 64 << 20
	maxLogTail   = 256 << 10
	maxWireBytes = 4 << 20
	maxEntries   = 32
)

const bundleVersion = 1

// Manifest says what a bundle is of.
type Manifest struct {
	Bundle   int       `json:"bundle"` // its version, 1
	Program  string    `json:"program"`
	Time     time.Time `json:"time"`
	Redacted bool      `json:"redacted"`
	Note     Note      `json:"note"`
	WatchedS float64   `json:"watched_s"`
}

// Bundle is one node's evidence, as it was saved.
type Bundle struct {
	Name     string // of the file
	Manifest Manifest
	Facts    *facts.Facts
	Verdicts []verdict.Verdict
	Config   []byte
	Log      []byte
	Wire     []byte
}

// WriteBundle saves what was found into a new file of mode 0600. With redact what names
// hosts and addresses is hidden in the facts, and server.xml, log and packets stay out.
func (r *Result) WriteBundle(name string, o Options, redact bool) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".muster-bundle-")
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
			err = fmt.Errorf("write the bundle %s: %w", name, err)
		}
	}()
	packed := gzip.NewWriter(file)
	out := tar.NewWriter(packed)
	if err := r.entries(out, o, redact); err != nil {
		return err
	}
	if err := errors.Join(out.Close(), packed.Close(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

func (r *Result) entries(out *tar.Writer, o Options, redact bool) error {
	m := Manifest{Bundle: bundleVersion, Program: o.Version, Time: time.Now(), Redacted: redact, Note: r.Note, WatchedS: r.Watched.Seconds()}
	verdicts := append(append([]verdict.Verdict{}, r.Verdicts...), r.Remarks...)
	if redact {
		m.Note, verdicts = Note{}, nil
		if err := judge.Redact(r.Facts); err != nil {
			return err
		}
	}
	var host bytes.Buffer
	if err := r.Facts.Save(&host); err != nil {
		return err
	}
	for _, e := range []struct {
		name string
		v    any
	}{{entryManifest, m}, {entryVerdicts, verdicts}} {
		b, err := json.MarshalIndent(e.v, "", " ")
		if err != nil {
			return err
		}
		if err := put(out, e.name, b); err != nil {
			return err
		}
	}
	if err := put(out, entryFacts, host.Bytes()); err != nil || redact {
		return err
	}
	if o.File != nil {
		// What is no XML may have a key anywhere.
		if b, err := os.ReadFile(o.File.Name); err == nil && len(b) <= maxEntry && o.File.Broken == nil {
			if err := put(out, entryConfig, hideSecrets(b)); err != nil {
				return err
			}
		}
		for _, name := range logFiles(o.File.Name) {
			if err := put(out, entryLog, []byte(logs.HideTokens(string(tail(name, maxLogTail))))); err != nil {
				return err
			}
		}
	}
	return put(out, entryWire, r.packets.Bytes())
}

func put(out *tar.Writer, name string, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: time.Now()}); err != nil {
		return err
	}
	_, err := out.Write(b)
	return err
}

// tail is the end of a file, from the beginning of a line.
func tail(name string, most int64) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	skip := max(info.Size()-most, 0)
	b, err := io.ReadAll(io.NewSectionReader(f, skip, most))
	if err != nil {
		return nil
	}
	if i := bytes.IndexByte(b, '\n'); skip > 0 && i >= 0 {
		b = b[i+1:]
	}
	return b
}

// IsBundle reports whether a file begins as a bundle does.
func IsBundle(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1f, 0x8b}) }

// ReadBundle reads a bundle. It is a stranger's file: only the known entries are read,
// each once and within its bound; paths and links in it mean nothing, and nothing is
// written anywhere.
func ReadBundle(name string, in io.Reader) (*Bundle, error) {
	packed, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%s is no bundle of muster: %w", name, err)
	}
	b := &Bundle{Name: name}
	whole := tar.NewReader(io.LimitReader(packed, 4*maxEntry))
	for range maxEntries {
		h, err := whole.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the bundle %s: %w", name, err)
		}
		if h.Typeflag != tar.TypeReg || h.Size > maxEntry {
			continue
		}
		if err := b.entry(h.Name, io.LimitReader(whole, maxEntry)); err != nil {
			return nil, fmt.Errorf("reading %s of the bundle %s: %w", entryShown(h.Name), name, err)
		}
	}
	if b.Manifest.Bundle == 0 {
		return nil, fmt.Errorf("%s is no bundle of muster: it has no %s", name, entryManifest)
	}
	if b.Manifest.Bundle > bundleVersion {
		return nil, fmt.Errorf("the bundle %s is of version %d, this muster knows up to %d", name, b.Manifest.Bundle, bundleVersion)
	}
	return b, nil
}

// entryShown is a known name; others are never read.
func entryShown(name string) string { return filepath.Base(name) }

func (b *Bundle) entry(name string, in io.Reader) (err error) {
	switch name {
	case entryManifest:
		err = json.NewDecoder(in).Decode(&b.Manifest)
		if raw, ok := readNote(b.Manifest.Note.bytes()); ok {
			b.Manifest.Note = raw
		}
	case entryVerdicts:
		err = json.NewDecoder(in).Decode(&b.Verdicts)
		kept := b.Verdicts[:0]
		for _, v := range b.Verdicts {
			if known(v.ID) {
				kept = append(kept, v)
			}
		}
		b.Verdicts = kept
	case entryFacts:
		b.Facts, err = facts.Load(in)
	case entryConfig:
		b.Config, err = io.ReadAll(in)
	case entryLog:
		b.Log, err = io.ReadAll(in)
	case entryWire:
		b.Wire, err = io.ReadAll(in)
	}
	return err
}

// File is the configuration in the bundle; nil where there is none.
func (b *Bundle) File(o serverxml.Options) (*serverxml.File, error) {
	if len(b.Config) == 0 {
		return nil, nil
	}
	return serverxml.Read(serverxml.Source{Name: b.Name + "/" + entryConfig, Data: bytes.NewReader(b.Config)}, o)
}

// Judge is the verdict of a bundle: its facts judged anew, and what was found then.
func (b *Bundle) Judge() []verdict.Verdict {
	found := append([]verdict.Verdict{}, b.Verdicts...)
	if b.Facts != nil {
		found = append(judge.Facts(b.Facts, nil), found...)
	}
	return merge(found)
}
