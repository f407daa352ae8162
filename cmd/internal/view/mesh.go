package view

import (
	"bufio"
	"slices"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/ping/mesh"
)

// MeshPeer names a node in JSON.
type MeshPeer struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Address string `json:"address"`
}

// MeshEvent is something that happened in a mesh, in JSON: the types are
// node_added, node_left, node_gone, node_back, node_restarted, arrow_stopped,
// arrow_resumed, matrix_complete, clock_jumped and problem.
type MeshEvent struct {
	Type   string    `json:"type"`
	Time   time.Time `json:"time"`
	From   *MeshPeer `json:"from,omitempty"`
	To     *MeshPeer `json:"to,omitempty"`
	Reason string    `json:"reason,omitempty"`
	ByMS   float64   `json:"by_ms,omitempty"`
	Text   string    `json:"text,omitempty"`
	Nodes  int       `json:"nodes,omitempty"` // matrix_complete
}

// MeshNode is a node at the end, in JSON. ClockMS is how far its clock is ahead of
// this host's, within half of RTTMS; both are absent where no exchange succeeded.
type MeshNode struct {
	Type string `json:"type"` // node
	MeshPeer
	Label    string    `json:"label"`
	State    string    `json:"state"` // alive, left, gone or rumour
	Self     bool      `json:"self"`
	Version  string    `json:"version"`
	MTU      int       `json:"mtu"`
	TCPPort  uint16    `json:"tcp_port"`
	LastWord time.Time `json:"last_word"`
	ClockMS  *float64  `json:"clock_ms,omitempty"`
	RTTMS    *float64  `json:"rtt_ms,omitempty"`
	Proven   bool      `json:"proven"` // it proved that it hears this node
}

