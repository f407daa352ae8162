package ping

// windowSize is how many of the latest probes an answer may belong to: 6.5
// seconds at 10,000 probes a second. What answers an older one comes from the
// past and is counted as late.
const windowSize = 1 << 16

// window remembers which of the latest probes were answered. The zero value is
// ready; it grows with the sequence numbers, up to 8 KiB.
type window struct {
	bits []uint64
	next uint32 // all below were cleared when the window reached them
}

// mark notes that seq was answered and reports whether it was already. seq must
// be no more than windowSize-1 below the highest one marked or asked for.
func (w *window) mark(seq uint32) (again bool) {
	w.reach(seq)
	i := seq % windowSize
	word, bit := &w.bits[i/64], uint64(1)<<(i%64)
	again = *word&bit != 0
	*word |= bit
	return again
}

func (w *window) reach(seq uint32) {
	if n := min(int(seq)/64+1, windowSize/64); n > len(w.bits) {
		grown := make([]uint64, min(max(n, 2*len(w.bits), 4), windowSize/64))
		copy(grown, w.bits)
		w.bits = grown
	}
	if seq < w.next {
		return
	}
	if seq-w.next >= windowSize {
		clear(w.bits)
	} else {
		for s := w.next; s <= seq; s++ {
			i := s % windowSize
			w.bits[i/64] &^= 1 << (i % 64)
		}
	}
	w.next = seq + 1
}

// has reports whether seq, one of the latest windowSize, was answered.
func (w *window) has(seq uint32) bool {
	i := seq % windowSize
	return seq < w.next && int(i/64) < len(w.bits) && w.bits[i/64]&(1<<(i%64)) != 0
}
