package collect

import (
	"fmt"
	"muster/routecheck/facts"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Limits of the walk through /proc.
const (
	maxProcesses = 20000
	maxFDs       = 200000
	maxHolders   = 256
)

// readProcesses finds out who holds the sockets that were read, and which Tomcats
// run, in whichever namespace. Of processes of other users it may see little.
func readProcesses(f *facts.Facts) facts.Fact[[]facts.Process] {
	const from = "/proc/PID"
	dir, err := os.Open("/proc")
	if err != nil {
		return facts.Unread[[]facts.Process](from, because("listing processes", err))
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxProcesses * 2)
	if err != nil {
		return facts.Unread[[]facts.Process](from, because("listing processes", err))
	}
	holders := map[string]*int{} // the owner of each socket, by its link in /proc/PID/fd
	for _, list := range [][]facts.Socket{f.UDP.Value, f.Listeners.Value} {
		for i := range list {
			holders[fmt.Sprintf("socket:[%d]", list[i].Inode)] = &list[i].PID
		}
	}
	for i := range f.Connections.Value {
		holders[fmt.Sprintf("socket:[%d]", f.Connections.Value[i].Inode)] = &f.Connections.Value[i].PID
	}
	out := []facts.Process{}
	fds := 0
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		holds := false
		if len(holders) > 0 && fds < maxFDs {
			holds = claim(pid, holders, &fds)
		}
		command, _ := slurp(filepath.Join("/proc", name, "cmdline"), 256<<10)
		p := process(pid, command)
		if (holds || p.Tomcat) && len(out) < maxHolders {
			tellMore(&p)
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b facts.Process) int { return a.PID - b.PID })
	return facts.Read(out, from)
}

// claim gives the sockets among a process's files its id.
func claim(pid int, holders map[string]*int, fds *int) bool {
	dir, err := os.Open(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxFDs - *fds)
	*fds += len(names)
	found := false
	for _, n := range names {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, n))
		if err != nil {
			continue
		}
		if owner := holders[target]; owner != nil {
			if *owner == 0 || pid < *owner {
				*owner = pid
			}
			found = true
		}
	}
	return found
}

// process tells from a command line (words ended by zero bytes) what runs. Only
// its first word and the main class are kept: the others may hold passwords.
func process(pid int, cmdline string) facts.Process {
	words := strings.Split(strings.TrimRight(cmdline, "\x00"), "\x00")
	p := facts.Process{PID: pid, Name: filepath.Base(words[0]), Command: words[0]}
	for _, w := range words[1:] {
		switch {
		case strings.HasPrefix(w, "org.apache.catalina.") || strings.Contains(w, "TribesPeer"):
			p.Tomcat = true
			p.Command += " " + w
		case strings.HasPrefix(w, "-Dcatalina.base="), strings.HasPrefix(w, "-Dcatalina.home="):
			p.Tomcat = true
		case w == "-Djava.net.preferIPv4Stack=true":
			p.PreferIPv4 = true
		}
	}
	if p.Tomcat {
		p.Name = "Tomcat"
	}
	return p
}

// tellMore reads what is asked of the few processes that matter.
func tellMore(p *facts.Process) {
	dir := fmt.Sprintf("/proc/%d/", p.PID)
	p.NetNS, _ = os.Readlink(dir + "ns/net")
	if p.Name == "" || p.Name == "." {
		name, _ := slurp(dir+"comm", 64)
		p.Name = strings.TrimSpace(name)
	}
	status, _ := slurp(dir+"status", 16<<10)
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		w := strings.Fields(value)
		if len(w) == 0 {
			continue
		}
		n, err := strconv.ParseInt(w[0], 10, 64)
		switch key {
		case "Seccomp":
			p.Seccomp = w[0] == "2"
		case "State":
			p.State = w[0]
		case "TracerPid":
			p.Tracer = int(n)
		case "VmRSS":
			p.ResidentKB = n
		case "VmSwap":
			p.SwappedKB = n
		case "Uid": // real, effective, saved, of the file system
			if len(w) > 1 {
				n, err = strconv.ParseInt(w[1], 10, 64)
			}
			if uid := uint32(n); err == nil {
				p.UID = &uid
			}
		}
	}
	cgroup, _ := slurp(dir+"cgroup", 16<<10)
	for line := range strings.Lines(cgroup) {
		for part := range strings.SplitSeq(strings.TrimSpace(line), "/") {
			if strings.HasSuffix(part, ".service") {
				p.Unit = part
			}
		}
	}
}

func sortedUnits(us []facts.Unit) []facts.Unit {
	slices.SortFunc(us, func(a, b facts.Unit) int { return strings.Compare(a.Name, b.Name) })
	return us
}
