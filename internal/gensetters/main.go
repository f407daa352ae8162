// Gensetters writes tribes/release/attributes.tsv: which classes of each sampled
// release of Tomcat have a place in a <Cluster>, and which attributes each takes,
// asked of the classes themselves by Java's reflection (Setters.java).
//
//	go run ./internal/gensetters JARS > tribes/release/attributes.tsv
//
// JARS holds a folder of jars for each release, named like it ("10.1.56"), as
// Maven's dependency:copy-dependencies fills one: org.apache.tomcat:catalina-ha
// for 6.0, tomcat-catalina-ha from 7.0 on; for 5.5 tomcat:catalina-cluster with
// catalina, catalina-optional and tomcat-util.
package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"muster/tribes/release"
)

// sampled are the releases that the table is made of.
var sampled = []string{
	"5.5.15", "6.0.13", "6.0.18", "6.0.45", "7.0.109", "8.0.53", "8.5.92", "9.0.1", "9.0.70", "9.0.113", "10.0.27", "10.1.56", "11.0.21",
}

//go:embed Setters.java
var program string

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gensetters JARS")
		os.Exit(2)
	}
	all := make([]map[string]found, len(sampled))
	for i, r := range sampled {
		var err error
		if all[i], err = ask(filepath.Join(os.Args[1], r)); err != nil {
			fmt.Fprintf(os.Stderr, "gensetters: %s: %v\n", r, err)
			os.Exit(1)
		}
	}
	write(os.Stdout, all)
}

// found is a class of one release: its roles, and its setters by name.
type found struct {
	roles   string
	setters map[string]release.Setter
}

// ask runs the program against the jars of one release.
func ask(jars string) (map[string]found, error) {
	files, err := filepath.Glob(filepath.Join(jars, "*.jar"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no jars in %s", jars)
	}
	dir, err := os.MkdirTemp("", "gensetters")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "Setters.java")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		return nil, err
	}
	out, err := exec.Command("java", append([]string{"-cp", strings.Join(files, ":"), source}, files...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("java: %w", err)
	}
	classes, class := map[string]found{}, ""
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch len(f) {
		case 2:
			class = f[0]
			classes[class] = found{f[1], map[string]release.Setter{}}
		case 4:
			classes[class].setters[f[1]] = release.Setter{Name: f[1], Type: f[2], Default: f[3]}
		}
	}
	return classes, nil
}

// write merges what the releases have: lines that are the same in several are
// written once, with the ranges.
func write(w io.Writer, all []map[string]found) {
	fmt.Fprintln(w, strings.Join(sampled, "\t"))
	for _, class := range names(all, func(m map[string]found) []string { return keys(m) }) {
		in := func(i int) bool { _, ok := all[i][class]; return ok }
		roles := ""
		for i := range all {
			if in(i) {
				roles = all[i][class].roles
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", class, roles, ranges(in))
		for _, attr := range names(all, func(m map[string]found) []string { return keys(m[class].setters) }) {
			var kinds []release.Setter
			for i := range all {
				if s, ok := all[i][class].setters[attr]; ok && !slices.Contains(kinds, s) {
					kinds = append(kinds, s)
				}
			}
			for _, k := range kinds {
				fmt.Fprintf(w, "\t%s\t%s\t%s\t%s\n", k.Name, k.Type, k.Default,
					ranges(func(i int) bool { return all[i][class].setters[attr] == k }))
			}
		}
	}
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

// names collects the names of all releases, sorted.
func names(all []map[string]found, of func(map[string]found) []string) []string {
	var out []string
	for _, m := range all {
		out = append(out, of(m)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ranges writes the releases for which in holds as "6.0.13..8.0.53 9.0.113".
func ranges(in func(int) bool) string {
	var out []string
	for i := 0; i < len(sampled); i++ {
		if !in(i) {
			continue
		}
		j := i
		for j+1 < len(sampled) && in(j+1) {
			j++
		}
		if i == j {
			out = append(out, sampled[i])
		} else {
			out = append(out, sampled[i]+".."+sampled[j])
		}
		i = j
	}
	return strings.Join(out, " ")
}
