package routecheck_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/verdict"
	"muster/routecheck/firewall"
)

// ruleset is a firewall as people have it: a file of testdata/rulesets. It is what
// iptables-save (.iptables, .legacy) or nft list ruleset (.nft) prints, after lines
// with what it is and what it needs:
//
//	# the firewall, in words
//	#args FLAGS of muster check
//	#ipset LINE for ipset restore
//	#! COMMAND that is run first
//	#plain WHY the fixes that are printed cannot be run here
type ruleset struct {
	file, title, args, plain string
	sets, setup, rules       string
}

func readRuleset(t *testing.T, file string) ruleset {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := ruleset{file: file}
	for line := range strings.Lines(string(text)) {
		switch word, rest, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "#":
			r.title = rest
		case "#args":
			r.args = rest
		case "#ipset":
			r.sets += rest + "\n"
		case "#!":
			r.setup += rest + "\n"
		case "#plain":
			r.plain = rest
		default:
			r.rules += line
		}
	}
	if r.title == "" || r.rules == "" {
		t.Fatalf("%s has no title or no rules", file)
	}
	return r
}

// tool is the program that loads the rules.
func (r ruleset) tool() []string {
	return map[string][]string{".nft": {"nft", "-f", "-"}, ".iptables": {"iptables-nft-restore"}, ".legacy": {"iptables-legacy-restore"}}[filepath.Ext(r.file)]
}

func (r ruleset) load(t *testing.T, h *netlab.Host) {
	t.Helper()
	r.installed(t, h)
	for _, step := range []struct {
		stdin string
		tool  []string
	}{{r.setup, []string{"sh", "-e"}}, {r.sets, []string{"ipset", "restore"}}, {r.rules, r.tool()}} {
		if step.stdin == "" {
			continue
		}
		if _, err := exec.LookPath(step.tool[0]); err != nil {
			t.Skipf("needs %s", step.tool[0])
		}
		c := h.Command(t.Context(), step.tool[0], step.tool[1:]...)
		c.Stdin = strings.NewReader(step.stdin)
		sh(t, c)
	}
}

// installed gives the host the files from which it would load the rules at boot: of
// Debian's nftables and iptables-persistent, where those are installed.
func (r ruleset) installed(t *testing.T, h *netlab.Host) {
	t.Helper()
	own := func(text, over string) {
		if _, err := os.Stat(over); err != nil {
			return
		}
		file := filepath.Join(h.Dir(), filepath.Base(over))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		sh(t, h.Command(t.Context(), "mount", "--bind", file, over))
	}
	if filepath.Ext(r.file) == ".nft" {
		own("flush ruleset\n"+r.rules, "/etc/nftables.conf")
	} else {
		own("flush ruleset\n", "/etc/nftables.conf")
	}
	if _, err := os.Stat("/etc/iptables"); err == nil {
		sh(t, h.Command(t.Context(), "mount", "-t", "tmpfs", "none", "/etc/iptables"))
	}
}

// restart is what becomes of the firewall when the host starts again.
func (r ruleset) restart(t *testing.T, h *netlab.Host) {
	t.Helper()
	script := `nft flush ruleset
for tool in iptables-legacy ip6tables-legacy; do
  for table in $(cat /proc/net/$(echo $tool | sed 's/tables-legacy/_tables_names/')); do
    $tool -t $table -F; $tool -t $table -X
    for chain in $($tool -t $table -S | sed -n 's/^-P \([A-Z]*\) DROP/\1/p'); do $tool -t $table -P $chain ACCEPT; done
  done
done
`
	if filepath.Ext(r.file) == ".nft" {
		script += "nft -f /etc/nftables.conf\n"
	} else {
		script += "netfilter-persistent start\n"
	}
	sh(t, h.Command(t.Context(), "sh", "-ec", script))
}

// question is one that a firewall is asked, and the check that answers it.
type question struct {
	id   verdict.ID
	what string
	// real sends the packets between the judged host and the other one.
	real func(t *testing.T, here, there *netlab.Host, patience time.Duration) bool
}

