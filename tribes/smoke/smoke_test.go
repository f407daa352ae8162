package smoke_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/smoke"
)

// The test binary is the node too. MUSTER_SMOKE_NODE says how it behaves.
func TestMain(m *testing.M) {
	switch how := os.Getenv("MUSTER_SMOKE_NODE"); how {
	case "":
		os.Exit(m.Run())
	case "good":
		serve(os.Stdin)
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

func run(t *testing.T, how string, nodes int) smoke.Report {
	t.Helper()
	t.Setenv("MUSTER_SMOKE_NODE", how)
	cfg := smoke.Config{
		Command: []string{os.Args[0]}, Nodes: nodes, StateDir: t.TempDir(),
		Frequency: 100 * time.Millisecond, DropTime: 600 * time.Millisecond,
		Options: tribes.Asynchronous, Sessions: sessions, Size: size,
	}
	var err error
	if cfg.Interface, err = smoke.ChooseInterface("", cfg.Group); err != nil {
		t.Fatal(err)
	}
	rep, err := smoke.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestRun(t *testing.T) {
	for _, nodes := range []int{2, 4} {
		t.Run(fmt.Sprint(nodes, " nodes"), func(t *testing.T) {
			rep := run(t, "good", nodes)
			if rep.Failed != nil {
				t.Fatalf("step %d, %s: %v", rep.Failed.Number, rep.Failed.Name, rep.Failed.Err)
			}
			if len(rep.Steps) != 9 || rep.Planned != 9 {
				t.Errorf("%d of %d steps were done", len(rep.Steps), rep.Planned)
			}
			if got := rep.Steps[2].Detail["verified_bytes"]; got != nodes*sessions*size {
				t.Errorf("%v bytes were compared, want %d", got, nodes*sessions*size)
			}
		})
	}
}

func TestRunNamesTheStepThatFails(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for members that never come")
	}
	for _, c := range []struct {
		how  string
		step int
		text string
	}{
		{"dies", 1, "out of luck"},
		{"b-elsewhere", 2, "as a member"},
		{"a-forgets", 6, "another id"},
		{"b-drops-deltas", 3, "3 have other content on B"},
	} {
		t.Run(c.how, func(t *testing.T) {
			rep := run(t, c.how, 2)
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
