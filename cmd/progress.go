package cmd

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress tells which question is being asked, and, where it takes long, every half
// minute how much is left.
type progress struct {
	w     io.Writer
	mu    sync.Mutex
	until time.Time
	timer *time.Timer
}

const countdown = 30 * time.Second

func (p *progress) asking(question string, takes time.Duration) {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, "asking: %s (%s)\n", question, takes.Round(100*time.Millisecond))
	p.until = time.Now().Add(takes)
	if takes > countdown {
		p.timer = time.AfterFunc(countdown, p.left)
	}
}

func (p *progress) left() {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := time.Until(p.until).Round(time.Second)
	if p.timer == nil || left <= 0 {
		return
	}
	fmt.Fprintf(p.w, "%s left\n", left)
	p.timer.Reset(countdown)
}

func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}
