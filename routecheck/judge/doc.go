// Package judge turns the facts of a host into verdicts.
//
// Facts runs the checks of All, each a pure function and each an entry of the
// catalogue (docs/checks) that a single host can decide. The facts may come from
// this host (package collect) or from a file (facts.Load): those of any system are
// judged on any other.
package judge
