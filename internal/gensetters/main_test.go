package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/tribes/release"
)

// Verify the committed table against the classes of each release whose jars are
// to be had: MUSTER_JARS, or the lab's folder, holds a folder for each.
func TestTableIsWhatTheClassesSay(t *testing.T) {
	if testing.Short() {
		t.Skip("-short, and Java takes seconds for each release")
	}
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("java is not installed")
	}
	dir := os.Getenv("MUSTER_JARS")
	if dir == "" {
		t.Skip("MUSTER_JARS names no folder with the jars of Tomcat releases")
	}
	for _, name := range sampled {
		t.Run(name, func(t *testing.T) {
			got, err := ask(filepath.Join(dir, name))
			if err != nil {
				t.Skipf("the jars of %s are not here: %v", name, err)
			}
			r, err := release.Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			for class, f := range got {
				c, ok := r.Class(class)
				if !ok {
					t.Errorf("%s is not in the table", class)
					continue
				}
				if want := len(c.Setters()); want != len(f.setters) {
					t.Errorf("%s has %d setters, the table says %d", class, len(f.setters), want)
				}
				for attr, s := range f.setters {
					if w, ok := c.Setter(attr); !ok || w != s && s.Default != "?" && w.Default != "?" {
						t.Errorf("%s %s: %+v, the table says %+v", class, attr, s, w)
					}
				}
			}
		})
	}
}

// Verify that what is merged is told apart again.
func TestRanges(t *testing.T) {
	all := make([]map[string]found, len(sampled))
	for i := range all {
		all[i] = map[string]found{}
		if i != 1 {
			s := release.Setter{Name: "port", Type: "int", Default: "4000"}
			if i > 3 {
				s.Default = "4001"
			}
			all[i]["x.Y"] = found{"Receiver", map[string]release.Setter{"port": s}}
		}
	}
	var b strings.Builder
	write(&b, all)
	want := strings.Join(sampled, "\t") + "\nx.Y\tReceiver\t" + sampled[0] + " " + sampled[2] + ".." + sampled[len(sampled)-1] +
		"\n\tport\tint\t4000\t" + sampled[0] + " " + sampled[2] + ".." + sampled[3] + "\n\tport\tint\t4001\t" + sampled[4] + ".." + sampled[len(sampled)-1] + "\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
