package cmd

import (
	"github.com/spf13/cobra"

	"muster/tribes"
	"muster/tribes/release"
)

// releaseFlag adds --release: which Tomcat's bytes hold.
func releaseFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "release", "", "speak as this `RELEASE` of Tomcat does: 5.5 to 11, or exact as 10.1.60 (default: as the members that are heard)")
}

// readRelease is the release that was given, the zero Release where none was.
func readRelease(text string) (release.Release, error) {
	if text == "" {
		return release.Release{}, nil
	}
	r, err := release.Parse(text)
	if err != nil {
		return r, usagef("--release: %w", err)
	}
	return r, nil
}

// spoken is the form of a release that was given, nil where none was. Nothing is
// said in the form of 5.5.
func spoken(r release.Release) (*tribes.Generation, error) {
	if r.IsZero() {
		return nil, nil
	}
	form := r.Form()
	if form == tribes.V55 {
		return nil, usagef("--release %s: muster reads what a Tomcat 5.5 sends, and sends it nothing", r)
	}
	return &form, nil
}
