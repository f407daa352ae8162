package logs

import "muster/tribes/logs/message"

// found are the messages of texts that were seen before: in a log that matters for
// its size the same ones come again and again.
type found struct {
	message.Match
	ok bool
}

const maxRemembered = 4096

// finder finds the messages of one log.
type finder map[string]found

// matters reports whether the meaning of a message is worth a word.
func (f finder) matters(key string) bool {
	m, ok := f["\x00"+key] // no text begins with a zero
	if !ok {
		m.ok = message.Matters(key)
		f["\x00"+key] = m
	}
	return m.ok
}

func (f finder) find(text string, anywhere bool) (message.Match, bool) {
	if m, ok := f[text]; ok {
		return m.Match, m.ok
	}
	m, ok := message.Find(text, anywhere)
	if len(f) >= maxRemembered {
		clear(f)
	}
	f[text] = found{m, ok}
	return m, ok
}
