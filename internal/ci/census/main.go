// Command census counts what the house wants only one of, or none, and prints it: one
// line each, with the number that is allowed. It exits 1 where there is more.
//
//	go run ./internal/ci/census
package main

import (
	"fmt"
	"os"
)

// A count is one line of the census.
type count struct {
	what    string
	allowed int
	found   []string
}

func main() {
	counts, err := census(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "census:", err)
		os.Exit(1)
	}
	failed := false
	for _, c := range counts {
		fmt.Printf("%5d  %s (allowed %d)\n", len(c.found), c.what, c.allowed)
		if len(c.found) > c.allowed {
			failed = true
			for _, f := range c.found[:min(len(c.found), 20)] {
				fmt.Println("         " + f)
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

// census counts in the tree below root.
func census(root string) ([]count, error) {
	out, err := lines(root)
	if err != nil {
		return nil, err
	}
	t, err := parse(root)
	if err != nil {
		return nil, err
	}
	return append(out,
		count{"exported names that only their own package uses", 99, t.inward()},
		count{"import circles of rooms", 0, t.circles()},
	), nil
}
