package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/internal/doctor"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

func newCompareCmd(a *app) *cobra.Command {
	strict, all := false, false
	c := &cobra.Command{
		Use:   "compare FILE...",
		Short: "lay nodes side by side: what differs though it must not",
		Long: `Compare reads what was saved of several nodes and lays it side by side: bundles of
'muster doctor --bundle', facts of 'muster check --save', or server.xml files, also mixed.
It names what differs though it must not (group, port, timing, domain, keys by their
fingerprints, MTU, routes, releases of Tomcat that cannot work together), and from bundles
who heard whom. FILE may be NAME=FILE.

Nothing is sent, and no privilege is needed but to read the files. A bundle is a
stranger's file: only its known entries are read, within bounds, and nothing is unpacked.`,
		Example: `  # bundles that were collected from three nodes
  muster compare n1.tar.gz n2.tar.gz n3.tar.gz

  # two configurations, with names
  muster compare shop1=n1/server.xml shop2=n2/server.xml`,
		Args: minArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			var sources []doctor.Source
			var errs []error
			for _, arg := range args {
				s, err := readSide(a, arg)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				sources = append(sources, s)
			}
			if len(sources) < 2 {
				return errors.Join(errs...)
			}
			cmp := doctor.Compare(sources)
			view := view.Comparison{Comparison: cmp, Summary: verdict.Summarize(cmp.Verdicts), All: all}
			var err error
			if a.json {
				err = view.JSON(a.Out)
			} else {
				err = view.Text(a.Out)
			}
			a.judged(cmp.Verdicts)
			if err := errors.Join(err, errors.Join(errs...)); err != nil {
				return err
			}
			if view.Summary.Fail > 0 || strict && view.Summary.Warn > 0 {
				return errNo
			}
			if view.Summary.Unknown > 0 && view.Summary.Status == verdict.Unknown {
				return errors.New("what was read does not decide: the lines marked unknown say why")
			}
			return nil
		},
	}
	a.judging(c, &strict)
	c.Flags().BoolVar(&all, "all", false, "show what is the same, too")
	return c
}

// maxSide bounds a file that is compared, in bytes.
const maxSide = 256 << 20

// readSide reads one node's file, whichever of the three kinds it is.
func readSide(a *app, arg string) (doctor.Source, error) {
	name, path, named := strings.Cut(arg, "=")
	if !named {
		path = arg
		name = sideName(arg)
	}
	file, err := os.Open(path)
	if err != nil {
		return doctor.Source{}, fmt.Errorf("comparing: %w", err)
	}
	defer file.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(file, head)
	head = head[:n]
	whole := io.LimitReader(io.MultiReader(bytes.NewReader(head), file), maxSide)
	s := doctor.Source{Name: name}
	switch trimmed := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))); {
	case doctor.IsBundle(head):
		if s.Bundle, err = doctor.ReadBundle(path, whole); err != nil {
			return s, err
		}
		s.Facts = s.Bundle.Facts
		of := serverxml.DefaultVersion
		if r, err := release.Parse(s.Bundle.Manifest.Note.Release); err == nil {
			s.Release, of = r, r
		}
		s.File, err = s.Bundle.File(serverxml.Options{Version: of})
		if m := s.Bundle.Manifest.Note; m.Name != "" && !named {
			s.Name = m.Name
			if m.Addr.IsValid() {
				s.Name += " (" + m.Addr.String() + ")"
			}
		}
	case bytes.HasPrefix(trimmed, []byte("{")):
		s.Facts, err = facts.Load(whole)
	case bytes.HasPrefix(trimmed, []byte("<")):
		s.Release, _ = releaseBeside(path)
		s.File, err = configOptions{}.read(a, path, serverxml.DefaultVersion)
	default:
		err = hint.Wrap(fmt.Errorf("%s is no bundle, no facts and no server.xml", path), "muster doctor --bundle FILE", "muster check --save FILE")
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// sideName is what a file is called: n1/server.xml is n1, n1.tar.gz is n1.
func sideName(path string) string {
	base := filepath.Base(path)
	if base == "server.xml" {
		dir := filepath.Dir(path)
		if filepath.Base(dir) == "conf" {
			dir = filepath.Dir(dir)
		}
		return filepath.Base(dir)
	}
	name, _, _ := strings.Cut(base, ".")
	return name
}
