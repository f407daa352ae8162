package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"muster/routecheck/facts"
)

// fill reads what Linux tells. It stays on one thread, so that everything is
// read in one network namespace.
func fill(ctx context.Context, f *facts.Facts) {
	f.Kernel = kernelRelease()
	f.Self = readSelf()
	f.Platform = readPlatform()
	f.Links = readLinks(ctx, f)
	f.Addrs = readAddrs(ctx, f)
	f.Routes = readRoutes(ctx, f)
	f.Rules = readRules(ctx, f)
	f.Neighbours = readNeighbours(ctx, f)
	f.Bridges = readBridges(ctx, f)
	f.Queues = readQueues(ctx, f)
	f.Memberships = readMemberships(f)
	f.Filters = readFilters(f)
	f.LinkLayer = readLinkLayer(f)
	f.Counters = readCounters()
	f.UDP, f.Listeners = readSockets(ctx, f.Query)
	f.Connections = readConnections(ctx, f.Query)
	f.Processes = readProcesses(f)
	f.ToGroup = askRoute(ctx, f)
	f.ToSources = askSources(ctx, f)
	f.ToReceivers = askReceivers(ctx, f)
	readSysctls(f)
	f.BindTest = testBind(f)
	f.Firewall = readFirewall(ctx, f)
	f.Clock = readClock()
	f.SELinux = readSELinux(f.Query)
	f.Units = readUnits(f)
	f.PF = facts.Unread[facts.PF]("", "Linux has no pf")
	f.AppFirewall = facts.Unread[facts.AppFirewall]("", "this is not macOS")
	f.Defender = facts.Unread[facts.Defender]("", "this is not Windows")
}

// procNet is /proc/net of the calling thread: that of the process may be another
// namespace's.
const procNet = "/proc/thread-self/net/"

// Limits of what is read of a host.
const (
	maxFile       = 4 << 20
	maxLinks      = 4096
	maxAddrs      = 16384
	maxRoutes     = 20000
	maxNeighbours = 1024
	maxSources    = 64
	maxMembers    = 16384
	maxSockets    = 4096
)

// slurp reads a file up to a limit.
func slurp(name string, limit int) (string, error) {
	fd, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer fd.Close()
	var b strings.Builder
	buf := make([]byte, 16<<10)
	for b.Len() < limit {
		n, err := fd.Read(buf)
		b.Write(buf[:n])
		switch {
		case errors.Is(err, io.EOF), err != nil && b.Len() > 0:
			return b.String(), nil // the end, or what there was of it
		case err != nil:
			return "", err
		}
	}
	return b.String(), nil
}

// because puts an error in words that say what to do about it.
func because(what string, err error) string {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Sprintf("%s needs a right that muster does not have here (CAP_NET_ADMIN, CAP_NET_RAW or root): %v", what, err)
	case errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EPROTONOSUPPORT):
		return fmt.Sprintf("%s is not possible here: this kernel, or the sandbox of this process, has no such sockets: %v", what, err)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Sprintf("%s is not possible here: %v", what, err)
	}
	return fmt.Sprintf("%s: %v", what, err)
}

// errnoName is ENETUNREACH and the like, "" for success.
func errnoName(err error) string {
	if err == nil {
		return ""
	}
	var n unix.Errno
	if errors.As(err, &n) {
		return unix.ErrnoName(n)
	}
	return err.Error()
}

func kernelRelease() facts.Fact[string] {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return facts.Unread[string]("uname", err.Error())
	}
	return facts.Read(unix.ByteSliceToString(u.Release[:]), "uname")
}

func readSelf() facts.Fact[facts.Self] {
	const from = "/proc/self/status"
	s := facts.Self{UID: os.Geteuid()}
	text, err := slurp(from, 16<<10)
	if err != nil {
		return facts.Unread[facts.Self](from, err.Error())
	}
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "CapEff:"); ok {
			_, _ = fmt.Sscanf(v, "%x", &s.Capabilities) // none where it cannot be read
		}
	}
	return facts.Read(s, from)
}

func readClock() facts.Fact[facts.Clock] {
	const from = "adjtimex"
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return facts.Unread[facts.Clock](from, err.Error())
	}
	return facts.Read(facts.Clock{Synchronized: state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, MaxErrorUS: int64(t.Maxerror)}, from) //nolint:unconvert // an int32 on machines of 32 bits
}
