package interop

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
	"muster/tribes/release"
)

// The whole matrix takes half an hour; every run of these tests tries the core of it
// (TestGenerations).
var (
	whole  = flag.Bool("matrix", false, "try every release and mixed pair (TestMatrix), for docs/interop.md")
	update = flag.Bool("update", false, "with -matrix: write what was seen into docs/interop.md")
)

// columns are what is tried beside each release, in the order of the page.
var columns = []string{
	"heard", "hears us", "probe", "options 2/4/6/8", "delta", "backup", "state both ways", "expiry", "encryption", "domain",
	"static", "coordinator", "smoke --tomcat", "smoke --guest", "config", "quiet",
}

// cannot is why something cannot be tried with a release.
func cannot(rel, column string) string {
	r, err := release.Parse(rel)
	switch {
	case err != nil:
		return ""
	case r.Line == "5.5" && column != "heard" && column != "config" && column != "quiet" && column != "smoke --tomcat" && column != "probe":
		return "nothing is sent to a 5.5"
	case column == "encryption" && !r.Has("7.0.100 8.5.38 9.0.13 10.0.0 10.1.0 11.0.0"):
		return "has no EncryptInterceptor"
	case column == "domain" && !r.Has("6.0.26 7.0.0 8.0.0 8.5.0 9.0.0 10.0.0 10.1.0 11.0.0"):
		return "its DomainFilterInterceptor takes no domain from a file, and then sees nobody"
	}
	return ""
}

// pairing is two releases in one cluster; where they are the same, that release.
type pairing struct {
	one, two  string
	encrypted bool // all that is tried of a mixed pair is tried encrypted
}

func (p pairing) String() string {
	switch {
	case p.one == p.two:
		return p.one
	case p.encrypted:
		return p.one + " and " + p.two + ", encrypted"
	}
	return p.one + " and " + p.two
}

// pairings are the rows of the page.
func pairings() (out []pairing) {
	for _, r := range tomcat.Releases {
		out = append(out, pairing{one: r, two: r})
	}
	return append(out, pairing{one: "6.0.13", two: "6.0.45"}, pairing{one: "6.0.45", two: "11.0.21"}, pairing{one: "8.5.92", two: "10.1.56"},
		pairing{one: "9.0.113", two: "10.1.56"}, pairing{one: "10.1.56", two: "11.0.21", encrypted: true})
}

// trial is one cluster of a row, and what is seen beside it.
type trial struct {
	*couple
	t    *testing.T
	row  pairing
	seen map[string]string
}

// column tries something: the cell is "yes" if it passes.
func (x *trial) column(name string, try func(t *testing.T)) {
	if why := cannot(x.row.one, name); why != "" {
		x.seen[name] = why
		return
	}
	ok := x.t.Run(name, func(t *testing.T) {
		x.couple.t = t
		try(t)
	})
	if before, tried := x.seen[name]; ok && (!tried || before == "yes") {
		x.seen[name] = "yes"
	} else {
		x.seen[name] = "no"
	}
}

// Verify every row of docs/interop.md: what works beside each release, and beside two
// in one cluster, and what cannot.
func TestMatrix(t *testing.T) {
	if !*whole {
		t.Skip("-matrix is not given: it takes half an hour, and TestGenerations tries one release of each form")
	}
	for _, row := range pairings() {
		t.Run(strings.NewReplacer(" ", "_", ",", "").Replace(row.String()), func(t *testing.T) {
			for name, try := range trialsOf(row) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					seen := map[string]string{}
					try(t, row, seen)
					if *update {
						record(t, row.String(), seen)
					}
				})
			}
		})
	}
}

// trialsOf are what is tried of a row, each with two Tomcats of its own.
func trialsOf(row pairing) map[string]func(*testing.T, pairing, map[string]string) {
	type trials = map[string]func(*testing.T, pairing, map[string]string)
	switch {
	case row.one != row.two:
		return trials{"mixed": tryMixed}
	case strings.HasPrefix(row.one, "5.5."):
		return trials{"plain": try55}
	}
	return trials{"plain": tryPlain, "backup": tryBackup, "encrypted": tryEncrypted, "static": tryStatic, "coordinator": tryCoordinator}
}

// start starts the two Tomcats of a row.
func start(t *testing.T, row pairing, seen map[string]string, cfg tomcat.Config) *trial {
	t.Helper()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	if cfg.StaticService {
		cfg.StaticService, cfg.Static = false, lab.Hosts()[:2]
	}
	p := &couple{t: t, lab: lab, guest: lab.Host(3)}
	p.one = tomcat.StartRelease(t, lab.Host(1), row.one, cfg)
	p.two = tomcat.StartRelease(t, lab.Host(2), row.two, cfg)
	return &trial{couple: p, t: t, row: row, seen: seen}
}

