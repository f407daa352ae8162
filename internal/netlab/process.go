package netlab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Line is a line that a process printed, and when it came.
type Line struct {
	Time time.Time
	Text string
}

// Process is a process on a host that runs beside the test; all that it prints is
// kept.
type Process struct {
	Stdin io.Writer

	tb     TB
	name   string
	cmd    *Cmd
	ended  chan struct{} // closed when it has ended and all is read
	mu     sync.Mutex
	lines  []Line
	marked int
	more   chan struct{} // closed and replaced when a line comes
}

// Launch starts a process on the host, which ends with the test at the latest.
func (h *Host) Launch(tb TB, program string, args ...string) *Process {
	tb.Helper()
	p := &Process{
		tb: tb, name: program + " on " + h.Name(), ended: make(chan struct{}), more: make(chan struct{}),
		cmd: h.Command(context.Background(), program, args...),
	}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		tb.Fatalf("netlab: %v", err)
	}
	p.Stdin = stdin
	r, w, err := os.Pipe()
	if err != nil {
		tb.Fatalf("netlab: %v", err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	err = p.cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		tb.Fatalf("netlab: starting %s: %v", p.name, err)
	}
	go p.read(r)
	tb.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended already
		<-p.ended
	})
	return p
}

func (p *Process) read(r io.ReadCloser) {
	defer close(p.ended)
	defer r.Close()
	in := bufio.NewReader(r)
	for {
		text, err := in.ReadString('\n')
		if text != "" {
			p.mu.Lock()
			p.lines = append(p.lines, Line{time.Now(), strings.TrimRight(text, "\r\n")})
			close(p.more)
			p.more = make(chan struct{})
			p.mu.Unlock()
		}
		if err != nil {
			break
		}
	}
	_ = p.cmd.Wait() // how it ended is seen in its log
}

// Log returns all lines so far.
func (p *Process) Log() []Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Line(nil), p.lines...)
}

// Since returns the lines since the last Mark.
func (p *Process) Since() []Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Line(nil), p.lines[p.marked:]...)
}

// Mark makes WaitLog, Count and Since forget the lines so far.
func (p *Process) Mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marked = len(p.lines)
}

// Count tells how many lines since the last Mark match the pattern.
func (p *Process) Count(pattern string) int {
	re := regexp.MustCompile(pattern)
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, l := range p.lines[p.marked:] {
		if re.MatchString(l.Text) {
			n++
		}
	}
	return n
}

// WaitLog returns the first line since the last Mark that matches the pattern,
// and waits for it if need be; the test fails when it does not come in time.
func (p *Process) WaitLog(pattern string, within time.Duration) Line {
	p.tb.Helper()
	re := regexp.MustCompile(pattern)
	return p.WaitLine(fmt.Sprintf("line %q", pattern), within, re.MatchString)
}

// WaitLine is WaitLog for lines that no pattern describes; what names them.
func (p *Process) WaitLine(what string, within time.Duration, match func(string) bool) Line {
	p.tb.Helper()
	l, err := p.wait(within, match)
	if err != nil {
		p.tb.Fatalf("%s: no %s: %v\n%s", p.name, what, err, p.Tail())
	}
	return l
}

func (p *Process) wait(within time.Duration, match func(string) bool) (Line, error) {
	timeout := time.After(within)
	next := -1
	for {
		p.mu.Lock()
		next = max(next, p.marked)
		lines, more := p.lines, p.more
		p.mu.Unlock()
		for ; next < len(lines); next++ {
			if match(lines[next].Text) {
				return lines[next], nil
			}
		}
		select {
		case <-more:
		case <-p.ended:
			p.mu.Lock()
			all := next == len(p.lines)
			p.mu.Unlock()
			if all {
				return Line{}, fmt.Errorf("it ended: %v", p.cmd.ProcessState)
			}
		case <-timeout:
			return Line{}, fmt.Errorf("not within %v", within)
		}
	}
}

// Tail is what the process printed last, for a failure's message.
func (p *Process) Tail() string {
	lines := p.Log()
	var b strings.Builder
	for _, l := range lines[max(0, len(lines)-40):] {
		fmt.Fprintf(&b, "  %s %s\n", l.Time.Format("15:04:05.000"), l.Text)
	}
	return b.String()
}

// Stop ends the process in order (it says goodbye) and waits for its end.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

// Interrupt ends the process as Ctrl-C does.
func (p *Process) Interrupt() { p.end(syscall.SIGINT) }

// Kill ends the process as a crash does.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

func (p *Process) end(sig syscall.Signal) {
	p.tb.Helper()
	p.Signal(sig)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.tb.Fatalf("%s: not ended 30 s after %v\n%s", p.name, sig, p.Tail())
	}
}

// Ended is closed when the process has ended and all its lines are kept.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// ExitStatus is how the process ended: -1 by a signal, or when it still runs.
func (p *Process) ExitStatus() int {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

// Pause stops the process as a very long garbage collection does.
func (p *Process) Pause() { p.Signal(sigstop) }

// Resume lets a paused process go on.
func (p *Process) Resume() { p.Signal(sigcont) }

// Signal sends a signal and does not wait.
func (p *Process) Signal(sig syscall.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.tb.Fatalf("%s: sending %v: %v", p.name, sig, err)
	}
}
