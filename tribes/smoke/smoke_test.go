package smoke_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/smoke"
)

// The test binary is the node too: nodeArgument says so, the next one how it
// behaves.
const nodeArgument = "be-a-node"

func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != nodeArgument {
		os.Exit(m.Run())
	}
	switch os.Args[2] {
	case "good":
		serve(os.Stdin)
	case "leaves-its-pid":
		serve(edit(func(cfg map[string]any) { pidFile(cfg["state_dir"]) }))
	case "b-elsewhere":
		serve(edit(func(cfg map[string]any) {
			if cfg["name"] == "B" {
				cfg["group"] = "239.255.255.254:19999"
			}
		}))
	case "a-forgets":
		serve(edit(func(cfg map[string]any) {
			cfg["state_dir"] = fmt.Sprintf("%s/%d", cfg["state_dir"], os.Getpid())
		}))
	case "b-drops-deltas":
		serve(edit(func(cfg map[string]any) { cfg["drop_deltas"] = cfg["name"] == "B" }))
	case "b-is-killed":
		serve(suicidal(os.Stdin))
	case "b-has-another-map":
		serve(edit(func(cfg map[string]any) {
			if cfg["name"] == "B" {
				cfg["manager"] = "delta"
			}
		}))
	case "b-has-another-key":
		serve(edit(func(cfg map[string]any) {
			if cfg["name"] == "B" {
				cfg["state_timeout_ms"] = 1000
				cfg["encryption_key"] = "00112233445566778899aabbccddeeff"
			}
		}))
	case "dies":
		fmt.Fprintln(os.Stderr, "cannot go on: out of luck")
		os.Exit(3)
	}
}

func serve(in io.Reader) {
	if err := smoke.Node(context.Background(), in, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	os.Exit(0)
}

// pidFile leaves the number of this process where its run finds it: the node's
// state folder has one for each.
func pidFile(stateDir any) {
	name := filepath.Join(fmt.Sprint(stateDir), fmt.Sprintf("pid-%d", os.Getpid()))
	os.WriteFile(name, nil, 0o600)
}

// suicidal is standard input of a node that is killed when it is asked what it
// holds of S1: of B, who asks last.
func suicidal(in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		lines := bufio.NewReader(in)
		first := true
		b := false
		for {
			text, err := lines.ReadBytes('\n')
			if first {
				b, first = bytes.Contains(text, []byte(`"name":"B"`)), false
			}
			if b && bytes.Contains(text, []byte(`"do":"digest","set":"S1"`)) {
				if self, err := os.FindProcess(os.Getpid()); err == nil {
					self.Kill()
				}
				select {}
			}
			if _, werr := w.Write(text); err != nil || werr != nil {
				w.CloseWithError(io.EOF)
				return
			}
		}
	}()
	return r
}

// edit changes the configuration on its way to the node.
func edit(change func(map[string]any)) io.Reader {
	in := bufio.NewReader(os.Stdin)
	first, err := in.ReadBytes('\n')
	cfg := map[string]any{}
	if err != nil || json.Unmarshal(first, &cfg) != nil {
		os.Exit(3)
	}
	change(cfg)
	first, _ = json.Marshal(cfg)
	return io.MultiReader(bytes.NewReader(append(first, '\n')), in)
}

const (
	sessions = 3
	size     = 5000
)

var smokeGroup = netip.AddrFrom4([4]byte{239, 255, 255, 251})

