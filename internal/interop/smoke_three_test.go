package interop

import (
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// Three Tomcats: the session of the one that is killed is on both others, with
// either manager, and the one that returns has it too.
func TestSmokeThreeTomcats(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 4})
	cfg := tomcat.Config{Options: "8", Apps: apps("6")}
	a, b, c := lab.Host(1), lab.Host(2), lab.Host(3)
	first := pair(t, lab, cfg)[0]
	tomcat.Start(t, c, cfg).WaitLog(`memberAdded .*\{10, 77, 0, 11\}:4000`, 15*time.Second)

	d := deeds{dir: t.TempDir()}
	d.do = map[string]func(){
		"kill":  func() { first.Kill() },
		"start": func() { first = tomcat.Launch(t, a, cfg) },
	}
	again := []string{"--kill-command", d.command("kill"), "--start-command", d.command("start")}
	for _, path := range []string{"/lab", "/backup/lab"} {
		run := smokeTomcats(t, lab.Host(4), pages(path, a, b, c), d.meanwhile, append(again, labPage...)...)
		run.passes(t, "expires")
		if counter, gone := run.detail(t, 6, "counter"), run.detail(t, 7, "gone_on"); counter != 4.0 || gone != 3.0 {
			t.Errorf("%s: after A, B, C and A again the counter is %v; the session ends on %v", path, counter, gone)
		}
	}
}