// MeshDirection is how To hears From, in JSON.
type MeshDirection struct {
	Type        string     `json:"type"`  // arrow
	From        string     `json:"from"`  // label
	To          string     `json:"to"`    // label
	State       string     `json:"state"` // heard, stopped, never, left or unknown
	Cut         bool       `json:"cut"`
	FromID      string     `json:"from_id"`
	ToID        string     `json:"to_id"`
	LossPercent float64    `json:"loss_percent"`
	DelayMS     *float64   `json:"delay_ms,omitempty"`
	StoppedAt   *time.Time `json:"stopped_at,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	// TCP is what became of To's connection to From's port.
	TCP string `json:"tcp"`
	// ClockMS is how far From's clock is ahead of To's.
	ClockMS *float64 `json:"clock_ms,omitempty"`
}

// MeshSummary is the last line.
type MeshSummary struct {
	Type string `json:"type"` // summary
	verdict.Summary
	Group      string      `json:"group"`
	Interface  string      `json:"interface"`
	Nodes      int         `json:"nodes"` // that take part, this one included
	Expected   int         `json:"expected"`
	Seen       int         `json:"seen"` // of them, other than this one
	Missing    []string    `json:"missing"`
	Directions int         `json:"arrows"`
	Cut        []string    `json:"cut"` // "n1 > n2": n2 does not hear n1
	LoadMean   float64     `json:"load_mean_bits_per_second"`
	LoadPeak   float64     `json:"load_peak_bits_per_second"`
	Queries    *int        `json:"queries,omitempty"` // IGMP or MLD, seen on the interface; absent where it could not be looked at
	Counts     mesh.Counts `json:"counts"`
	Dropped    uint64      `json:"dropped"`
	TookMS     int64       `json:"took_ms"`
}

// Mesh shows a mesh.
type Mesh struct {
	s         *term.Stream
	lines     *term.Lines // nil: text
	live      *term.Live
	Group     mcast.Group
	Interface mcast.Interface
	Expected  expect.Expect
}

// NewMesh shows on s.
func NewMesh(s *term.Stream, json bool, g mcast.Group, i mcast.Interface, e expect.Expect) *Mesh {
	m := &Mesh{s: s, live: term.NewLive(s), Group: g, Interface: i, Expected: e}
	if json {
		m.lines = term.NewLines(s)
	}
	return m
}

func meshPeer(n mesh.NodeInfo) MeshPeer {
	return MeshPeer{n.ID.String(), n.Name, n.Address()}
}

// Event tells what happened.
func (m *Mesh) Event(e mesh.Event) {
	if m.lines == nil {
		m.live.Print(m.s.Hang(meshEventText(m.s, e)))
		return
	}
	line := MeshEvent{Type: string(e.Kind), Time: e.Time, Text: e.Text, ByMS: ms(e.By), Nodes: e.Nodes}
	if e.From.ID != 0 {
		p := meshPeer(e.From)
		line.From = &p
	}
	if e.To.ID != 0 {
		p := meshPeer(e.To)
		line.To = &p
	}
	if e.Kind == mesh.DirectionStopped {
		line.Reason = e.Reason.String()
	}
	_ = m.lines.Write(line) // a closed pipe shows at the end
}

// Final shows everything at the end.
func (m *Mesh) Final(r *mesh.Report, vs []verdict.Verdict) error {
	if m.lines == nil {
		return m.finalText(r, vs)
	}
	for i := range r.Nodes {
		if err := m.lines.Write(meshNode(r, i)); err != nil {
			return err
		}
	}
	sum := m.summary(r, vs)
	sum.Dropped = r.Dropped
	all := bufio.NewWriterSize(m.s, 64<<10) // a thousand nodes have a million directions
	directions := term.NewLines(all)
	for a := range r.Directions() {
		if err := directions.Write(meshDirection(r, a)); err != nil {
			return err
		}
	}
	if err := all.Flush(); err != nil {
		return err
	}
	for _, v := range vs {
		if err := m.lines.Write(NewVerdict(v)); err != nil {
			return err
		}
	}
	return m.lines.Write(sum)
}

func (m *Mesh) summary(r *mesh.Report, vs []verdict.Verdict) MeshSummary {
	s := MeshSummary{
		Type: "summary", Summary: verdict.Summarize(vs), Group: m.Group.String(), Interface: m.Interface.Name,
		Expected: r.Expecting(m.Expected), Missing: r.Missing(m.Expected), Cut: []string{}, LoadMean: r.LoadMean, LoadPeak: r.LoadPeak,
		Counts: r.Counts, TookMS: r.At.Sub(r.Start).Milliseconds(),
	}
	if s.Missing == nil {
		s.Missing = []string{}
	}
	if r.View.Able {
		s.Queries = &r.View.Queries
	}
	for _, n := range r.Nodes {
		if n.State == mesh.Alive {
			s.Nodes++
			if !n.Self {
				s.Seen++
			}
		}
	}
	for a := range r.Directions() {
		s.Directions++
		if a.Cut() {
			s.Cut = append(s.Cut, r.Label(a.From)+" > "+r.Label(a.To))
		}
	}
	slices.Sort(s.Cut)
	return s
}

func meshNode(r *mesh.Report, i int) MeshNode {
	n := r.Nodes[i]
	out := MeshNode{
		Type: "node", MeshPeer: meshPeer(n), Label: r.Label(i), State: string(n.State), Self: n.Self,
		Version: n.Version, MTU: n.MTU, TCPPort: n.TCPPort, LastWord: n.Word, Proven: n.Self || !n.Proven.IsZero(),
	}
	if n.OffsetKnown && !n.Self {
		offset, rtt := ms(n.Offset), ms(n.RTT)
		out.ClockMS, out.RTTMS = &offset, &rtt
	}
	return out
}

func meshDirection(r *mesh.Report, a mesh.Direction) MeshDirection {
	from, to := r.Nodes[a.From], r.Nodes[a.To]
	out := MeshDirection{
		Type: "arrow", From: r.Label(a.From), To: r.Label(a.To), State: string(a.State), Cut: a.Cut(),
		FromID: from.ID.String(), ToID: to.ID.String(), LossPercent: 100 * a.Loss, TCP: a.TCP.String(),
	}
	if a.DelayOK {
		d := ms(a.Delay)
		out.DelayMS = &d
	}
	if a.State == mesh.Stopped {
		at := a.StoppedAt
		out.StoppedAt, out.Reason = &at, a.Reason.String()
	}
	if from.OffsetKnown && to.OffsetKnown {
		c := ms(from.Offset - to.Offset)
		out.ClockMS = &c
	}
	return out
}
