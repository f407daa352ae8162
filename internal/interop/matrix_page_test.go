package interop

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/internal/netlab/tomcat"
)

const (
	recorded   = "testdata/matrix.tsv" // row, column and cell, as they were seen
	matrixPage = "../../docs/interop.md"
)

var recording sync.Mutex

// cells reads what was recorded, by row and column.
func cells(t *testing.T) map[string]map[string]string {
	t.Helper()
	b, err := os.ReadFile(recorded)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for l := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
		if len(f) != 3 {
			t.Fatalf("%s: %q has %d columns, want 3", recorded, l, len(f))
		}
		if out[f[0]] == nil {
			out[f[0]] = map[string]string{}
		}
		out[f[0]][f[1]] = f[2]
	}
	return out
}

// record takes over what was seen of a row, and writes the page.
func record(t *testing.T, row string, seen map[string]string) {
	t.Helper()
	recording.Lock()
	defer recording.Unlock()
	all := cells(t)
	if all[row] == nil {
		all[row] = map[string]string{}
	}
	maps.Copy(all[row], seen)
	var b bytes.Buffer
	for _, p := range pairings() {
		for _, c := range columns {
			if cell, ok := all[p.String()][c]; ok {
				fmt.Fprintf(&b, "%s\t%s\t%s\n", p, c, cell)
			}
		}
	}
	if err := os.WriteFile(recorded, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(matrixPage, page(all), 0o644); err != nil {
		t.Fatal(err)
	}
}

const matrixIntro = `# Beside which Tomcats muster was seen to work

Whole Tomcats of each release, from Maven Central, two of them on hosts of their own and muster on a third.
` + "`make matrix`" + ` tries all of it anew and writes this page; each run of the project's own tests tries the core of it with
6.0.45, 7.0.109, 9.0.113 and 11.0.21. "yes" is what was seen to work, "no" what was seen not to, "-" was not tried.

`

const matrixMeanings = `
- heard: ` + "`tribes members`" + ` lists both, with the generation. hears us: ` + "`tribes join`" + ` is a member to both, and leaves.
- probe, options 2/4/6/8: ` + "`tribes probe`" + ` finds both alive; ` + "`tribes send`" + ` with each send option is acked where it asks
  for an ack.
- delta: a change on one Tomcat is shown by ` + "`tribes sessions`" + ` as it happens. backup: ` + "`smoke --tomcat`" + ` and
  ` + "`smoke --guest`" + ` among BackupManagers with options 6.
- state both ways: ` + "`tribes sessions --fetch`" + ` gets their sessions; a Tomcat that starts gets the session of a member of
  muster's.
- expiry: a session that ends after its time is seen to end. encryption: with the key, state, messages and
  ` + "`smoke --guest`" + `, options 2.
- domain: ` + "`smoke --guest --domain`" + ` beside the BackupManagers with DomainFilterInterceptors. static: ` + "`tribes probe`" + `,
  ` + "`tribes send`" + ` and ` + "`smoke --http-only`" + ` beside StaticMembershipInterceptors. coordinator: beside a guest the
  NonBlockingCoordinator of the Tomcat that is left takes over from the one that was killed.
- config: ` + "`tribes config --release`" + ` finds the server.xml in order that the Tomcat runs with. quiet: after all of that,
  and the guest's going, no Tomcat logged a WARNING or SEVERE (a message that was under way to the guest as it left
  excepted).
`

// page is docs/interop.md.
func page(all map[string]map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString(matrixIntro)
	fmt.Fprintf(&b, "| | %s |\n|---|%s\n", strings.Join(tomcat.Releases, " | "), strings.Repeat("---|", len(tomcat.Releases)))
	var notes []string
	for _, c := range columns {
		row := []string{c}
		for _, r := range tomcat.Releases {
			cell := all[r][c]
			switch {
			case cell == "":
				cell = "-"
			case cell != "yes" && cell != "no":
				i := slices.Index(notes, cell)
				if i < 0 {
					i = len(notes)
					notes = append(notes, cell)
				}
				cell = fmt.Sprintf("(%d)", i+1)
			}
			row = append(row, cell)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteString("\n")
	for i, n := range notes {
		fmt.Fprintf(&b, "(%d) %s.\n", i+1, n)
	}
	b.WriteString(matrixMeanings)
	b.WriteString("\n## Two releases in one cluster\n\n| | seen |\n|---|---|\n")
	for _, p := range pairings() {
		if p.one == p.two {
			continue
		}
		var said []string
		for _, c := range columns {
			if cell := all[p.String()][c]; cell != "" {
				said = append(said, c+": "+cell)
			}
		}
		if said == nil {
			said = []string{"-"}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", p, strings.Join(said, "; "))
	}
	return b.Bytes()
}

// Verify that the page is what was recorded, and shows all of it.
func TestMatrixPage(t *testing.T) {
	all := cells(t)
	if *update {
		if err := os.WriteFile(matrixPage, page(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(matrixPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page(all)) {
		t.Errorf("%s is not what %s says: make matrix", matrixPage, recorded)
	}
	var rows []string
	for _, p := range pairings() {
		rows = append(rows, p.String())
	}
	for row, seen := range all {
		for column := range seen {
			if !slices.Contains(rows, row) || !slices.Contains(columns, column) {
				t.Errorf("%s: the page has no place for %s of %s", recorded, column, row)
			}
		}
	}
}