var questions = []question{
	{"fw.input-drop", "heartbeats in", func(t *testing.T, here, there *netlab.Host, d time.Duration) bool {
		return heartbeat(t, there, here, d)
	}},
	{"fw.output-drop", "heartbeats out", func(t *testing.T, here, there *netlab.Host, d time.Duration) bool {
		return heartbeat(t, here, there, d)
	}},
	{"fw.igmp-drop", "queries in", func(t *testing.T, here, there *netlab.Host, d time.Duration) bool {
		return query(t, there, here, there.Addr().As4(), d) && query(t, there, here, [4]byte{}, d)
	}},
	{"igmp.no-report", "reports out", func(t *testing.T, here, there *netlab.Host, d time.Duration) bool { return report(t, here, there, d) }},
	{"tribes.half-open", "TCP both ways", func(t *testing.T, here, there *netlab.Host, d time.Duration) bool {
		return connect(t, there, here, d) && connect(t, here, there, d)
	}},
}

const (
	soon = 150 * time.Millisecond // for what should never come
	late = 10 * time.Second       // a busy machine may be late
)

// answers are those of one firewall.
type answers struct {
	title, file string
	said        []string // one for each question
	unknown     int
	fixes       []string
	why         string // there are none, or they cannot be run here
	kept        string // whether they outlive a restart, or what would make them
}

// judgeFirewall asks muster check about the first host's firewall, sends real
// packets, runs what is printed as a fix and sends them again; then it runs what is
// printed for a restart, starts the firewall anew, and sends them once more. run runs
// a command there as a person would.
func judgeFirewall(t *testing.T, l *netlab.Lab, args []string, plain string, run func(command string), restart func()) (a answers) {
	t.Helper()
	here, there := l.Host(1), l.Host(2)
	said := firewallVerdicts(t, l, args)
	passes := true
	for _, q := range questions {
		v := said[q.id]
		patience := late
		if v.Status.Bad() {
			patience = soon
		}
		real := q.real(t, here, there, patience)
		word := map[bool]string{true: "pass", false: "lost"}[real]
		switch {
		case v.Status == verdict.Pass:
			if !real {
				t.Errorf("%s: %s: check says %s: %s; real packets are lost", a.title, q.what, v.Status, v.Saw)
			}
		case v.Status.Bad():
			if real {
				t.Errorf("%s: %s: check says %s: %s; real packets come through", a.title, q.what, v.Status, v.Saw)
			}
		case v.Status == verdict.Unknown:
			word = "unknown (" + word + ")"
			a.unknown++
			t.Logf("%s: %s", q.what, v.Saw)
		default:
			t.Errorf("%s: %s: %s", q.what, v.Status, v.Saw)
		}
		if v.Status != verdict.Pass {
			passes = false
			if len(v.Fix) == 0 {
				t.Errorf("%s: %s has no fix: %s", q.what, v.ID, v.Saw)
			}
			a.fixes = firewall.Together(a.fixes, v.Fix)
		}
		a.said = append(a.said, word)
	}
	if passes {
		return a
	}
	if a.why = plain; plain != "" {
		a.fixes = nil
		return a
	}
	var commands, keep, words []string
	for _, f := range a.fixes {
		switch f, isKeep := strings.CutPrefix(f, "to keep it over a restart: "); {
		case !isKeep:
			commands = append(commands, f)
		case slices.ContainsFunc([]string{"echo '", "netfilter-persistent save", "iptables-legacy-save > "}, func(head string) bool { return strings.HasPrefix(f, head) }):
			keep = append(keep, f)
		default:
			words = append(words, f)
		}
	}
	a.fixes = commands
	works := func(when string) {
		t.Helper()
		for _, q := range questions {
			if !q.real(t, here, there, late) {
				t.Errorf("%s: lost %s %q", q.what, when, commands)
			}
		}
		for id, v := range firewallVerdicts(t, l, args) {
			if v.Status != verdict.Pass {
				t.Errorf("%s is %s %s %q: %s", id, v.Status, when, commands, v.Saw)
			}
		}
	}
	for _, f := range commands {
		run(f)
	}
	works("after")
	themselves := slices.ContainsFunc(commands, func(f string) bool { return strings.HasPrefix(f, "ufw ") || strings.HasPrefix(f, "firewall-cmd ") })
	// Debian's package of it is not beside ufw's, so CI has not got it.
	const persistent = "kept, by netfilter-persistent"
	packaged := func(f string) bool { return strings.HasPrefix(f, "add the same rule where this host's rules") }
	switch {
	case len(words) > 0 && !slices.ContainsFunc(words, packaged):
		a.kept = strings.Join(words, "; ")
	case len(words) > 0:
		a.kept = persistent
	case len(keep) == 0 && !themselves:
		t.Errorf("nothing says how to keep %q", commands)
	default:
		for _, f := range keep {
			run(f)
		}
		restart()
		works("after a restart that follows")
		if a.kept = "kept"; slices.ContainsFunc(keep, func(f string) bool {
			return strings.Contains(f, "persistent") || strings.HasPrefix(f, "iptables-legacy-save")
		}) {
			a.kept = persistent
		}
	}
	return a
}

