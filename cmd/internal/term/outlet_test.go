//go:build unix

package term

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// fullPipe returns a pipe that takes nothing more, and how much it holds.
func fullPipe(t *testing.T) (r, w *os.File, held int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	ready := readiness(w)
	for ready(1) {
		n, err := w.Write(bytes.Repeat([]byte("x"), pipeAtOnce))
		if err != nil {
			t.Fatal(err)
		}
		held += n
	}
	return r, w, held
}

func TestOutletWaitsForItsReader(t *testing.T) {
	r, w, held := fullPipe(t)
	o := newOutlet(w, false)
	done := make(chan error, 1)
	go func() {
		_, err := io.WriteString(o, "last words\n")
		w.Close()
		done <- err
	}()
	got, err := io.ReadAll(r)
	if err != nil || string(got[held:]) != "last words\n" {
		t.Errorf("read %q, %v", got[held:], err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A reader that takes nothing is given up, and all later writes with it.
func TestOutletGivesUp(t *testing.T) {
	_, w, _ := fullPipe(t)
	o := newOutlet(w, false)
	done := make(chan error, 1)
	go func() {
		_, err := io.WriteString(o, "nobody reads this")
		done <- err
	}()
	for waiting := true; waiting; {
		o.giveUp(time.Millisecond)
		select {
		case err := <-done:
			if !errors.Is(err, errBlocked) {
				t.Errorf("the write ended with %v", err)
			}
			waiting = false
		case <-time.After(time.Millisecond):
		}
	}
	if _, err := io.WriteString(o, "nor this"); !errors.Is(err, errBlocked) {
		t.Errorf("a later write: %v", err)
	}
	o.flush()
}

// The writer of a log never waits: what finds no room is counted and told.
func TestOutletDrops(t *testing.T) {
	r, w, held := fullPipe(t)
	o := newOutlet(w, true)
	line := strings.Repeat("y", 1023) + "\n"
	for range outletRoom/len(line) + 7 {
		if n, err := io.WriteString(o, line); n != len(line) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	go func() {
		o.flush()
		w.Close()
	}()
	got, err := io.ReadAll(r)
	text := string(got[held:])
	if kept := strings.Count(text, line); err != nil || kept != outletRoom/len(line) {
		t.Errorf("%d lines were kept, want %d; %v", kept, outletRoom/len(line), err)
	}
	if !strings.HasSuffix(text, "note: 7 messages are not shown: nobody read them in time\n") {
		t.Errorf("it ends with %q", text[max(len(text)-100, 0):])
	}
}
