//go:build unix

package cmd

// hasModes: a file's permission bits say who may read it.
const hasModes = true