// knowEachOther waits until the first lists the second.
func (x *trial) knowEachOther(t *testing.T) {
	t.Helper()
	x.one.WaitLog(`memberAdded .*`+logHost(x.row.one, 12), 15*time.Second)
	x.quiet = len(x.trouble())
}

// tryPlain: DeltaManagers, options 8.
func tryPlain(t *testing.T, row pairing, seen map[string]string) {
	r := row.one
	x := start(t, row, seen, tomcat.Config{})
	x.knowEachOther(t)
	both := append([]string{"smoke", "--tomcat", x.one.URL(), "--tomcat", x.two.URL()}, smokeFlags...)
	x.column("heard", func(t *testing.T) {
		x.run(t, 0, fmt.Sprintf(`"generation":"%s"`, generation(r)), "tribes", "members", "--expect", "2", "--json")
	})
	x.column("probe", func(t *testing.T) { x.run(t, 0, "(?m)^alive .*acks", "tribes", "probe", "10.77.0.11", "10.77.0.12") })
	x.column("options 2/4/6/8", func(t *testing.T) {
		for options, want := range map[string]string{"2": "acked", "4": "written", "6": "acked", "8": "written"} {
			x.run(t, 0, "(?m)^"+want+" ", "tribes", "send", "--all", "--expect", "2", "--options", options, "hello")
		}
	})
	x.column("hears us", func(t *testing.T) {
		x.run(t, 0, "2 members at the end", "tribes", "join", "--expect", "2", "-d", "4s")
		for _, s := range []*tomcat.Server{x.one, x.two} {
			s.WaitLog(`memberAdded .*`+logHost(r, 13), 5*time.Second)
			s.WaitLog(`memberDisappeared .*`+logHost(r, 13), 5*time.Second)
		}
	})
	x.column("delta", x.watched)
	x.column("state both ways", x.state)
	if strings.HasPrefix(r, "8.0.") && seen["state both ways"] == "yes" {
		seen["state both ways"] = "works with --release 8.0: what a quiet 8.0 sends is what a 7.0 sends"
	}
	x.column("smoke --tomcat", func(t *testing.T) { x.run(t, 0, "(?m)^pass: 8 steps", both...) })
	x.column("smoke --guest", func(t *testing.T) { x.run(t, 0, "(?m)^pass: 7 steps", append(both, "--guest")...) })
	x.column("expiry", x.expiry)
	x.column("config", func(t *testing.T) {
		x.run(t, 0, `(?i)every 500`, "tribes", "config", "--elsewhere", "--alone", "--release", r, x.one.ServerXML())
	})
	x.column("quiet", x.undisturbed)
}

// tryBackup: BackupManagers in a domain, options 6.
func tryBackup(t *testing.T, row pairing, seen map[string]string) {
	domain := "staging"
	if cannot(row.one, "domain") != "" {
		domain = ""
	}
	x := start(t, row, seen, tomcat.Config{Manager: "backup", Options: "6", Domain: domain})
	x.knowEachOther(t)
	both := append([]string{"smoke", "--domain", domain, "--tomcat", x.one.URL(), "--tomcat", x.two.URL()}, smokeFlags...)
	x.column("backup", func(t *testing.T) { x.run(t, 0, "(?m)^pass: [78] steps", both...) })
	x.column("domain", func(t *testing.T) { x.run(t, 0, "(?m)^pass: [67] steps", append(both, "--guest")...) })
	if seen["domain"] == "no" {
		seen["backup"] = "no"
	}
}

// tryEncrypted: DeltaManagers with the release's own algorithm, options 2.
func tryEncrypted(t *testing.T, row pairing, seen map[string]string) {
	if why := cannot(row.one, "encryption"); why != "" {
		seen["encryption"] = why
		return
	}
	x := start(t, row, seen, tomcat.Config{EncryptionKey: peerKey, Options: "2"})
	x.knowEachOther(t)
	x.column("encryption", x.encrypted)
}

// tryStatic: members that are configured, no multicast.
func tryStatic(t *testing.T, row pairing, seen map[string]string) {
	x := start(t, row, seen, tomcat.Config{StaticService: true})
	x.column("static", func(t *testing.T) {
		// No heartbeat tells the form.
		as := []string{"--release", row.one}
		x.run(t, 0, "(?m)^alive .*acks", append([]string{"tribes", "probe", "10.77.0.11", "10.77.0.12"}, as...)...)
		x.run(t, 0, "(?m)^acked ", append([]string{"tribes", "send", "10.77.0.11", "--options", "6", "hello"}, as...)...)
		x.run(t, 0, "(?m)^pass", append([]string{"smoke", "--http-only", "--tomcat", x.one.URL(), "--tomcat", x.two.URL()}, smokeFlags...)...)
	})
}

