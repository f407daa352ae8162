package testscripts

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/internal/netlab"
)

// script is what a running script knows besides its files.
type script struct {
	t     testscript.T
	lab   *netlab.Lab
	heard map[string]int // how far `expect` has read in each output
	heals []func()       // what undoes the faults so far
}

type scriptKey struct{}

func of(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

// scriptTB lets a script's end be the end of its lab.
type scriptTB struct {
	*testscript.TestScript
	script *script
}

func (scriptTB) Helper()            {}
func (s scriptTB) Cleanup(f func()) { s.Defer(f) }
func (s scriptTB) TempDir() string {
	dir, err := os.MkdirTemp(s.Getenv("WORK"), ".lab")
	s.Check(err)
	return dir
}

func (s scriptTB) Skipf(format string, args ...any) {
	s.Logf(format, args...)
	s.script.t.Skip("no lab")
}

// hosts makes the script's lab: hosts [-dual] [-routes none|mcast|default|both] N
func hosts(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	cfg := netlab.Config{}
	for ; len(args) > 1; args = args[1:] {
		switch args[0] {
		case "-dual":
			cfg.Dual = true
		case "-routes":
			routes, ok := map[string]netlab.Routes{
				"none": netlab.RouteNone, "mcast": netlab.RouteMulticast,
				"default": netlab.RouteDefault, "both": netlab.RouteBoth,
			}[args[1]]
			if !ok {
				ts.Fatalf("hosts -routes %s: say none, mcast, default or both", args[1])
			}
			cfg.Routes = routes
			args = args[1:]
		}
	}
	n, err := strconv.Atoi(firstOf(args))
	if neg || s.lab != nil || err != nil || n < 1 {
		ts.Fatalf("usage: hosts [-dual] [-routes none|mcast|default|both] N, once")
	}
	cfg.Hosts = n
	s.lab = netlab.New(scriptTB{ts, s}, cfg)
	dir := ts.MkAbs(".on")
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Setenv("NETLAB_OUT", dir)
	for _, h := range s.lab.Hosts() {
		ts.Setenv("NETLAB_"+h.Name(), h.Token())
		ts.Setenv(h.Name(), h.Addr().String()) // $n1 in a script is its address
		ts.Setenv(h.Name()+"_6", h.Addr6().String())
	}
}

func firstOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// expect waits until what runs on a host has printed something:
// expect [-stderr] [-within D] HOST PATTERN. It reads on where the last one found
// its match, so that the same words can be expected twice.
func expect(ts *testscript.TestScript, neg bool, args []string) {
	file, within := ".out", 10*time.Second
	for len(args) > 2 {
		switch args[0] {
		case "-stderr":
			file = ".err"
			args = args[1:]
			continue
		case "-within":
			d, err := time.ParseDuration(args[1])
			ts.Check(err)
			within = d
			args = args[2:]
			continue
		}
		break
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expect [-stderr] [-within D] HOST PATTERN")
	}
	s := of(ts)
	name := filepath.Join(ts.Getenv("NETLAB_OUT"), args[0]+file)
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var text []byte
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, err = os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			ts.Check(err)
		}
		text = text[min(s.heard[name], len(text)):]
		if at := re.FindIndex(text); at != nil {
			s.heard[name] += at[1]
			return
		}
	}
	ts.Fatalf("%s has not printed %q within %v, but:\n%s", args[0], args[1], within, text)
}
