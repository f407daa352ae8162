//go:build unix

package logs

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// followed collects what Follow tells.
type followed struct {
	mu       sync.Mutex
	texts    []string
	verdicts []string
	firsts   int
	cancel   context.CancelFunc
	done     chan error
	res      *Result
}

func follow(t *testing.T, names ...string) *followed {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &followed{cancel: cancel, done: make(chan error, 1)}
	o := Options{lookEvery: 10 * time.Millisecond}
	for _, n := range names {
		o.Inputs = append(o.Inputs, file(n))
	}
	go func() {
		r, err := Follow(ctx, o, func(u Update) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if u.First {
				f.firsts++
			}
			for _, e := range u.Events {
				f.texts = append(f.texts, fmt.Sprintf("%s %s %s", e.Node, e.Kind, e.Member))
			}
			for _, v := range u.Verdicts {
				f.verdicts = append(f.verdicts, string(v.ID))
			}
			return nil
		})
		f.res = r
		f.done <- err
	}()
	return f
}

// wait waits until so many events were told.
func (f *followed) wait(t *testing.T, n int) {
	t.Helper()
	for range 3000 {
		f.mu.Lock()
		have := len(f.texts)
		f.mu.Unlock()
		if have >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("events %q, want %d of them", f.texts, n)
}

// end is Ctrl-C; it returns what was told.
func (f *followed) end(t *testing.T) string {
	t.Helper()
	f.cancel()
	if err := <-f.done; err != nil {
		t.Fatal(err)
	}
	return strings.Join(f.texts, "\n")
}

func write(t *testing.T, name, s string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, s); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file is followed over its renaming and over its being emptied, and a line that is
// written in two goes is one line.
func TestFollowRotated(t *testing.T) {
	name := filepath.Join(t.TempDir(), "catalina.out")
	write(t, name, added(1, 1))
	f := follow(t, name)
	f.wait(t, 1)
	line := added(2, 2)
	write(t, name, line[:60])
	write(t, name, line[60:])
	f.wait(t, 2)

	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, name+".1", added(3, 3)) // Tomcat still has the old one open
	f.wait(t, 3)
	write(t, name, added(4, 4))
	f.wait(t, 4)

	if err := os.Truncate(name, 0); err != nil { // copytruncate of logrotate
		t.Fatal(err)
	}
	write(t, name, added(5, 5))
	f.wait(t, 5)

	// Emptied and written beyond where it was, between two looks.
	if err := os.WriteFile(name, []byte(added(6, 6)+added(7, 7)), 0o600); err != nil {
		t.Fatal(err)
	}
	f.wait(t, 7)
	want := "catalina added 10.0.0.1:4000"
	for n := 2; n <= 7; n++ {
		want += fmt.Sprintf("\ncatalina added 10.0.0.%d:4000", n)
	}
	if got := f.end(t); got != want || f.firsts != 1 {
		t.Errorf("%d beginnings, events\n%s", f.firsts, got)
	}
}

// A FIFO is followed over its writers, and the verdicts come when there is one.
func TestFollowFIFO(t *testing.T) {
	dir := t.TempDir()
	pipe, name := filepath.Join(dir, "pipe"), filepath.Join(dir, "b.log")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no FIFO here: ", err)
	}
	write(t, name, added(9, 1))
	f := follow(t, pipe, name)
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, added(1, 1))
	w.Close()
	f.wait(t, 2)
	write(t, pipe, added(2, 2))
	f.wait(t, 3)
	write(t, name, "29-Nov-2026 17:00:05.000 SEVERE [x] org.apache.catalina.tribes.group.interceptors.EncryptInterceptor.messageReceived Failed to decrypt message\n\tjavax.crypto.AEADBadTagException: Tag mismatch!\n")
	f.wait(t, 4)
	f.end(t)
	if len(f.verdicts) == 0 || f.verdicts[len(f.verdicts)-1] != "tribes.key-mismatch" {
		t.Errorf("verdicts %q", f.verdicts)
	}
}

// Ctrl-C ends the wait for somebody who writes to a FIFO, and a file that is not
// there is told.
func TestFollowNobody(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no FIFO here: ", err)
	}
	f := follow(t, pipe)
	f.cancel()
	if err := <-f.done; err == nil {
		t.Error("want an error: nothing was read")
	}
	f = follow(t, filepath.Join(dir, "none.log"))
	if err := <-f.done; err == nil || !strings.Contains(err.Error(), "none.log") {
		t.Errorf("error %v", err)
	}
}
