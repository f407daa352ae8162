// Package routecheck is the room of one host: whether its interfaces, routes,
// kernel settings, firewall, names, limits and ports let a cluster member live on
// it. It holds no code of its own but the tests that run through all of:
//
//   - facts: what a host is, as plain data with JSON names
//   - collect: how each system tells it
//   - firewall: the walk of a packet through the host's rules
//   - judge: pure functions from facts to verdicts
package routecheck
