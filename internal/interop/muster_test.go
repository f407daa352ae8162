package interop

import (
	"encoding/hex"
	"encoding/json"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
)

// program is the real muster, running on a host, with the JSON lines it prints.
type program struct {
	*netlab.Process
	t    *testing.T
	seen int // how many lines wait has looked at
}

// line is one JSON line, with the fields that these tests look at.
type line struct {
	Type     string `json:"type"`
	Reason   string `json:"reason"`
	Host     string `json:"host"`
	UniqueID string `json:"unique_id"`
	Member   struct {
		Host     string `json:"host"`
		UniqueID string `json:"unique_id"`
		AliveMS  int64  `json:"alive_ms"`
	} `json:"member"`
	Members int    `json:"members"`
	Answers int    `json:"answers"`
	Acks    int    `json:"acks"`
	Raw     string `json:"-"`
	At      time.Time
}

// muster starts the program on h. It ends with the test at the latest.
func muster(t *testing.T, h *netlab.Host, args ...string) *program {
	t.Helper()
	return &program{Process: h.Launch(t, "muster", args...), t: t}
}

// lines are all JSON lines so far.
func (p *program) lines() (lines []line) {
	for _, printed := range p.Log() {
		l := line{Raw: printed.Text, At: printed.Time}
		if strings.HasPrefix(l.Raw, "{") && json.Unmarshal([]byte(l.Raw), &l) == nil {
			lines = append(lines, l)
		}
	}
	return lines
}

// wait returns the next line that match accepts, reading on where the last wait
// ended.
func (p *program) wait(within time.Duration, what string, match func(line) bool) (found line) {
	p.t.Helper()
	p.WaitLine(what, within, func(string) bool {
		for lines := p.lines(); p.seen < len(lines); {
			found = lines[p.seen]
			p.seen++
			if match(found) {
				return true
			}
		}
		return false
	})
	return found
}

func (p *program) event(within time.Duration, kind, host string) line {
	p.t.Helper()
	return p.wait(within, kind+" "+host, func(l line) bool { return l.Type == kind && l.Member.Host == host })
}

func (p *program) joined() line {
	p.t.Helper()
	return p.wait(5*time.Second, "joined", func(l line) bool { return l.Type == "joined" })
}

// end sends sig and waits for the end. It returns the last line and the exit
// status, -1 for a death by signal.
func (p *program) end(sig syscall.Signal) (last line, status int) {
	p.t.Helper()
	p.Signal(sig)
	return p.finish()
}

func (p *program) finish() (last line, status int) {
	p.t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(30 * time.Second):
		p.t.Fatalf("muster still runs\n%s", p.Tail())
	}
	if lines := p.lines(); len(lines) > 0 {
		last = lines[len(lines)-1]
	}
	return last, p.ExitStatus()
}

// heartbeatID reads the id in the next heartbeat of a host, by its place on the
// wire: a record for IPv4 without command, domain and payload has it at byte 47.
func heartbeatID(t *testing.T, on, of *netlab.Host) string {
	t.Helper()
	var conn *net.UDPConn
	on.Do(func() {
		eth0, err := net.InterfaceByName("eth0")
		if err != nil {
			t.Fatal(err)
		}
		if conn, err = net.ListenMulticastUDP("udp4", eth0, &net.UDPAddr{IP: net.IPv4(228, 0, 0, 4), Port: 45564}); err != nil {
			t.Fatal(err)
		}
	})
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatalf("no heartbeat of %s: %v", of.Name(), err)
		}
		if from.Addr() == of.Addr() && n == 77 {
			return hex.EncodeToString(buf[47:63])
		}
	}
}
