package message

import (
	"strings"
	"testing"

	"muster/internal/verdict"
)

// Every message has a meaning, and every meaning's ids are in the catalogue.
func TestEveryMessageHasAMeaning(t *testing.T) {
	seen := map[string]bool{}
	for _, x := range Texts() {
		if seen[x.Key] {
			continue
		}
		seen[x.Key] = true
		if _, ok := MeaningOf(x.Key); !ok {
			t.Errorf("%s (%s: %s) has no row in meanings.tsv", x.Key, x.Level, x.Pattern)
		}
	}
	if len(seen) < 600 {
		t.Errorf("only %d messages", len(seen))
	}
	for line := range strings.Lines(meaningsTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 3 {
			t.Errorf("%q: want three fields", line)
			continue
		}
		for id := range strings.SplitSeq(f[1], ",") {
			if _, ok := verdict.Find(verdict.ID(id)); !ok && id != "harmless" {
				t.Errorf("%s: no id %q", f[0], id)
			}
		}
	}
}

// What each pattern makes, filled in, is found again as that message or as one that
// says the same.
func TestFindsEveryText(t *testing.T) {
	for _, x := range Texts() {
		line := x.Pattern
		for n := range 10 {
			line = strings.ReplaceAll(line, "{"+string(rune('0'+n))+"}", "Zq"+string(rune('0'+n)))
		}
		m, ok := Find(line, false)
		if !ok {
			t.Errorf("%s %s: %q is not found", x.Key, x.Language, line)
			continue
		}
		if m.Key == x.Key {
			continue
		}
		a, _ := MeaningOf(m.Key)
		b, _ := MeaningOf(x.Key)
		if a.Harmless() != b.Harmless() {
			t.Errorf("%s %s: %q is taken for %s", x.Key, x.Language, line, m.Key)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		text     string
		anywhere bool
		key, arg string
	}{
		{"Context manager doesn't exist:[localhost#/shop]", false, "clusterSessionListener.noManager", "localhost#/shop"},
		{"Context manager doesn't exist:/shop", false, "clusterSessionListener.noManager", "/shop"},
		{"WARNING: Context manager doesn't exist:/shop", true, "clusterSessionListener.noManager", "/shop"},
		{"WARNING: Context manager doesn't exist:/shop", false, "", ""},
		{"マネージャ [localhost#/shop]: 状態転送をスキップします。 クラスタグループ内でアクティブなメンバーはいません。", false, "deltaManager.noMembers", "localhost#/shop"},
		{"once upon a time", true, "", ""},
		{"", true, "", ""},
	} {
		m, ok := Find(c.text, c.anywhere)
		if !ok {
			if c.key != "" {
				t.Errorf("%q: not found", c.text)
			}
			continue
		}
		if m.Key != c.key || m.Args[0] != c.arg {
			t.Errorf("%q: %s %q, want %s %q", c.text, m.Key, m.Args[0], c.key, c.arg)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Replication member added:[x]")
	f.Add("Manager [a]: No session state sent at [b] received, timing out after [c] ms.")
	f.Fuzz(func(t *testing.T, s string) {
		if m, ok := Find(s, true); ok && (m.At < 0 || m.End > len(s) || m.At > m.End) {
			t.Errorf("%q: %d to %d", s, m.At, m.End)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	line := "Received memberDisappeared[org.apache.catalina.tribes.membership.MemberImpl[tcp://{10, 77, 0, 12}:4000,{10, 77, 0, 12},4000, alive=94132]] message. Will verify."
	for b.Loop() {
		Find(line, false)
	}
}