// config is a quick run of two nodes.
func config(t *testing.T, how string) smoke.Config {
	t.Helper()
	cfg := smoke.Config{
		Command: []string{os.Args[0], nodeArgument, how}, Nodes: 2, StateDir: t.TempDir(),
		Frequency: 100 * time.Millisecond, DropTime: 600 * time.Millisecond,
		Options: tribes.Asynchronous, Sessions: sessions, Size: size,
	}
	var err error
	if cfg.Interface, err = smoke.ChooseInterface("", cfg.Group); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func run(t *testing.T, how string, nodes int, change ...func(*smoke.Config)) smoke.Report {
	t.Helper()
	cfg := config(t, how)
	cfg.Nodes = nodes
	for _, f := range change {
		f(&cfg)
	}
	rep, err := smoke.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func backup(cfg *smoke.Config) {
	cfg.Manager, cfg.Options = smoke.Backup, tribes.UseAck|tribes.SynchronizedAck
}

func options(o tribes.Options) func(*smoke.Config) {
	return func(cfg *smoke.Config) { cfg.Options = o }
}

func encrypted(cfg *smoke.Config) {
	cfg.EncryptionKey = []byte("0123456789abcdef")
}

func bare(cfg *smoke.Config) {
	cfg.EncryptionAlgorithm, cfg.EncryptionBare = "AES/CBC/PKCS5Padding", true
}

// What Tomcat calls none, ack, sync ack and async.
const (
	none    tribes.Options = 0
	ack                    = tribes.UseAck
	syncAck                = tribes.UseAck | tribes.SynchronizedAck
	async                  = tribes.Asynchronous
)

func TestRun(t *testing.T) {
	for _, c := range []struct {
		nodes   int
		name    string
		holders int // of each session
		long    bool
		change  []func(*smoke.Config)
	}{
		{2, "delta", 2, false, nil},
		{4, "delta", 4, false, nil},
		{2, "backup", 2, false, []func(*smoke.Config){backup}},
		{3, "backup", 2, false, []func(*smoke.Config){backup}},
		{5, "backup", 2, true, []func(*smoke.Config){backup}},
		{2, "delta encrypted", 2, true, []func(*smoke.Config){encrypted}},
		{3, "backup encrypted by an older Tomcat's way", 2, true, []func(*smoke.Config){backup, encrypted, bare}},
		{5, "delta none", 5, true, []func(*smoke.Config){options(none)}},
		{3, "delta ack", 3, true, []func(*smoke.Config){options(ack)}},
		{4, "delta sync ack", 4, true, []func(*smoke.Config){options(syncAck)}},
		{4, "backup none", 2, true, []func(*smoke.Config){backup, options(none)}},
		{2, "backup ack", 2, true, []func(*smoke.Config){backup, options(ack)}},
		{3, "backup async", 2, true, []func(*smoke.Config){backup, options(async)}},
	} {
		t.Run(fmt.Sprintf("%d nodes, %s", c.nodes, c.name), func(t *testing.T) {
			if c.long && testing.Short() {
				t.Skip("-short: the others show the same")
			}
			t.Parallel()
			rep := run(t, "good", c.nodes, c.change...)
			if rep.Failed != nil {
				t.Fatalf("step %d, %s: %v", rep.Failed.Number, rep.Failed.Name, rep.Failed.Err)
			}
			if len(rep.Steps) != 9 || rep.Planned != 9 || len(rep.Names) != 9 {
				t.Errorf("%d of %d steps were done", len(rep.Steps), rep.Planned)
			}
			if got := rep.Steps[2].Detail["verified_bytes"]; got != c.holders*sessions*size {
				t.Errorf("%v bytes were compared, want %d", got, c.holders*sessions*size)
			}
			if got := rep.Steps[4].Detail["counter"]; got != int32(c.nodes) {
				t.Errorf("S1 was served up to %v, want %d", got, c.nodes)
			}
		})
	}
}

func TestRunNamesTheStepThatFails(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for members that never come")
	}
	for _, c := range []struct {
		how    string
		step   int
		text   string
		change []func(*smoke.Config)
	}{
		{"dies", 1, "out of luck", nil},
		{"b-elsewhere", 2, "A hears its own heartbeats and none of B's", nil},
		{"b-is-killed", 3, "node B was ended from outside (signal: killed)", nil},
		{"a-forgets", 6, "another id", nil},
		{"b-drops-deltas", 3, "3 have other content on B", nil},
		{"b-drops-deltas", 3, "other content on B, its backup", []func(*smoke.Config){backup}},
		{"b-has-another-map", 2, "A knows 0 backups of it", []func(*smoke.Config){backup}},
		{"b-has-another-key", 2, "the state did not come", []func(*smoke.Config){encrypted}},
	} {
		t.Run(fmt.Sprint(c.how, " ", len(c.change)), func(t *testing.T) {
			t.Parallel()
			rep := run(t, c.how, 2, c.change...)
			if rep.Failed == nil || rep.Failed.Number != c.step || !strings.Contains(rep.Failed.Err.Error(), c.text) {
				t.Errorf("failed is %+v, want step %d with %q", rep.Failed, c.step, c.text)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	for _, cfg := range []smoke.Config{{}, {Command: []string{"x"}, Nodes: 1}, {Command: []string{"x"}, Nodes: smoke.MaxNodes + 1}} {
		if _, err := smoke.Run(t.Context(), cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}
