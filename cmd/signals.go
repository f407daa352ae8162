package cmd

import (
	"context"
	"os"
	"os/signal"
	"time"

	"muster/cmd/internal/term"
)

const (
	// sameStop is how long after the first signal another one is still the same
	// stop: timeout(1) and some shells send it to the process and to its group.
	sameStop = 100 * time.Millisecond
	// readerTime is how long a reader may take nothing of the last output.
	readerTime = 300 * time.Millisecond
	// stopTime is when a process whose output cannot be given up ends without its
	// last words.
	stopTime = 900 * time.Millisecond
)

// untilStopped returns a context that the first of stopSignals ends: the command
// then says goodbye and prints its summary. From then on a reader that has stopped
// reading is not waited for. A second signal ends the process at once, whatever is
// blocked.
func untilStopped(s *term.Streams) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, stopSignals...)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		began := time.Now()
		cancel()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-signals:
				if time.Since(began) > sameStop {
					os.Exit(exitInterrupted)
				}
			case <-tick.C:
				since := time.Since(began)
				if since >= readerTime && !s.GiveUp(readerTime) && since >= stopTime {
					os.Exit(exitInterrupted)
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
