package facts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"muster/internal/hint"
)

// maxFacts bounds a facts file.
const maxFacts = 64 << 20

// Save writes the facts as one JSON document.
func (f *Facts) Save(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(f)
}

// Load reads what Save wrote, on whichever system. Nothing in the file is trusted:
// its size, version and form are checked, and the checks take any values.
func Load(r io.Reader) (*Facts, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFacts+1))
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	if len(text) > maxFacts {
		return nil, fmt.Errorf("read facts: larger than %d MiB", maxFacts>>20)
	}
	f := &Facts{Version: noVersion}
	if err := json.Unmarshal(text, f); err != nil {
		// A newer form may be one that this muster cannot read at all.
		head := Facts{Version: noVersion}
		var one struct {
			Version *int    `json:"version"`
			OS      *string `json:"os"`
		}
		one.Version, one.OS = &head.Version, &head.OS
		if json.Unmarshal(text, &one) == nil {
			if err := head.form(); err != nil {
				return nil, err
			}
		}
		return nil, loadError(text, err)
	}
	if err := f.form(); err != nil {
		return nil, err
	}
	if !f.Query.Group.IsValid() {
		f.Query.Group = DefaultGroup
	}
	if f.Query.Port == 0 {
		f.Query.Port = defaultPort
	}
	if f.Query.TCPPort == 0 {
		f.Query.TCPPort, f.Query.AutoBind = defaultTCPPort, defaultAutoBind
	}
	f.bound()
	f.Query.Count = min(max(f.Query.Count, 1), 1<<20)
	f.Query.AutoBind = min(max(f.Query.AutoBind, 0), 65535)
	return f, nil
}

// noVersion stands for a file that has none.
const noVersion = math.MinInt

// form refuses what is no file of facts, or is of a form that this muster does not
// know.
func (f *Facts) form() error {
	switch {
	case f.Version == noVersion || f.OS == "":
		return hint.Wrap(errors.New("read facts: this is JSON, but no facts of a host"), "facts are written by: muster check --save FILE")
	case f.Version > Version:
		return hint.Wrap(fmt.Errorf("read facts: their form is version %d, this muster knows up to %d", f.Version, Version), "judge them with the muster that wrote them, or a newer one")
	case f.Version < 1:
		return fmt.Errorf("read facts: there is no version %d", f.Version)
	}
	return nil
}

// loadError says whether a file ends too early or is not what it should be, and
// where.
func loadError(text []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case len(text) == 0:
		return errors.New("read facts: the file is empty")
	case errors.As(err, &syntax) && int(syntax.Offset) >= len(text):
		return fmt.Errorf("read facts: the file ends in the middle, after %d bytes", len(text))
	case errors.As(err, &syntax):
		return fmt.Errorf("read facts: no JSON at byte %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("read facts: %s at byte %d is a %s and should be a %s", kind.Field, kind.Offset, kind.Value, kind.Type)
	}
	return fmt.Errorf("read facts: %w", err)
}

// bound cuts lists to what the collectors take at most, so that a file made by
// others cannot keep the checks busy.
func (f *Facts) bound() {
	cut(&f.Links.Value, 4096)
	cut(&f.Addrs.Value, 16384)
	cut(&f.Routes.Value, 20000)
	cut(&f.Rules.Value, 20000)
	cut(&f.ToSources.Value, 256)
	cut(&f.ToReceivers.Value, 256)
	cut(&f.Neighbours.Value, 1024)
	cut(&f.Memberships.Value, 16384)
	cut(&f.UDP.Value, 4096)
	cut(&f.Listeners.Value, 4096)
	cut(&f.Connections.Value, 4096)
	cut(&f.Processes.Value, 256)
	cut(&f.Query.Peers, 256)
}

func cut[T any](list *[]T, most int) { *list = (*list)[:min(len(*list), most)] }
