// Package routecheck judges one host: whether its interfaces, routes, kernel
// settings, firewall, names, limits and ports let a cluster member live on it.
//
// It works in two steps. Collect reads a Facts from the system it runs on: plain
// data with JSON names, each fact with where it was read, or why it could not be.
// Judge turns Facts into verdicts by pure functions, one for each entry of the
// catalogue (docs/checks) that a single host can decide; so Facts of any system
// are judged on any other, and every check has its tables of fixtures.
//
// It sends no packet, joins no group and changes nothing.
package routecheck