// tryCoordinator: NonBlockingCoordinators, of which the one in office is killed.
func tryCoordinator(t *testing.T, row pairing, seen map[string]string) {
	x := start(t, row, seen, tomcat.Config{Coordinator: true})
	x.knowEachOther(t)
	x.column("coordinator", func(t *testing.T) {
		guest := muster(t, x.guest, "tribes", "join", "--json")
		guest.joined()
		elected := func(n int) string { // it writes its own host in another way than others'
			return fmt.Sprintf(`Coord: ?tcp://(10\.77\.0\.%d|\{10, 77, 0, %d\}|n%d):4000`, n, n, n%10)
		}
		x.two.WaitLog(`memberAdded .*`+logHost(row.one, 13), 10*time.Second)
		x.two.WaitLog(elected(11), 20*time.Second)
		x.two.Mark()
		x.one.Kill()
		x.two.WaitLog(elected(12), 30*time.Second)
		guest.Stop()
	})
}

// tryMixed tries two releases in one cluster: whether they understand each other, and
// what muster says of that.
func tryMixed(t *testing.T, row pairing, seen map[string]string) {
	cfg := tomcat.Config{}
	if row.encrypted {
		cfg.EncryptionKey = peerKey
	}
	x := start(t, row, seen, cfg)
	both := append([]string{"smoke", "--tomcat", x.one.URL(), "--tomcat", x.two.URL()}, smokeFlags...)
	x.column("heard", func(t *testing.T) {
		x.run(t, 0, fmt.Sprintf(`"generation":"%s"`, generation(row.one)), "tribes", "members", "--expect", "2", "--json")
	})
	switch {
	case generation(row.one) != generation(row.two):
		x.column("hears us", func(t *testing.T) {
			x.run(t, 1, "heard, but not a member", "tribes", "join", "--expect", "2", "-d", "4s")
		})
		x.column("smoke --tomcat", func(t *testing.T) { x.run(t, 1, `fail`, both...) })
		seen["smoke --tomcat"] = strings.Replace(seen["smoke --tomcat"], "yes", "fails, rightly: they do not hear each other", 1)
	case row.encrypted:
		x.column("encryption", func(t *testing.T) {
			key := peerKeyFile(t, peerKey)
			sniffing := muster(t, x.lab.Host(1), "sniff", "--summary", "-i", "eth0", "-d", "8s", "--encryption-key-file", key)
			time.Sleep(2 * time.Second) // until it captures
			for range 3 {
				for _, s := range []*tomcat.Server{x.one, x.two} {
					if _, err := s.Request("set=k=v", ""); err != nil {
						t.Fatal(err)
					}
				}
			}
			sniffing.finish()
			if !sniffing.says("tribes.version-mix") {
				t.Errorf("sniff does not tell of the two forms\n%s", sniffing.Tail())
			}
		})
		seen["encryption"] = strings.Replace(seen["encryption"], "yes", "they cannot read each other, tribes.version-mix says so", 1)
	default:
		x.knowEachOther(t)
		x.column("hears us", func(t *testing.T) { x.run(t, 0, "2 members at the end", "tribes", "join", "--expect", "2", "-d", "4s") })
		x.column("delta", x.watched)
		x.column("smoke --tomcat", func(t *testing.T) { x.run(t, 0, "(?m)^pass: 8 steps", both...) })
		x.column("smoke --guest", func(t *testing.T) { x.run(t, 0, "(?m)^pass: 7 steps", append(both, "--guest")...) })
		x.column("quiet", x.undisturbed)
	}
}

// try55: a Tomcat 5.5 is looked at and sent nothing; TestTomcat55IsLeftAlone holds the rest.
func try55(t *testing.T, row pairing, seen map[string]string) {
	x := start(t, row, seen, tomcat.Config{})
	x.knowEachOther(t)
	x.column("heard", func(t *testing.T) {
		x.run(t, 0, `"generation":"5.5"`, "tribes", "members", "--expect", "2", "--json")
		x.run(t, 3, "a Tomcat 5.5 is heard", "tribes", "join", "-d", "3s")
	})
	x.column("probe", func(t *testing.T) {
		x.run(t, 0, "a Tomcat 5.5, whose port takes connections", "tribes", "probe", "10.77.0.11")
	})
	x.column("smoke --tomcat", func(t *testing.T) {
		x.run(t, 0, "by HTTP alone", append([]string{"smoke", "--tomcat", x.one.URL(), "--tomcat", x.two.URL()}, smokeFlags...)...)
	})
	x.column("config", func(t *testing.T) {
		x.run(t, 0, ".", "tribes", "config", "--elsewhere", "--alone", "--release", row.one, x.one.ServerXML())
	})
	x.column("quiet", x.undisturbed)
	for _, c := range columns {
		if why := cannot(row.one, c); why != "" {
			seen[c] = why
		}
	}
}

