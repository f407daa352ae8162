package stage

import "muster/internal/verdict"

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

// Verdicts name the members whose messages do not open (tribes.key-mismatch)
// and those whose clocks are too far off for the replay window
// (tribes.clock-skew).
func (e *Encrypt) Verdicts() []verdict.Verdict {
	var out []verdict.Verdict
	for _, f := range e.faults.list(wrongKey, unsealed, wrongForm) {
		out = append(out, f.verdict("tribes.key-mismatch", verdict.Fail, verdict.Definite, "dropped",
			"the same EncryptInterceptor with the same encryptionKey and encryptionAlgorithm on all nodes, changed while the cluster is stopped"))
	}
	for _, f := range e.faults.list(skewed) {
		out = append(out, f.verdict("tribes.clock-skew", verdict.Fail, verdict.Definite, "dropped",
			"chronyc tracking", "set the clocks of both hosts by NTP"))
	}
	return out
}
