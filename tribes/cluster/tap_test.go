package cluster

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// A Tap keeps what comes for who looks on, in order and without sharing memory,
// and never more than its bounds.
func TestTap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := NewTap(&Node{cfg: Config{Logger: slog.New(slog.DiscardHandler)}})
		buffer := []byte("object 1")
		send := func(o tribes.Options) {
			t.Helper()
			m := channel.Message{}
			m.Options, m.Message = o, buffer
			if err := tap.HandleMessage(t.Context(), &m); err != nil {
				t.Fatal(err)
			}
		}
		got := make(chan []channel.Message)
		go func() {
			all, err := tap.Next(t.Context())
			if err != nil {
				t.Error(err)
			}
			got <- all
		}()
		synctest.Wait()
		send(tribes.ByteMessage) // no object
		synctest.Wait()
		select {
		case all := <-got:
			t.Fatalf("%d messages", len(all))
		default:
		}
		send(0)
		copy(buffer, "OBJECT 2")
		if all := <-got; len(all) != 1 || string(all[0].Message) != "object 1" {
			t.Errorf("%+v", all)
		}

		for range tapMessages + 3 {
			send(0)
		}
		all, err := tap.Next(t.Context())
		if err != nil || len(all) != tapMessages || tap.Missed() != 3 {
			t.Errorf("%d messages, %d missed, %v", len(all), tap.Missed(), err)
		}
		buffer = make([]byte, tapBytes/4)
		for range 6 {
			send(0)
		}
		if all, _ = tap.Next(t.Context()); len(all) != 4 || tap.Missed() != 5 {
			t.Errorf("%d messages, %d missed", len(all), tap.Missed())
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := tap.Next(ended); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
