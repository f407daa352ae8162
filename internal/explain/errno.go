package explain

import (
	"strconv"
	"strings"

	"muster/internal/lazyregexp"
)

// errnos are the errors of sockets and the ways in which they are written: the words
// of strerror on Linux, the BSDs and Windows, the names that Node and C write, and
// the numbers on Linux, on the BSDs with macOS, and of Windows Sockets.
var errnos = []struct {
	name                string
	linux, bsd, windows int
	words               []string
}{
	{"EPERM", 1, 1, 0, []string{"operation not permitted"}},
	{"EACCES", 13, 13, 10013, []string{"permission denied", "forbidden by its access permissions"}},
	{"ENODEV", 19, 19, 0, []string{"no such device", "operation not supported by device"}},
	{"EINVAL", 22, 22, 10022, []string{"invalid argument", "an invalid argument was supplied"}},
	{"EMFILE", 24, 24, 10024, []string{"too many open files"}},
	{"EMSGSIZE", 90, 40, 10040, []string{"message too long", "larger than the internal message buffer"}},
	{"ENOPROTOOPT", 92, 42, 10042, []string{"protocol not available", "protocol option not available", "unsupported option or level was specified in a getsockopt"}},
	{"EOPNOTSUPP", 95, 45, 10045, []string{"operation not supported"}},
	{"EAFNOSUPPORT", 97, 47, 10047, []string{"address family not supported", "incompatible with the requested protocol was used"}},
	{"EADDRINUSE", 98, 48, 10048, []string{"address already in use", "address in use", "only one usage of each socket address"}},
	{"EADDRNOTAVAIL", 99, 49, 10049, []string{"cannot assign requested address", "can't assign requested address", "can not assign requested address", "address not available", "requested address is not valid in its context"}},
	{"ENETDOWN", 100, 50, 10050, []string{"network is down", "encountered a dead network"}},
	{"ENETUNREACH", 101, 51, 10051, []string{"network is unreachable", "network unreachable", "attempted to an unreachable network"}},
	{"ECONNRESET", 104, 54, 10054, []string{"connection reset", "forcibly closed by the remote host"}},
	{"ENOBUFS", 105, 55, 10055, []string{"no buffer space available", "lacked sufficient buffer space"}},
	{"ETIMEDOUT", 110, 60, 10060, []string{"connection timed out", "connect timed out", "operation timed out", "did not properly respond after a period of time"}},
	{"ECONNREFUSED", 111, 61, 10061, []string{"connection refused", "actively refused"}},
	{"EHOSTUNREACH", 113, 65, 10065, []string{"no route to host", "host is unreachable", "host unreachable", "noroutetohost", "attempted to an unreachable host"}},
	{"EHOSTDOWN", 112, 64, 10064, []string{"host is down"}},
}

// number is an error's number where it is said to be one: "[Errno 48]",
// "Errno(105)", "(os error 10049)", "[WinError 10065]", "errno=101", "code: 10013".
var number = lazyregexp.New(`(?i)(?:errno|winerror|wsa\w*|os error|error(?: code)?|err|code)\W{0,4}(\d{1,5})\b`)

// errnosOf returns the names of the errors in a text, which is in lower case.
func errnosOf(lower string) map[string]bool {
	out := map[string]bool{}
	for _, e := range errnos {
		for _, w := range e.words {
			if strings.Contains(lower, w) {
				out[e.name] = true
			}
		}
		if name := strings.ToLower(e.name); strings.Contains(lower, name) {
			out[e.name] = true // WSAEADDRINUSE has it too
		}
	}
	if len(out) > 0 {
		return out // words are clearer than numbers, which differ between systems
	}
	for _, m := range number().FindAllStringSubmatch(lower, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n == 0 {
			continue
		}
		for _, e := range errnos {
			// What Linux and a BSD number differently is taken for Linux', unless no
			// Linux has it.
			if n == e.windows || n == e.linux || n == e.bsd && !linuxNumber(n) {
				out[e.name] = true
			}
		}
	}
	return out
}

func linuxNumber(n int) bool {
	for _, e := range errnos {
		if e.linux == n {
			return true
		}
	}
	return false
}
