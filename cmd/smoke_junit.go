package cmd

import (
	"fmt"
	"os"
	"time"

	"muster/cmd/internal/view"
	"muster/tribes/smoke"
)

// junitFile opens the file of a JUnit report before anything is started, so that
// no run is lost for a folder that is not there, and returns what writes it: with
// the run, and why it was stopped.
func (a *app) junitFile(name string) (func(smoke.Report, error) error, error) {
	if name == "" {
		return func(smoke.Report, error) error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("--junit: %w", err)
	}
	began := time.Now()
	return func(rep smoke.Report, stopped error) error {
		err := view.WriteJUnit(f, rep, began, stopped)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return fmt.Errorf("write the JUnit report: %w", err)
		}
		return nil
	}, nil
}
