package mcast

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"muster/internal/hint"
)

// inUseError tells who has the port of bind, where this user may see it.
func inUseError(err error, bind netip.AddrPort) error {
	err = fmt.Errorf("bind %s: %w", bind, err)
	owners := portOwners("/proc", bind.Port())
	if len(owners) == 0 {
		return hint.Wrap(err, fmt.Sprintf("a process that does not share the port has it; as root, ss -uanp 'sport = :%d' tells which", bind.Port()))
	}
	return hint.Wrap(fmt.Errorf("%w by %s, which does not share the port", err, strings.Join(owners, " and ")),
		"stop it, or choose another port")
}

// portOwners names the processes that have a UDP socket on port: the socket's
// inode from net/udp of this network namespace, the process that has it open from its fd folder. Sockets
// of other users are named by their user only.
func portOwners(proc string, port uint16) []string {
	users := map[string]string{} // inode → user id
	for _, table := range []string{"udp", "udp6"} {
		udpSockets(filepath.Join(proc, "thread-self", "net", table), port, users)
	}
	var out []string
	links, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	for _, link := range links {
		target, err := os.Readlink(link)
		inode := strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")
		if _, ours := users[inode]; err != nil || !ours || inode == target {
			continue
		}
		delete(users, inode)
		dir := filepath.Dir(filepath.Dir(link))
		name, _ := os.ReadFile(filepath.Join(dir, "comm"))
		out = append(out, fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), filepath.Base(dir)))
	}
	for _, uid := range users {
		out = append(out, "a process of user "+uid)
	}
	return out
}

// udpSockets adds the sockets of table that are bound to port. A line is
// "sl local_address rem_address st queues tr retrnsmt uid timeout inode ...".
func udpSockets(table string, port uint16, users map[string]string) {
	f, err := os.Open(table)
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 {
			continue
		}
		_, hex, _ := strings.Cut(fields[1], ":")
		if p, err := strconv.ParseUint(hex, 16, 16); err == nil && uint16(p) == port {
			users[fields[9]] = fields[7]
		}
	}
}
