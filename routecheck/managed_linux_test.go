package routecheck_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"muster/internal/netlab"
)

// managed are firewalls that a program keeps, which itself runs on the host.
var managed = []struct {
	title, file string // the file only sorts the table
	start       func(*testing.T, *netlab.Host) func(command string)
	commands    []string
	// restart is what starts it at boot.
	restart string
}{
	{"ufw runs, as `ufw enable` sets it up", "ufw-live-1", ufw, nil, ufwAgain},
	{"ufw runs, with the cluster's ports allowed", "ufw-live-2", ufw, []string{"ufw allow proto udp to 228.0.0.4 port 45564", "ufw allow 4000:4099/tcp"}, ufwAgain},
	{"ufw runs, what goes out is denied too", "ufw-live-3", ufw, []string{"ufw default deny outgoing"}, ufwAgain},
	{"ufw runs, with rules that deny the heartbeats and reject the receiver", "ufw-live-4", ufw, []string{"ufw deny 45564/udp", "ufw reject 4000/tcp"}, ufwAgain},
	{"firewalld runs, as it comes", "firewalld-live-1", firewalld, nil, firewalldAgain},
	{"firewalld runs, zone public with the cluster's ports", "firewalld-live-2", firewalld, []string{
		"firewall-cmd -q --permanent --add-port=45564/udp --add-port=4000-4099/tcp", "firewall-cmd -q --permanent --add-protocol=igmp", "firewall-cmd -q --reload"}, firewalldAgain},
	{"firewalld runs, zone drop", "firewalld-live-3", firewalld, []string{
		"firewall-cmd -q --permanent --zone=drop --change-interface=eth0", "firewall-cmd -q --reload"}, firewalldAgain},
	{"firewalld runs, the members' network in zone trusted", "firewalld-live-4", firewalld, []string{
		"firewall-cmd -q --permanent --zone=trusted --add-source=10.77.0.0/24", "firewall-cmd -q --reload"}, firewalldAgain},
}

const (
	ufwAgain       = "nft flush ruleset; ufw --force disable; ufw --force enable"
	firewalldAgain = "firewall-cmd --reload" // what is permanent, and nothing else
)

// ufw enables it with a configuration of its own, and returns what runs commands.
func ufw(t *testing.T, h *netlab.Host) func(string) {
	t.Helper()
	if _, err := exec.LookPath("ufw"); err != nil {
		t.Skip("needs ufw")
	}
	etc := t.TempDir()
	if _, err := os.ReadFile("/etc/ufw/user.rules"); os.IsPermission(err) {
		t.Skip("may not read /etc/ufw")
	}
	for from, to := range map[string]string{"/etc/ufw": "/etc", "/etc/default/ufw": "/default"} {
		if out, err := exec.Command("cp", "-a", from, etc+to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	run := func(command string) {
		t.Helper()
		c := h.Command(t.Context(), "unshare", "--mount", "sh", "-ec",
			"mount --bind "+etc+"/etc /etc/ufw; mount --bind "+etc+"/default /etc/default/ufw; mount -t tmpfs none /run; "+command)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	}
	run("ufw --force enable")
	return run
}

// firewalld starts it with a D-Bus of its own, and returns what runs commands.
func firewalld(t *testing.T, h *netlab.Host) func(string) {
	t.Helper()
	for _, p := range []string{"firewalld", "dbus-daemon"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s", p)
		}
	}
	dir, err := os.MkdirTemp("", "fwd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	bus := "unix:path=" + filepath.Join(dir, "bus")
	const policy = `<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>`
	config := "<busconfig><type>session</type><listen>" + bus + "</listen><auth>EXTERNAL</auth>" + policy + "</busconfig>"
	if err := os.WriteFile(filepath.Join(dir, "bus.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(name string, args ...string) *netlab.Cmd {
		c := h.Command(t.Context(), name, args...)
		c.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+bus)
		return c
	}
	for _, c := range []*netlab.Cmd{
		command("dbus-daemon", "--nofork", "--nopidfile", "--config-file="+filepath.Join(dir, "bus.conf")),
		command("firewalld", "--nofork", "--nopid", "--system-config", filepath.Join(dir, "etc"), "--log-target", "console"),
	} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Kill()
			_ = c.Wait()
		})
		if c.Args[0] == "dbus-daemon" {
			sh(t, command("sh", "-c", "for i in $(seq 3000); do test -S "+dir+"/bus && exit; sleep 0.02; done; exit 1"))
		}
	}
	sh(t, command("sh", "-c", "for i in $(seq 60); do timeout 20 firewall-cmd --state && exit; sleep 0.2; done; exit 1"))
	return func(line string) {
		t.Helper()
		if out, err := command("timeout", "60", "sh", "-c", line).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", line, err, out)
		}
	}
}
