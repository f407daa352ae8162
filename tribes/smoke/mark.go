package smoke

import "time"

// Deed is what happened to a node.
type Deed string

// The deeds that a run marks.
const (
	Started    Deed = "started"    // its first heartbeat is out
	GotState   Deed = "state"      // it has the cluster's state
	Created    Deed = "created"    // it made a set of sessions
	Replicated Deed = "replicated" // it holds, or reaches, every byte of the set as it is now
	Served     Deed = "served"     // it served a request that changed the set
	Ended      Deed = "ended"      // it invalidated the set
	Gone       Deed = "gone"       // the set is no more on it
	Killed     Deed = "killed"     // SIGKILL
	Left       Deed = "left"       // it said goodbye and ended
)

// Mark is one deed of one node: the matter of a picture of the run.
type Mark struct {
	At   time.Duration // since the run began
	Step int           // number of the step
	Node int           // 0 is A
	Deed Deed
	Set  string // of sessions; empty where the deed is about none
}

// mark notes a deed at this moment.
func (r *run) mark(node int, deed Deed, set string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks = append(r.marks, Mark{At: time.Since(r.began), Step: len(r.report.Steps) + 1, Node: node, Deed: deed, Set: set})
}

// takeMarks are those of the step that is over.
func (r *run) takeMarks() []Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.marks
	r.marks = nil
	return m
}
