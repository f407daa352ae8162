// Package testscripts holds the manual that runs: each .txtar file is what a
// person types and what they see. README.md tells how to write one.
package testscripts

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/cmd"
	"muster/internal/netlab"
)

func TestMain(m *testing.M) {
	// Scripts mostly wait for a protocol's timers: four at a time, however few the
	// processors.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	testscript.Main(netlab.Wrap(m), map[string]func(){
		"muster": func() { os.Exit(documented(os.Args[1:])) },
		// The program as it is, whose output nobody looks at.
		"muster-itself": func() { os.Exit(cmd.Main(os.Args[1:])) },
		"on":            func() { os.Exit(on(os.Args[1:])) },
		"exits":         func() { os.Exit(exits(os.Args[1:])) },
	})
}

func TestScripts(t *testing.T) {
	// testscript leaves its folder behind where -run names some scripts only.
	t.Setenv("GOTMPDIR", t.TempDir())
	testscript.Run(t, testscript.Params{
		Dir:                ".",
		Setup:              setup,
		Condition:          condition,
		RequireUniqueNames: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"hosts":  hosts,
			"expect": expect,
			"fault":  fault,
			"heal":   heal,
		},
	})
}

// setup gives each script a home of its own, where muster may keep its state.
func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	env.Setenv("HOME", home)
	env.Setenv("XDG_STATE_HOME", filepath.Join(home, ".local", "state"))
	env.Setenv("NO_COLOR", "1")
	env.Setenv("GORACE", os.Getenv("GORACE")) // the commands are the test binary
	env.Values[scriptKey{}] = &script{t: env.T(), heard: map[string]int{}}
	return os.MkdirAll(home, 0o755)
}

// condition adds [netns], [root], [raw] and [ipv6]. Inside a lab everybody is
// root there and may open raw sockets, so these three go together.
func condition(cond string) (bool, error) {
	switch cond {
	case "netns", "root", "raw":
		return netlab.Missing() == "", nil
	case "ipv6":
		return netlab.HaveIPv6(), nil
	}
	return false, fmt.Errorf("unknown condition [%s]", cond)
}
