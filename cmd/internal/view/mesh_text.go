package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/ping/mesh"
)

// matrixNodes is how many nodes a matrix for people has at most; of more only the
// directions that are not as they should be are shown.
const matrixNodes = 24

func peerText(n mesh.NodeInfo) string {
	p := meshPeer(n)
	switch {
	case n.Self && p.Name == "":
		return "this node"
	case p.Name == "":
		return escape.Text(p.Address)
	case p.Address == "":
		return escape.Text(p.Name)
	}
	return escape.Text(p.Name + " (" + p.Address + ")")
}

func meshEventText(s *term.Stream, e mesh.Event) string {
	text := term.Clock(e.Time) + " "
	switch e.Kind {
	case mesh.NodeAdded:
		text += s.Good(peerText(e.From)) + " is here"
	case mesh.NodeLeft:
		text += peerText(e.From) + " said goodbye"
	case mesh.NodeGone:
		text += s.Bad(peerText(e.From)) + " is gone: nothing comes from it any more, by no way"
	case mesh.NodeBack:
		text += s.Good(peerText(e.From)) + " is back"
	case mesh.NodeRestarted:
		text += peerText(e.From) + " was restarted"
	case mesh.DirectionStopped:
		text += s.Bad(peerText(e.From)+" > "+peerText(e.To)) + " stopped"
		if e.Reason != mesh.ReasonUnknown {
			text += ": " + e.Reason.String()
		}
	case mesh.DirectionResumed:
		text += s.Good(peerText(e.From)+" > "+peerText(e.To)) + " is heard again"
	case mesh.ClockJumped:
		text += s.Doubt("the clock of "+peerText(e.From)) + " was set by " + term.Seconds(e.By)
	case mesh.MatrixComplete:
		text += fmt.Sprintf("%d nodes: the whole matrix is known", e.Nodes)
	default:
		text += escape.Text(e.Text)
	}
	return text + "\n"
}

// Live: Update shows something, so a report is worth its price.
func (m *Mesh) Live() bool { return m.lines == nil && m.s.TTY }

// Update redraws the matrix on a terminal.
func (m *Mesh) Update(r *mesh.Report) {
	var b bytes.Buffer
	m.matrix(m.as(&b), r)
	m.live.Show(b.String())
}

// as is the stream m shows on, but written to w.
func (m *Mesh) as(w io.Writer) *term.Stream {
	c := *m.s
	c.Writer = w
	return &c
}

func (m *Mesh) finalText(r *mesh.Report, vs []verdict.Verdict) error {
	if err := m.live.Close(); err != nil {
		return err
	}
	var b bytes.Buffer
	m.nodes(m.as(&b), r)
	b.WriteByte('\n')
	m.matrix(m.as(&b), r)
	b.WriteByte('\n')
	b.WriteString(VerdictsText(m.s, vs))
	fmt.Fprintf(&b, "%s\n", m.s.Hang(m.closing(r)))
	_, err := m.s.Write(b.Bytes())
	return err
}

func (m *Mesh) nodes(s *term.Stream, r *mesh.Report) {
	t := term.Table{Header: []string{"NODE", "ADDRESS", "STATE", "CLOCK", "RTT", "MTU", "VERSION"}, Right: map[int]bool{3: true, 4: true, 5: true}}
	for i, n := range r.Nodes {
		offset, rtt := "-", "-"
		if n.OffsetKnown && !n.Self {
			offset, rtt = signed(n.Offset.Seconds()*1000)+" ms", term.Seconds(n.RTT)
		}
		state := string(n.State)
		if n.Self {
			state, offset, rtt = "this node", "0", ""
		}
		t.Add(escape.Text(r.Label(i)), escape.Text(meshPeer(n).Address), state, offset, rtt, n.MTU, escape.Text(n.Version))
	}
	_ = t.Render(s) // into memory
}

func signed(x float64) string { return fmt.Sprintf("%+.3f", x) }

// matrix has a row for each node, and in it how it hears the others.
func (m *Mesh) matrix(s *term.Stream, r *mesh.Report) {
	if len(r.Nodes) > matrixNodes {
		m.exceptions(s, r)
		return
	}
	t := term.Table{Header: []string{"HEARS"}, Right: map[int]bool{}}
	for i := range r.Nodes {
		t.Header = append(t.Header, escape.Text(r.Label(i)))
		t.Right[i+1] = true
	}
	for to := range r.Nodes {
		row := []any{escape.Text(r.Label(to))}
		for from := range r.Nodes {
			if from == to {
				row = append(row, "")
			} else {
				row = append(row, directionText(s, r.Direction(from, to)))
			}
		}
		t.Add(row...)
	}
	_ = t.Render(s)
}

// exceptions lists the directions that are not heard without loss.
func (m *Mesh) exceptions(s *term.Stream, r *mesh.Report) {
	t := term.Table{Header: []string{"FROM", "TO", "HEARD"}}
	heard, rest := 0, 0
	for a := range r.Directions() {
		switch {
		case a.State == mesh.Heard && a.Loss == 0:
			heard++
		case len(t.Rows) < 2*matrixNodes:
			t.Add(escape.Text(r.Label(a.From)), escape.Text(r.Label(a.To)), directionText(s, a))
		default:
			rest++
		}
	}
	fmt.Fprintf(s, "%s, %s heard without loss\n", term.Count(len(r.Nodes), "node"), term.Count(heard, "direction"))
	if len(t.Rows) > 0 {
		_ = t.Render(s)
	}
	if rest > 0 {
		fmt.Fprintf(s, "and %d more that are not\n", rest)
	}
}

func directionText(s *term.Stream, a mesh.Direction) string {
	text := ""
	switch a.State {
	case mesh.Heard:
		text = "ok"
		if a.DelayOK {
			text = fmt.Sprintf("%.3f ms", ms(a.Delay))
		}
		if a.Loss > 0 {
			text += " " + term.Percent(a.Loss)
		}
		if a.Loss >= 0.01 {
			text = s.Doubt(text)
		}
	case mesh.Stopped:
		text = s.Bad("cut " + a.StoppedAt.Local().Format("15:04:05"))
	case mesh.Ended:
		text = "left"
	case mesh.Never:
		text = s.Bad("never")
	default:
		text = "?"
	}
	if a.TCP > mesh.TCPOpen {
		text += s.Bad(" tcp " + a.TCP.String())
	}
	return text
}

func (m *Mesh) closing(r *mesh.Report) string {
	sum := m.summary(r, nil)
	parts := []string{term.Count(sum.Nodes, "node")}
	if sum.Expected > 0 {
		parts = append(parts, fmt.Sprintf("%d expected", sum.Expected))
	}
	parts = append(parts, fmt.Sprintf("%d of %s cut", len(sum.Cut), term.Count(sum.Directions, "direction")),
		fmt.Sprintf("the group carried %s, at most %s", load(r.LoadMean), load(r.LoadPeak)))
	c := r.Counts
	for _, x := range []struct {
		n    uint64
		what string
	}{
		{c.Invalid, "invalid datagrams"}, {c.Impostors, "datagrams under another node's identity"}, {c.Old, "announcements from the past"},
		{c.Duplicates, "duplicates"}, {c.Unasked, "answers nobody asked for"}, {c.Refused, "nodes too many"}, {c.SendFailed, "datagrams not sent"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return strings.Join(parts, ", ")
}

// load is a rate of bits: "812 bit/s", "8.10 kbit/s".
func load(bits float64) string {
	unit := " bit/s"
	if bits >= 1000 {
		bits, unit = bits/1000, " kbit/s"
	}
	return term.Significant(bits) + unit
}
