package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// leave allows a skip.
type leave struct {
	run          string // a run's name, or * for all
	test, reason *regexp.Regexp
	why          string
}

// readLeaves reads lines of the form "run | test | reason | why"; # begins a comment.
func readLeaves(file string) ([]leave, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var leaves []leave
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		l, err := parseLeave(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		leaves = append(leaves, l)
	}
	return leaves, in.Err()
}

func parseLeave(line string) (l leave, err error) {
	fields := strings.Split(line, " | ")
	if len(fields) != 4 {
		return l, fmt.Errorf("want run | test | reason | why, have %d fields", len(fields))
	}
	for i := range fields {
		if fields[i] = strings.TrimSpace(fields[i]); fields[i] == "" {
			return l, fmt.Errorf("field %d is empty", i+1)
		}
	}
	l.run, l.why = fields[0], fields[3]
	if l.test, err = regexp.Compile("^(?:" + fields[1] + ")$"); err != nil {
		return l, err
	}
	l.reason, err = regexp.Compile(fields[2])
	return l, err
}

func (l leave) fits(run, test, reason string) bool {
	return (l.run == "*" || l.run == run) && l.test.MatchString(test) && l.reason.MatchString(reason)
}
