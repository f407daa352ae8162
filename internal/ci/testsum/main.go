// Testsum reads what `go test -json` prints, tells how it went, and fails when a
// test failed or was skipped without leave.
//
//	go test -json ./... | testsum -run unit -allow .ci/skips -total FILE
//	testsum -sum FILE
//
// A skip has leave when a line of the allow-list fits it: the run's name, a
// pattern for the test, a pattern for the reason, and why that is right. FILE
// gathers the numbers of several runs; -sum prints them as one line.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	run := flag.String("run", "unit", "the name of this run in the allow-list")
	allow := flag.String("allow", "", "the allow-list of skips")
	total := flag.String("total", "", "the file to add this run's numbers to")
	sum := flag.String("sum", "", "print the sum of the file's numbers, read nothing")
	flag.Parse()
	ok, err := summarise(*run, *allow, *total, *sum)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func summarise(run, allow, total, sum string) (ok bool, err error) {
	if sum != "" {
		c, err := readTotal(sum)
		if err != nil {
			return false, err
		}
		fmt.Println(c)
		return c.failed == 0 && c.passed > 0, nil
	}
	var leaves []leave
	if allow != "" {
		if leaves, err = readLeaves(allow); err != nil {
			return false, err
		}
	}
	s := newSummary(os.Stdout)
	if err := s.read(os.Stdin); err != nil {
		return false, err
	}
	s.report(run, leaves)
	if total != "" {
		if err := s.addTo(total); err != nil {
			return false, err
		}
	}
	return s.failed == 0 && s.passed > 0, nil
}
