package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSniffPeers holds the summary of recordings of other products against what is
// known of them (sniff/testdata/peers/README.md).
func TestSniffPeers(t *testing.T) {
	const folder = "../sniff/testdata/peers/"
	text, err := os.ReadFile(folder + "expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		File                      string
		Contains, Lacks, Verdicts []string
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		t.Run(e.File, func(t *testing.T) {
			out := flat(sniffSummary(t, folder+e.File))
			for _, s := range e.Contains {
				if !strings.Contains(out, flat(s)) {
					t.Errorf("the summary lacks %q", s)
				}
			}
			for _, s := range e.Lacks {
				if strings.Contains(out, flat(s)) {
					t.Errorf("the summary has %q", s)
				}
			}
			var bad []string
			for line := range strings.Lines(sniffSummary(t, folder+e.File, "--json")) {
				var v struct{ Type, ID, Status string }
				if err := json.Unmarshal([]byte(line), &v); err != nil {
					t.Fatal(err)
				}
				if v.Type == "verdict" && (v.Status == "warn" || v.Status == "fail") {
					bad = append(bad, v.ID)
				}
			}
			slices.Sort(bad)
			if got := slices.Compact(bad); !slices.Equal(got, e.Verdicts) {
				t.Errorf("verdicts %v, want %v", got, e.Verdicts)
			}
		})
	}
}

// TestSniffPeersHostile: names that would command a terminal are shown escaped, whoever sends
// them, in lines, in the summary and in JSON.
func TestSniffPeersHostile(t *testing.T) {
	files, err := filepath.Glob("../sniff/testdata/peers/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	names := strings.NewReplacer("orders", "\x1b[2J\ao", "nodeA", "\x1b[2JA", "localhost", "\x1b[2Jlhost", "billing", "\x1b[2J\u009b1") // as long as they were
	shown := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		hostile := names.Replace(string(b))
		if hostile == string(b) {
			continue
		}
		name := filepath.Join(t.TempDir(), filepath.Base(file))
		if err := os.WriteFile(name, []byte(hostile), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, how := range [][]string{nil, {"--summary"}, {"--json"}} {
			out, _, _ := runSniffCmd(t, "", append([]string{"-r", name}, how...)...)
			if strings.ContainsAny(out, "\x1b\a\u009b") {
				t.Errorf("%s %v shows control characters", filepath.Base(file), how)
			}
			if strings.Contains(out, `\x1b[2J`) {
				shown++
			}
		}
	}
	if shown < 6 {
		t.Errorf("only %d outputs have such a name at all", shown)
	}
}

// flat is text in lower case with single blanks.
func flat(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

func sniffSummary(t *testing.T, file string, more ...string) string {
	t.Helper()
	out, errs, status := runSniffCmd(t, "", append([]string{"-r", file, "--summary"}, more...)...)
	if status > 1 {
		t.Fatalf("status %d: %s", status, errs)
	}
	return out
}
