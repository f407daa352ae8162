package mesh

import "time"

const (
	// DefaultLoad is the bound for all announcements on a group together, in bits
	// per second, with their UDP, IP and Ethernet headers.
	DefaultLoad = 1_000_000
	// fastest is the time between two announcements of a node while there are few.
	fastest = 500 * time.Millisecond
	// usual is what an announcement takes on the wire where nodes are many: short
	// enough for one a second of each of two hundred nodes, long enough that its
	// header is the smaller part.
	usual = 400
	// opening is the time before which nodes that start together say no second word
	// when they are many: a thousand short announcements take it. They say the first
	// one in firstWords, so that everybody is known when lists are told: an entry
	// about a node unknown is lost until the next round.
	opening    = time.Second
	firstWords = opening * 4 / 5
	// overhead4 is the headers of Ethernet (14 and the checksum, 4), IPv4 (20) and
	// UDP (8); IPv6's is 20 longer.
	overhead4, overhead6 = 46, 66
	// share of the bound that is planned for; the rest is for chance and for nodes
	// that do not know yet how many there are.
	share = 0.85
)

// pace is the plan of a node among n: how often it announces itself, and with how
// many bytes of datagram at most.
func pace(n, load, overhead int) (interval time.Duration, size int) {
	bytes := share * float64(load) / 8 / float64(max(n, 1)) // per second
	interval = max(fastest, time.Duration(usual/bytes*float64(time.Second)))
	size = int(bytes*interval.Seconds()) - overhead
	return interval, min(max(size, 200), MaxPacket)
}

// meter measures the group's load over the latest second, in steps of a tenth.
type meter struct {
	overhead int
	steps    [10]int
	at       int64 // the current step, tenths of a second
	peak     int   // bytes in the busiest second
	total    uint64
}

func (m *meter) move(now time.Duration) {
	step := int64(now / (100 * time.Millisecond))
	if step-m.at >= int64(len(m.steps)) {
		m.steps = [10]int{}
		m.at = step
	}
	for m.at < step {
		m.at++
		m.steps[m.at%int64(len(m.steps))] = 0
	}
}

// add notes a datagram of n bytes that came at now, a time since the node began,
// which may be past.
func (m *meter) add(n int, now time.Duration) {
	m.move(now)
	if step := max(int64(now/(100*time.Millisecond)), 0); m.at-step < int64(len(m.steps)) {
		m.steps[step%int64(len(m.steps))] += n + m.overhead
	}
	m.total += uint64(n + m.overhead)
	m.peak = max(m.peak, m.sum())
}

func (m *meter) sum() (n int) {
	for _, s := range m.steps {
		n += s
	}
	return n
}

// bits is the load of the latest second, in bits.
func (m *meter) bits(now time.Duration) int {
	m.move(now)
	return 8 * m.sum()
}
