package channel

import "time"

// patience learns how to wait for an answer: asleep, or looking for it all the time.
//
// An acked message is a short wait. Where this process and its peer run on two
// processors, both go to sleep and are woken again, which on a virtual machine takes
// longer than all the rest; looking keeps this one awake, and yields it to whoever
// needs it, the peer among them. Which is better depends on where the system lets
// both run, so the other way is tried now and then, for a few answers.
type patience struct {
	single bool // there is one processor only

	looks         bool    // the way that serves better
	slept, looked instant // means of the latest answers' times, by the way; 0 unknown
	since         int     // answers since the latest trial
	trial         int     // answers that are left of one
}

const (
	trialFew, trialEach = 8, 512
	// Quicker answers come from the same processor, where both have what they need:
	// looking would drive them apart. On a single one they cannot be.
	quickAnswer = instant(45 * time.Microsecond)
	// Slower ones are held up by something else.
	slowAnswer = instant(250 * time.Microsecond)
)

// look is for how long to look for the next answer, 0 not at all.
func (p *patience) look() instant {
	usual := p.looked
	if usual == 0 {
		usual = p.slept
	}
	if p.looks == (p.trial > 0) {
		return 0
	}
	return min(2*usual, slowAnswer)
}

// took notes an answer's time.
func (p *patience) took(d instant, looked bool) {
	mean := &p.slept
	if looked {
		mean = &p.looked
	}
	if *mean == 0 {
		*mean = d
	}
	*mean += (d - *mean) / 4
	if p.trial > 0 {
		if p.trial--; p.trial == 0 {
			p.looks = p.looked < p.slept && p.looked < slowAnswer
			p.since = 0
		}
		return
	}
	p.since++
	if p.since >= trialEach || p.since >= trialFew && p.looked == 0 {
		p.try()
	}
}

// try begins a trial of the other way, where it may win.
func (p *patience) try() {
	switch {
	case p.looks:
		p.slept = 0
	case p.slept < slowAnswer && (p.single || p.slept > quickAnswer):
		p.looked = 0
	default:
		return
	}
	p.trial = trialFew
}
