package cmd

import (
	"strings"
	"sync"
	"time"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/sniff"
)

// sniffScreen shows a running capture: on a terminal as a screen that is drawn
// again and again and takes keys, else as a table now and then.
type sniffScreen struct {
	o    *sniffOutput
	term *term.Screen // nil without a full terminal
	sort byte
	done chan struct{}
	wg   sync.WaitGroup
}

const (
	screenEvery = 500 * time.Millisecond
	plainEvery  = 5 * time.Second
)

func newSniffScreen(o *sniffOutput) *sniffScreen {
	return &sniffScreen{o: o, sort: 'n', done: make(chan struct{})}
}

// start takes the terminal and draws until close.
func (s *sniffScreen) start() {
	every := plainEvery
	if s.term = term.OpenScreen(s.o.a.Out); s.term != nil {
		every = screenEvery
	}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		t := time.NewTicker(every)
		defer t.Stop()
		s.draw()
		var keys <-chan byte
		if s.term != nil {
			keys = s.term.Keys()
		}
		for {
			select {
			case <-s.done:
				return
			case <-t.C:
			case k := <-keys:
				if !s.key(k) {
					s.o.run.Stop()
					return
				}
			}
			s.draw()
		}
	}()
}

// key obeys a key; false ends the capture.
func (s *sniffScreen) key(k byte) bool {
	const ctrlC = 3
	switch k {
	case 'q', 'Q', ctrlC:
		return false
	case 'n', 'b', 'i', 'l', 's':
		s.sort = k
	}
	return true
}

func (s *sniffScreen) close() {
	close(s.done)
	s.wg.Wait()
	if s.term != nil {
		s.term.Close()
	}
}

// draw shows what is known now.
func (s *sniffScreen) draw() {
	out := s.o.a.Out
	width, height := out.Resize()
	now := int64(0)
	if s.o.src.Live {
		now = time.Now().UnixNano()
	}
	var drawn []string
	s.o.run.View(func(res *sniff.Result) { drawn = view.SniffTop(out, res, s.sort, width, height, s.term != nil, now) })
	if s.term != nil {
		s.term.Draw(drawn)
		return
	}
	_, _ = out.Write([]byte(strings.Join(drawn, "\n") + "\n\n")) // a closed pipe ends the process
}
