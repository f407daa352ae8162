//go:build !unix

package cmd

import "muster/tribes/cluster"

// standAside: no terminal stops a process here.
func (a *app) standAside(*cluster.Node) (end func()) { return func() {} }
