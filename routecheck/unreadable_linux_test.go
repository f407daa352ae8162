package routecheck_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/verdict"
)

// TestUnreadable runs muster check on a healthy host where much may not or cannot
// be read: it names nothing that is not wrong, says of the rest that it is unknown
// and why, and ends as it should.
func TestUnreadable(t *testing.T) {
	firewall := []verdict.ID{"fw.input-drop", "fw.output-drop", "fw.igmp-drop", "fw.ping-reply-invalid", "igmp.no-report", "tribes.half-open"}
	for _, tt := range []struct {
		name    string
		make    string       // what is done before, in a mount namespace of its own
		run     []string     // what muster is run by
		unknown []verdict.ID // at least
		exactly bool         // and no other
		stderr  string
	}{
		{"an ordinary user", "", []string{"unshare", "--user", "--map-user=1000"}, firewall, true, "setcap cap_net_admin,cap_net_raw+ep"},
		{"no /proc", "mount -t tmpfs none /proc", nil, []verdict.ID{"rpf.strict", "limit.memberships", "iface.recreated", "mtu.fragment-loss"}, false, "could not be decided"},
		{"no settings in /proc", "mount -t tmpfs none /proc/sys", nil, []verdict.ID{"rpf.strict", "limit.memberships", "igmp.version-forced"}, false, "could not be decided"},
		{"no /sys", "mount -t tmpfs none /sys", nil, nil, true, ""},
		{"folders in the place of settings", "mount -t tmpfs none /proc/sys; for f in net/core/optmem_max net/ipv4/igmp_max_memberships net/ipv4/conf/all/rp_filter; do mkdir -p /proc/sys/$f; done", nil, []verdict.ID{"rpf.strict", "limit.memberships"}, false, "could not be decided"},
		{"nonsense for settings", "mount -t tmpfs none /proc/sys; for f in core/optmem_max ipv4/igmp_max_memberships ipv4/conf/all/rp_filter; do mkdir -p /proc/sys/net/${f%/*}; head -c 100000 /dev/urandom > /proc/sys/net/$f; done", nil, []verdict.ID{"rpf.strict", "limit.memberships"}, false, "could not be decided"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := netlab.New(t, netlab.Config{Hosts: 2})
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			script := tt.make + "\nexec " + strings.Join(append(slices.Clone(tt.run), exe, "check", "--json"), " ")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			c := l.Host(1).Command(ctx, "unshare", "--mount", "sh", "-ec", script)
			c.Env = append(os.Environ(), "MUSTER_AS_COMMAND=1")
			var out, stderr bytes.Buffer
			c.Stdout, c.Stderr = &out, &stderr
			err = c.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			status := c.ProcessState.ExitCode()
			if want := map[bool]int{true: 3, false: 0}[len(tt.unknown) > 0]; status != want || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit status %d, want %d; stderr: %s", status, want, stderr.Bytes())
			}
			var unknown []verdict.ID
			for line := range bytes.Lines(out.Bytes()) {
				var v struct {
					Type string `json:"type"`
					verdict.Verdict
				}
				if err := json.Unmarshal(line, &v); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
				switch {
				case v.Type == "verdict" && v.Status.Bad():
					t.Errorf("%s is a %s: %s", v.ID, v.Status, v.Saw)
				case v.Type == "verdict" && v.Status == verdict.Unknown:
					unknown = append(unknown, v.ID)
					if len(v.Saw) < 10 {
						t.Errorf("%s is unknown without a reason: %q", v.ID, v.Saw)
					}
				}
			}
			for _, id := range tt.unknown {
				if !slices.Contains(unknown, id) {
					t.Errorf("%s is not unknown; those that are: %v", id, unknown)
				}
			}
			if tt.exactly && len(unknown) != len(tt.unknown) {
				t.Errorf("unknown are %v, want %v", unknown, tt.unknown)
			}
		})
	}
}
