package main

import (
	"errors"
	"fmt"
	"os"
)

// counts are tests and subtests.
type counts struct{ passed, failed, skipped int }

func (c counts) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.passed, c.failed, c.skipped)
}

func (c *counts) add(d counts) {
	c.passed += d.passed
	c.failed += d.failed
	c.skipped += d.skipped
}

// readTotal reads the sum of the runs so far; there may be none.
func readTotal(file string) (c counts, err error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	_, err = fmt.Sscanf(string(b), "%d passed, %d failed, %d skipped", &c.passed, &c.failed, &c.skipped)
	return c, err
}

func (c counts) addTo(file string) error {
	sum, err := readTotal(file)
	if err != nil {
		return err
	}
	sum.add(c)
	return os.WriteFile(file, []byte(sum.String()+"\n"), 0o644)
}
