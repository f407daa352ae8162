package stage

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"muster/internal/verdict"
	"muster/tribes/interceptor"
)

// EncryptStats are what an Encrypt counted.
type EncryptStats struct {
	Opened    uint64 // decrypted and handed up
	WrongKey  uint64 // another key or algorithm
	Unsealed  uint64 // not encrypted
	WrongForm uint64 // with a time stamp where none is wanted, or the reverse
	Skewed    uint64 // sent outside of the replay window: clocks differ
	Replayed  uint64 // came before
}

// Stats returns what was counted so far.
func (e *Encrypt) Stats() EncryptStats {
	f := &e.faults
	return EncryptStats{Opened: e.opened.Load(), WrongKey: f.count(wrongKey), Unsealed: f.count(unsealed),
		WrongForm: f.count(wrongForm), Skewed: f.count(skewed), Replayed: f.count(replayed)}
}

// Verdicts name the members whose messages do not open (tribes.key-mismatch), those
// who encrypt as another generation of Tomcat does (tribes.version-mix), and those whose
// clocks are too far off for the replay window (tribes.clock-skew).
func (e *Encrypt) Verdicts() []verdict.Verdict {
	var out []verdict.Verdict
	for _, f := range e.faults.list(wrongForm) {
		out = append(out, f.verdict("tribes.version-mix", verdict.Fail, verdict.Definite, "dropped", oneGeneration))
	}
	out = append(out, e.heard.verdicts()...)
	for _, f := range e.faults.list(wrongKey, unsealed) {
		out = append(out, f.verdict("tribes.key-mismatch", verdict.Fail, verdict.Definite, "dropped",
			"the same EncryptInterceptor with the same encryptionKey and encryptionAlgorithm on all nodes, changed while the cluster is stopped"))
	}
	for _, f := range e.faults.list(skewed) {
		out = append(out, f.verdict("tribes.clock-skew", verdict.Fail, verdict.Definite, "dropped",
			"chronyc tracking", "set the clocks of both hosts by NTP"))
	}
	return out
}

const oneGeneration = "releases of one side of 9.0.119, 10.1.56 and 11.0.23 on all nodes; until then no EncryptInterceptor, all stopped before"

// sealing is how a member encrypts.
type sealing struct {
	algorithm interceptor.Algorithm
	stamped   bool // a time stamp stands before the message
}

// sealings are how members encrypt whose messages were read.
type sealings struct {
	mu  sync.Mutex
	who []string // in the order in which they were heard
	by  map[string]sealing
}

func (l *sealings) note(who string, algorithm interceptor.Algorithm, stamped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.by[who]; !known {
		if len(l.by) >= mostFaulty {
			return
		}
		if l.by == nil {
			l.by = map[string]sealing{}
		}
		l.who = append(l.who, who)
	}
	l.by[who] = sealing{algorithm, stamped}
}

// verdicts: this member reads both, but those with a time stamp and those without cannot
// read each other, nor can those with different algorithms.
func (l *sealings) verdicts() (out []verdict.Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	forms, ciphers := map[string][]string{}, map[string][]string{}
	for _, who := range l.who {
		form := "without a time stamp (Tomcats before 9.0.119, 10.1.56 and 11.0.23)"
		if l.by[who].stamped {
			form = "with a time stamp (Tomcats since 9.0.119, 10.1.56 and 11.0.23)"
		}
		forms[form] = append(forms[form], who)
		cipher := "with " + l.by[who].algorithm.String()
		ciphers[cipher] = append(ciphers[cipher], who)
	}
	add := func(id verdict.ID, groups map[string][]string, fix string) {
		if len(groups) < 2 {
			return
		}
		var parts []string
		for how, who := range groups {
			parts = append(parts, fmt.Sprintf("%s encrypt %s", strings.Join(who, ", "), how))
		}
		slices.Sort(parts)
		out = append(out, verdict.New(id, verdict.Fail, verdict.Definite, strings.Join(l.who, ", "),
			strings.Join(parts, "; ")+": neither can read the other's messages", verdict.Fix(fix)))
	}
	add("tribes.version-mix", forms, oneGeneration)
	add("tribes.key-mismatch", ciphers, "the same encryptionAlgorithm on all nodes, changed while the cluster is stopped")
	return out
}
