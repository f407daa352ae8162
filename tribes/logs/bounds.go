package logs

import (
	"fmt"
	"strings"
	"time"
)

// Bounds are the times between which events are told and judged.
type Bounds struct{ since, until bound }

// bound is a time, or a time before the end of the logs.
type bound struct {
	at     time.Time
	before time.Duration
	clock  time.Duration // since midnight, on the day of the logs' end; -1 is none
	given  bool
}

// ParseBounds reads --since and --until: RFC 3339 with or without its zone, a date
// and a time, a time alone ("17:00", on the day of the last line), or a duration
// ("1h") before the end of the logs.
func ParseBounds(since, until string) (b Bounds, err error) {
	if b.since, err = parseBound(since); err != nil {
		return b, fmt.Errorf("--since %w", err)
	}
	if b.until, err = parseBound(until); err != nil {
		return b, fmt.Errorf("--until %w", err)
	}
	return b, nil
}

func parseBound(s string) (bound, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return bound{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return bound{before: d, clock: -1, given: true}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return bound{at: t, clock: -1, given: true}, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return bound{clock: t.Sub(t.Truncate(24 * time.Hour)), given: true}, nil
		}
	}
	return bound{}, fmt.Errorf("%q: want a time as 2026-11-29T17:00:00 or 17:00, or a time before the end as 1h", s)
}

// resolve makes a time of it, zero where none was given.
func (b bound) resolve(last time.Time) time.Time {
	switch {
	case !b.given:
		return time.Time{}
	case !b.at.IsZero():
		return b.at
	case b.clock >= 0:
		return last.Truncate(24 * time.Hour).Add(b.clock)
	}
	return last.Add(-b.before)
}
