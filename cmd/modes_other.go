//go:build !unix

package cmd

// hasModes: this system has permissions of another kind than bits in a mode.
const hasModes = false
