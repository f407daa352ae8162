package smoke

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is a node as the driver sees it: a child process, the lines that it
// has reported, and a way to wait for one.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	err  *tail
	self line // what it said of itself when it was ready

	mu      sync.Mutex
	seq     int
	answers map[int]line  // that came and were not taken
	lines   []line        // events
	changed chan struct{} // closed and replaced when any of these changes
	ended   bool
	done    chan struct{} // closed when the process is reaped
	exit    error         // valid after done
}

// startProcess starts argv as the node called name.
func startProcess(name string, argv []string) (*process, error) {
	p := &process{name: name, answers: map[int]line{}, changed: make(chan struct{}), done: make(chan struct{}), err: &tail{}}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Stderr = p.err
	p.cmd.SysProcAttr = ownProcessGroup()
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node %s: %w", name, err)
	}
	p.in = in
	go p.read(out)
	return p, nil
}

func (p *process) read(out io.Reader) {
	s := bufio.NewScanner(out)
	s.Buffer(make([]byte, 64<<10), 64<<20)
	for s.Scan() {
		var l line
		if json.Unmarshal(s.Bytes(), &l) != nil {
			l = line{Event: "garbage", Text: s.Text()}
		}
		p.update(func() {
			if l.Seq != 0 {
				p.answers[l.Seq] = l
			} else {
				p.lines = append(p.lines, l)
			}
		})
	}
	_, _ = io.Copy(io.Discard, out) // until it closes, however it does
	p.exit = p.cmd.Wait()
	p.update(func() { p.ended = true })
	close(p.done)
}

func (p *process) update(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// mark is the place in the node's report up to now; wait looks only behind it.
func (p *process) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}

// wait returns the first event at or after mark that matches.
func (p *process) wait(ctx context.Context, mark int, what string, match func(line) bool) (l line, err error) {
	err = p.until(ctx, what, func() bool {
		for ; mark < len(p.lines); mark++ {
			if match(p.lines[mark]) {
				l = p.lines[mark]
				return true
			}
		}
		return false
	})
	return l, err
}

// ask sends a request and waits for its answer. One at a time asks a node.
func (p *process) ask(ctx context.Context, r request) (l line, err error) {
	p.seq++
	r.Seq = p.seq
	b, err := json.Marshal(r)
	if err != nil {
		return line{}, err
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		select {
		case <-p.done:
			return line{}, fmt.Errorf("node %s %s%s", p.name, p.end(), p.err.because())
		case <-time.After(time.Second):
		}
		return line{}, fmt.Errorf("node %s takes no more commands: %w%s", p.name, err, p.err.because())
	}
	err = p.until(ctx, "the answer to "+r.Do, func() (ok bool) {
		if l, ok = p.answers[r.Seq]; ok {
			delete(p.answers, r.Seq)
		}
		return ok
	})
	if err == nil && l.Error != "" {
		err = fmt.Errorf("node %s: %s: %s", p.name, r.Do, l.Error)
	}
	return l, err
}

// until waits until found, which is called with the lock held, says yes.
func (p *process) until(ctx context.Context, what string, found func() bool) error {
	for {
		p.mu.Lock()
		ok, ended, changed := found(), p.ended, p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		if ended {
			return fmt.Errorf("node %s %s before it told %s%s", p.name, p.end(), what, p.err.because())
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("node %s did not report in time: %s%s", p.name, what, p.err.because())
			}
			return ctx.Err()
		}
	}
}

// end says how the process ended by itself, or by somebody else's doing.
func (p *process) end() string {
	<-p.done
	var exit *exec.ExitError
	switch {
	case p.exit == nil:
		return "ended"
	case errors.As(p.exit, &exit) && !exit.Exited():
		return fmt.Sprintf("was ended from outside (%s)", exit) // a signal; the kernel's, where memory was short
	}
	return fmt.Sprintf("ended with %s", p.exit)
}

// kill ends the process without warning (SIGKILL) and reaps it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
	p.in.Close()
}

// tail keeps the end of what a node says on stderr.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > tailBytes {
		t.b = append([]byte(nil), t.b[len(t.b)-tailBytes:]...)
	}
	return len(p), nil
}

func (t *tail) because() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := bytes.TrimSpace(t.b)
	if len(text) == 0 {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	return "; its last words: " + strings.Join(lines[max(0, len(lines)-2):], " / ")
}
