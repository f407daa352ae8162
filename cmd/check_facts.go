package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/hint"
	"muster/routecheck/collect"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
)

// facts come from a file or from this host.
func (a *app) facts(c *cobra.Command, o checkOptions) (*facts.Facts, error) {
	if o.from == "" {
		q, err := o.query(c, facts.DefaultQuery())
		if err != nil {
			return nil, err
		}
		f := collect.Facts(c.Context(), q, version)
		if err := c.Context().Err(); err != nil {
			return nil, err
		}
		return f, noSuchInterface(f)
	}
	var in io.Reader = a.In
	if o.from != "-" {
		file, err := os.Open(o.from)
		if err != nil {
			return nil, fmt.Errorf("open facts: %w", err)
		}
		defer file.Close()
		in = file
	}
	f, err := facts.Load(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.from, err)
	}
	if f.Query, err = o.query(c, f.Query); err != nil {
		return nil, err
	}
	return f, noSuchInterface(f)
}

// noSuchInterface: to be asked about an interface that is not there is no fault of
// the host.
func noSuchInterface(f *facts.Facts) error {
	h := judge.NewHost(f)
	if h.OK || f.Query.Interface == "" || !f.Links.Known() {
		return nil
	}
	var names []string
	for _, l := range f.Links.Value {
		names = append(names, l.Name)
	}
	return hint.Wrap(fmt.Errorf("interface %q: there is none such", f.Query.Interface), "there are: "+strings.Join(names, ", "))
}

func (a *app) saveFacts(f *facts.Facts, o checkOptions) error {
	if o.redact {
		if err := judge.Redact(f); err != nil {
			return err
		}
	}
	if o.save == "-" {
		return f.Save(a.Out)
	}
	if err := saveFile(o.save, f.Save); err != nil {
		return fmt.Errorf("save facts: %w", err)
	}
	a.note("facts of this host are in %s; judge them with: muster check --from %s", o.save, o.save)
	return nil
}
