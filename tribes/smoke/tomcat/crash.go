package tomcat

import (
	"context"
	"fmt"
	"time"

	"muster/internal/hint"
	"muster/tribes/smoke"
)

// The steps in which A dies and comes back, by a command or by hand.

// crash ends A, and waits until it answers no more and the cluster has given it
// up.
func crash(ctx context.Context, r *run, detail map[string]any) error {
	if !r.kills() {
		return skipped("nobody kills A: --kill-command names a command that does")
	}
	a := r.nodes[0]
	mark := r.wire.mark()
	done, err := r.deed(ctx, r.Kill, fmt.Sprintf("kill A, the Tomcat at %s, without warning (kill -9)", a.http.url.Host))
	if err != nil || !done {
		return orSkipped(err, "A was not killed")
	}
	began := time.Now()
	if err := r.until(ctx, killTime, func() bool {
		p, _ := a.http.get(ctx, visit{})
		return p.Status == 0
	}); err != nil {
		return hint.Wrap(a.named(fmt.Errorf("it still answers %s after it was to be killed", killTime)), "does the command end the right process?")
	}
	a.down = true
	r.mark(0, smoke.Killed, "")
	detail["silent_after_ms"] = time.Since(began).Milliseconds()
	return r.wire.missed(ctx, a, mark, r.membersTime()+checkTime, detail)
}

const (
	killTime  = 15 * time.Second
	checkTime = 5 * time.Second // of a receiver that is gone, on a loaded machine
)

// deed has something done to A: by a command, else by the person at the terminal.
func (r *run) deed(ctx context.Context, command, what string) (bool, error) {
	if command != "" {
		return true, execute(ctx, expand(command, 0, r.nodes[0].http))
	}
	if r.Prompt != nil {
		return r.Prompt(ctx, what)
	}
	return false, nil
}

func orSkipped(err error, why string) error {
	if err != nil {
		return err
	}
	return skipped(why)
}

// comeBack starts A again: it is a member again and serves S1 with what the
// others changed meanwhile. Where nobody killed it, it has to serve that anyway.
func comeBack(ctx context.Context, r *run, detail map[string]any) error {
	a := r.nodes[0]
	if a.down {
		mark, began := r.wire.mark(), time.Now()
		done, err := r.deed(ctx, r.Start, fmt.Sprintf("start A, the Tomcat at %s, again", a.http.url.Host))
		if err != nil || !done {
			return orSkipped(err, "A is down and nobody starts it: --start-command names a command that does")
		}
		if r.Start == "" {
			began = time.Now() // a person took its time
		}
		var last error
		if err := r.until(ctx, r.StartWait, func() bool {
			_, last = a.http.get(ctx, visit{})
			return last == nil
		}); err != nil {
			return hint.Wrap(a.named(fmt.Errorf("it does not answer %s after it was started: %w", r.StartWait, last)), "--start-wait allows more")
		}
		a.down = false
		r.mark(0, smoke.Started, "")
		detail["started_ms"] = time.Since(began).Milliseconds()
		if err := r.wire.returned(ctx, a, mark, r.membersTime(), detail); err != nil {
			return err
		}
	}
	err := r.hand(ctx, r.s1, len(r.nodes)-1, 0, detail)
	r.number(r.s1, detail)
	return err
}

// until asks every so often until done says yes or the time is over.
func (r *run) until(ctx context.Context, within time.Duration, done func() bool) error {
	for end := time.Now().Add(within); !done(); {
		if time.Now().After(end) {
			return context.DeadlineExceeded
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