// firewallVerdicts are those of the questions.
func firewallVerdicts(t *testing.T, l *netlab.Lab, args []string) map[verdict.ID]verdict.Verdict {
	t.Helper()
	var ids []string
	for _, q := range questions {
		ids = append(ids, string(q.id))
	}
	c := command(t, l, "", append([]string{"check", "--json", "--only", strings.Join(ids, ",")}, args...)...)
	out, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	found := map[verdict.ID]verdict.Verdict{}
	for line := range bytes.Lines(out) {
		var v verdict.Verdict
		if json.Unmarshal(line, &v) == nil && v.ID != "" {
			found[v.ID] = v
		}
	}
	return found
}

// TestRulesets: firewalls of the products that people have are loaded, muster check
// says of each what gets through, and real packets say whether it is right; each
// fix that is printed is run, and the packets come through. With -update it writes
// the table that docs/checks/accuracy.md holds.
func TestRulesets(t *testing.T) {
	if testing.Short() {
		t.Skip("sends real packets through 70 firewalls, some 20 s")
	}
	files, err := filepath.Glob("testdata/rulesets/*.*")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []answers
	add := func(a answers) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, a)
	}
	t.Run("each", func(t *testing.T) {
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				r := readRuleset(t, file)
				l := netlab.New(t, netlab.Config{Hosts: 2})
				r.load(t, l.Host(1))
				a := judgeFirewall(t, l, strings.Fields(r.args), r.plain, func(command string) {
					if out, err := l.Host(1).Command(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
						t.Errorf("%s: %v: %s", command, err, out)
					}
				}, func() { r.restart(t, l.Host(1)) })
				a.title, a.file = r.title, filepath.Base(file)
				add(a)
			})
		}
		for _, m := range managed {
			t.Run(m.file, func(t *testing.T) {
				t.Parallel()
				l := netlab.New(t, netlab.Config{Hosts: 2})
				run := m.start(t, l.Host(1))
				for _, c := range m.commands {
					run(c)
				}
				a := judgeFirewall(t, l, nil, "", run, func() { run(m.restart) })
				a.title, a.file = m.title, m.file
				add(a)
			})
		}
	})
	asked, unknown := 0, 0
	for _, a := range all {
		asked += len(a.said)
		unknown += a.unknown
	}
	t.Logf("%d firewalls, %d answers, %d unknown", len(all), asked, unknown)
	if unknown*100 > asked*3 {
		t.Errorf("%d of %d answers are unknown", unknown, asked)
	}
	if t.Failed() || len(all) < len(files)+len(managed) {
		return // a part of them was asked for, or a program is missing
	}
	slices.SortFunc(all, func(a, b answers) int { return strings.Compare(a.file, b.file) })
	updatePage(t, "rulesets", rulesetsTable(all))
}

func rulesetsTable(all []answers) string {
	var b strings.Builder
	b.WriteString("| firewall |")
	for _, q := range questions {
		b.WriteString(" " + q.what + " |")
	}
	b.WriteString(" fixes run | after a restart |\n|---" + strings.Repeat("|---", len(questions)) + "|---|---|\n")
	for _, a := range all {
		fixes := fmt.Sprint(len(a.fixes))
		if a.why != "" {
			fixes = a.why
		} else if len(a.fixes) == 0 {
			fixes = ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.title, strings.Join(a.said, " | "), fixes, a.kept)
	}
	return b.String()
}
