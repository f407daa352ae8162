package ping

import (
	"net/netip"
	"time"
)

// reply is an answer that waits for its moment.
type reply struct {
	due    time.Time
	to     netip.AddrPort
	at     time.Time     // when the request was read
	before time.Duration // how long the kernel had had it by then
	echo   Echo
}

// waiting is a heap of replies, the one due first at the top.
type waiting []reply

// push adds w and reports whether it is due before all others.
func (q *waiting) push(w reply) bool {
	*q = append(*q, w)
	h := *q
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !h[i].due.Before(h[up].due) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	return i == 0
}

func (q *waiting) pop() reply {
	h := *q
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h[last] = reply{}
	h = h[:last]
	*q = h
	for i := 0; ; {
		least := i
		for _, c := range []int{2*i + 1, 2*i + 2} {
			if c < len(h) && h[c].due.Before(h[least].due) {
				least = c
			}
		}
		if least == i {
			return top
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
