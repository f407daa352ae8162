package term

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"muster/internal/escape"
	"muster/internal/hint"
)

// NewLogger returns what rooms tell a person beside their results: warnings as
// notes with their hints, nothing of it with quiet; and with verbose what is
// sent, received and dropped, with the time.
func NewLogger(s *Stream, quiet, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	switch {
	case verbose:
		level = slog.LevelDebug
	case quiet:
		level = slog.LevelError
	}
	return slog.New(&logHandler{s: s, level: level, verbose: verbose})
}

type logHandler struct {
	s       *Stream
	level   slog.Level
	verbose bool
	attrs   []slog.Attr
}

func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *logHandler) WithGroup(string) slog.Handler { return h }

func (h *logHandler) WithAttrs(as []slog.Attr) slog.Handler {
	c := *h
	c.attrs = append(c.attrs[:len(c.attrs):len(c.attrs)], as...)
	return &c
}

// Handle writes one record with one call, so that records never mix.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	if h.verbose {
		b.WriteString(h.s.Dim(r.Time.Format("15:04:05.000")) + " ")
	}
	if r.Level >= slog.LevelWarn {
		b.WriteString("note: ")
	}
	b.WriteString(escape.Text(r.Message))
	var hints []string
	add := func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			fmt.Fprintf(&b, ": %s", escape.Text(err.Error()))
			hints = append(hints, hint.Of(err)...)
			return true
		}
		text := a.Value.String()
		if d, ok := a.Value.Any().(time.Duration); ok {
			text = Seconds(d)
		}
		fmt.Fprintf(&b, " %s=%s", a.Key, escape.Text(text))
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	b.WriteByte('\n')
	for _, x := range hints {
		fmt.Fprintf(&b, "hint: %s\n", escape.Text(x))
	}
	_, err := h.s.Write([]byte(b.String()))
	return err
}
