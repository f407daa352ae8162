//go:build !linux

package testscripts

import (
	"fmt"
	"os"

	"muster/internal/netlab"
)

func on([]string) int {
	fmt.Fprintln(os.Stderr, "on: "+netlab.Missing())
	return 125
}
