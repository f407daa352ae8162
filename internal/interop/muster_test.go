package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
)

// program is the real muster, running on a host, with the JSON lines it prints.
type program struct {
	t   *testing.T
	cmd *netlab.Cmd

	mu    sync.Mutex
	lines []line
	more  chan struct{} // closed and replaced with each line
	ended chan struct{}
	seen  int
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

// muster starts the program on h. It is killed with the lab at the latest.
func muster(t *testing.T, h *netlab.Host, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: h.Command(context.Background(), "muster", args...), more: make(chan struct{}), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+h.Dir())
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			l := line{Raw: s.Text(), At: time.Now()}
			if err := json.Unmarshal(s.Bytes(), &l); err != nil {
				l.Type = "not JSON: " + err.Error()
			}
			p.mu.Lock()
			p.lines = append(p.lines, l)
			close(p.more)
			p.more = make(chan struct{})
			p.mu.Unlock()
		}
	}()
	return p
}

// wait returns the next line that match accepts, reading on where the last wait
// ended.
func (p *program) wait(within time.Duration, what string, match func(line) bool) line {
	p.t.Helper()
	late := time.After(within)
	for {
		p.mu.Lock()
		for p.seen < len(p.lines) {
			l := p.lines[p.seen]
			p.seen++
			if match(l) {
				p.mu.Unlock()
				return l
			}
		}
		more := p.more
		p.mu.Unlock()
		select {
		case <-more:
		case <-late:
			p.t.Fatalf("muster did not tell within %s: %s; it told:\n%s", within, what, p.all())
		}
	}
}

func (p *program) event(within time.Duration, kind, host string) line {
	p.t.Helper()
	return p.wait(within, kind+" "+host, func(l line) bool { return l.Type == kind && l.Member.Host == host })
}

func (p *program) all() (s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		s += l.Raw + "\n"
	}
	return s
}

// end sends sig and waits for the end. It returns the last line and the exit
// status, -1 for a death by signal.
func (p *program) end(sig syscall.Signal) (last line, status int) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	return p.finish()
}

func (p *program) finish() (last line, status int) {
	<-p.ended
	_ = p.cmd.Wait() // its error is the status
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lines) > 0 {
		last = p.lines[len(p.lines)-1]
	}
	return last, p.cmd.ProcessState.ExitCode()
}