// watched: what a Tomcat makes and changes is seen as it happens.
func (x *trial) watched(t *testing.T) {
	t.Helper()
	m := muster(t, x.guest, "tribes", "sessions", "--json", "--values", "-d", "12s")
	m.joined()
	x.one.WaitLog(`memberAdded .*`+logHost(x.row.one, 13), 10*time.Second)
	made, err := x.one.Request("maxinactive=600", "")
	if err == nil {
		time.Sleep(200 * time.Millisecond) // options 8: a change may overtake the creation of its session
		_, err = x.one.Request("set=k=watched", made.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.wait(10*time.Second, "the change of "+made.ID, func(l line) bool {
		return l.Type == "session_changed" && strings.Contains(l.Raw, made.ID) && strings.Contains(l.Raw, "watched")
	})
	m.Stop()
}

// state: each side gets the sessions that the other has when it comes.
func (x *trial) state(t *testing.T) {
	t.Helper()
	made, err := x.one.Request("set=k=v", "")
	if err != nil {
		t.Fatal(err)
	}
	fetch := []string{"tribes", "sessions", "--fetch", "-d", "5s", "--json"}
	if strings.HasPrefix(x.row.one, "8.0.") {
		fetch = append(fetch, "--release", x.row.one)
	}
	x.run(t, 0, made.ID, fetch...)

	lab := netlab.New(t, netlab.Config{Hosts: 2})
	const ours = "0123456789ABCDEF0123456789ABCDEF"
	holder := lab.Host(2).Launch(t, "statenode", "localhost#", lab.Host(2).Addr().String(), x.row.one, ours)
	holder.WaitLine("ready", 10*time.Second, func(text string) bool { return text == "ready" })
	late := tomcat.StartRelease(t, lab.Host(1), x.row.one, tomcat.Config{})
	got, err := late.Request("new=0", ours)
	if err != nil || got.Attributes["k"] != "ours" {
		t.Errorf("a Tomcat that starts beside the only holder of a session has %+v, %v\n%s", got, err, holder.Tail())
	}
}

// expiry: a session that a Tomcat ends after its time is seen to end.
func (x *trial) expiry(t *testing.T) {
	t.Helper()
	m := muster(t, x.guest, "tribes", "sessions", "--json", "-d", "20s")
	m.joined()
	x.one.WaitLog(`memberAdded .*`+logHost(x.row.one, 13), 10*time.Second)
	made, err := x.one.Request("maxinactive=2", "")
	if err != nil {
		t.Fatal(err)
	}
	m.wait(15*time.Second, "the end of "+made.ID, func(l line) bool {
		return l.Type == "session_expired" && strings.Contains(l.Raw, made.ID)
	})
	m.Stop()
}

// encrypted: with the key, and the release or without it, muster reads and is read.
func (x *trial) encrypted(t *testing.T) {
	t.Helper()
	rel := x.row.one
	made, err := x.one.Request("set=k=v", "")
	if err != nil {
		t.Fatal(err)
	}
	key := []string{"--encryption-key-file", peerKeyFile(t, peerKey)}
	x.run(t, 0, made.ID, append([]string{"tribes", "sessions", "--fetch", "-d", "5s", "--json", "--release", rel}, key...)...)
	x.run(t, 0, "(?m)^acked ", append([]string{"tribes", "send", "10.77.0.11", "--options", "6", "--java", "--release", rel, "hello"}, key...)...)
	guest := append([]string{"smoke", "--guest", "--tomcat", x.one.URL(), "--tomcat", x.two.URL()}, smokeFlags...)
	x.run(t, 0, "(?m)^pass: [67] steps", append(guest, key...)...)
}

// undisturbed: no Tomcat logged a line that is more than information.
func (x *trial) undisturbed(t *testing.T) {
	if after := x.trouble(); len(after) != x.quiet {
		t.Errorf("the Tomcats logged\n%s", strings.Join(after, "\n"))
	}
}

// says reports whether a line of the output has this in it.
func (p *program) says(want string) bool {
	return slices.ContainsFunc(p.Log(), func(l netlab.Line) bool { return regexp.MustCompile(want).MatchString(l.Text) })
}
