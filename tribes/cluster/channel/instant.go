package channel

import "time"

// instant is a time by the monotonic clock alone, which costs half of time.Now:
// a message looks at the clock several times.
type instant time.Duration

var epoch = time.Now()

func monotonic() instant { return instant(time.Since(epoch)) }

func (i instant) time() time.Time { return epoch.Add(time.Duration(i)) }
