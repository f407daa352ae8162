package portowner

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listening is the state of a TCP socket that takes connections.
const listening = "0A"

// Of names the processes of this network namespace that have a socket on port:
// bound, for "udp"; listening, for "tcp". A socket's inode comes from net/udp or
// net/tcp, the process that has it open from its fd folder. Processes that this
// user may not look into are named by their user only.
func Of(network string, port uint16) []string { return owners("/proc", network, port) }

func owners(proc, network string, port uint16) []string {
	users := map[string]string{} // inode → user id
	for _, table := range []string{network, network + "6"} {
		sockets(filepath.Join(proc, "thread-self", "net", table), network == "tcp", port, users)
	}
	if len(users) == 0 {
		return nil
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

// sockets adds the sockets of table that are bound to port. A line is
// "sl local_address rem_address st queues tr retrnsmt uid timeout inode ...".
func sockets(table string, onlyListening bool, port uint16, users map[string]string) {
	f, err := os.Open(table)
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || onlyListening && fields[3] != listening {
			continue
		}
		_, hex, _ := strings.Cut(fields[1], ":")
		if p, err := strconv.ParseUint(hex, 16, 16); err == nil && uint16(p) == port {
			users[fields[9]] = fields[7]
		}
	}
}
