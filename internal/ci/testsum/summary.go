package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// event is a line of `go test -json` (see go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build's output
	Test       string
	Output     string
	Elapsed    float64 // seconds
}

type skip struct{ test, reason string }

// summary is one run of go test.
type summary struct {
	counts
	out      io.Writer
	output   map[string][]string // of each test that still runs, or build
	packages map[string]*counts
	skips    []skip
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, output: map[string][]string{}, packages: map[string]*counts{}}
}

func (s *summary) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				s.take(e)
			} else {
				fmt.Fprint(s.out, line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) take(e event) {
	name := e.Package + e.ImportPath
	if e.Test != "" {
		name += "." + e.Test
	}
	switch e.Action {
	case "output", "build-output":
		s.output[name] = append(s.output[name], e.Output)
		return
	case "pass", "fail", "skip", "build-fail":
	default:
		return
	}
	lines := s.output[name]
	delete(s.output, name)
	switch {
	case e.Action == "build-fail":
		fmt.Fprintf(s.out, "FAIL  the build of %s\n%s", name, strings.Join(lines, ""))
	case e.Test == "":
		s.endPackage(e, lines)
	default:
		s.endTest(e, name, lines)
	}
}

func (s *summary) endTest(e event, name string, lines []string) {
	c := s.packages[e.Package]
	if c == nil {
		c = &counts{}
		s.packages[e.Package] = c
	}
	switch e.Action {
	case "pass":
		c.passed++
	case "fail":
		c.failed++
		fmt.Fprintf(s.out, "FAIL  %s (%s)\n%s", name, seconds(e.Elapsed), strings.Join(lines, ""))
	case "skip":
		c.skipped++
		s.skips = append(s.skips, skip{name, reason(lines)})
	}
}

func (s *summary) endPackage(e event, lines []string) {
	c := s.packages[e.Package]
	if c == nil {
		c = &counts{}
	}
	word := "ok  "
	if e.Action == "fail" {
		word = "FAIL"
		if c.failed == 0 { // a panic, a timeout, a build: no test of its own to blame
			c.failed = 1
			fmt.Fprint(s.out, strings.Join(lines, ""))
			for name, rest := range s.output {
				if strings.HasPrefix(name, e.Package+".") {
					fmt.Fprintf(s.out, "still running: %s\n%s", name, strings.Join(rest, ""))
				}
			}
		}
	}
	s.add(*c)
	if *c != (counts{}) {
		fmt.Fprintf(s.out, "%s  %s: %s (%s)\n", word, e.Package, c, seconds(e.Elapsed))
	}
}

// told is what t.Log and t.Skip print before their text.
var told = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reason is the last thing that a skipped test told.
func reason(lines []string) string {
	for _, l := range slices.Backward(lines) {
		if at := told.FindStringIndex(l); at != nil {
			return strings.TrimSpace(l[at[1]:])
		}
	}
	for _, l := range slices.Backward(lines) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "--- ") && !strings.HasPrefix(l, "=== ") {
			return l
		}
	}
	return "no reason given"
}

// report tells of the skips; one without leave is a failure.
func (s *summary) report(run string, leaves []leave) {
	allowed := map[string]int{}
	for _, sk := range s.skips {
		i := slices.IndexFunc(leaves, func(l leave) bool { return l.fits(run, sk.test, sk.reason) })
		if i < 0 {
			fmt.Fprintf(s.out, "FAIL  %s was skipped without leave: %s\n", sk.test, sk.reason)
			s.failed++
			s.skipped--
			continue
		}
		allowed[fmt.Sprintf("%s (%s)", sk.reason, leaves[i].why)]++
	}
	for _, reason := range slices.Sorted(maps.Keys(allowed)) {
		fmt.Fprintf(s.out, "skipped %d: %s\n", allowed[reason], reason)
	}
	fmt.Fprintf(s.out, "%s: %s\n", run, s.counts)
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond).String()
}
