package cmd

import (
	"os"
	"strings"
	"testing"
)

// A disk that is full ends what writes to it with what the system said, and exit status 3.
func TestFullDisk(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("no device that is always full: ", err)
	}
	for _, args := range []string{
		"sniff -r " + sniffCapture + " -w " + full,
		"sniff -r " + sniffCapture + " --summary --junit " + full,
		"tribes sessions -r " + sniffCapture + " --junit " + full,
	} {
		_, errs, status := runConfigLine(t, "", strings.Fields(args)...)
		if status != 3 || !strings.Contains(errs, "no space left on device") {
			t.Errorf("muster %s: status %d, %q", args, status, errs)
		}
	}
}
