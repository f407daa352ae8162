package verdict

// A Part is what a verdict has beside its words: Evidence, a Fix, a Next, the ID of
// a cause, or several of them.
type Part interface{ addTo(v *Verdict) }

// Evidence is one fact that a verdict rests on, and where it was read.
type Evidence struct {
	What     string `json:"what"`
	Value    string `json:"value"`
	ReadFrom string `json:"read_from"`
}

// Fix is one command, or one thing to do, that changes something for the better.
type Fix string

// Next is one command to run, or one thing to look at, that tells more.
type Next string

// Parts are several parts as one.
type Parts []Part

func (e Evidence) addTo(v *Verdict) { v.Evidence = append(v.Evidence, e) }
func (f Fix) addTo(v *Verdict)      { v.Fix = append(v.Fix, string(f)) }
func (n Next) addTo(v *Verdict)     { v.Next = append(v.Next, string(n)) }
func (id ID) addTo(v *Verdict)      { v.CausedBy = append(v.CausedBy, id) }

func (ps Parts) addTo(v *Verdict) {
	for _, p := range ps {
		p.addTo(v)
	}
}

// AllOf makes parts of one kind: AllOf[Fix](commands).
func AllOf[P interface {
	~string
	Part
}](list []string) Parts {
	out := make(Parts, len(list))
	for i, s := range list {
		out[i] = P(s)
	}
	return out
}
