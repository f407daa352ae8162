package cmd

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
)

// version is set by the release build: -ldflags "-X muster/cmd.version=1.2.3".
var version = "0.1.0-dev"

type versionDocument struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version of this binary",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	v := versionDocument{"version", version, runtime.Version(), runtime.GOOS, runtime.GOARCH}
	if a.json {
		return term.Document(a.Out, v)
	}
	_, err := fmt.Fprintf(a.Out, "muster %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
	return err
}
