package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/doctor"
	"muster/internal/escape"
	"muster/internal/verdict"
)

// Doctor shows what the doctor found.
type Doctor struct {
	*doctor.Result
	Took time.Duration
	All  bool // every verdict
}

// DoctorMember is a JSON line about a member as it is seen from here.
type DoctorMember struct {
	Type  string `json:"type"`
	Name  string `json:"name,omitempty"`  // what its node is called, where the node said so
	Host  string `json:"host"`            // the address that it advertises
	Port  uint16 `json:"port"`            // of its receiver
	Own   bool   `json:"own"`             // it is on this host, and proves nothing about the network
	Heard uint64 `json:"heartbeats"`      // that arrived here
	TCP   string `json:"tcp"`             // what became of the last connection to its receiver: `open`, `refused`, `timeout`, `unreachable`, `unknown` (not tried)
	Tries int    `json:"tcp_tries"`       // connections that were tried
	Acked *bool  `json:"acked,omitempty"` // it answered a question; absent where it was not asked
	From  string `json:"from"`            // what tells of it: `heartbeats`, `server.xml`, `--expect`, another node
}

// DoctorSummary is the last line.
type DoctorSummary struct {
	Type string `json:"type"`
	verdict.Summary
	Remarks  int      `json:"remarks"`         // findings that are as true of a healthy cluster
	Blind    []string `json:"blind,omitempty"` // questions that could not be asked, with the reason
	WatchedS float64  `json:"watched_s"`       // seconds for which the wire was watched
	TookMS   int64    `json:"took_ms"`         // milliseconds of the whole run
}

// JSON writes a line for each member and verdict, and the summary.
func (r Doctor) JSON(w io.Writer) error {
	lines := term.NewLines(w)
	for _, m := range r.Members {
		row := DoctorMember{"member", m.Name, m.Addr.Addr().String(), m.Addr.Port(), m.Own, m.Heard, m.TCP.String(), m.Tries, m.Acked, m.From}
		if err := lines.Write(row); err != nil {
			return err
		}
	}
	for _, v := range r.Verdicts {
		if err := lines.Write(NewVerdict(v)); err != nil {
			return err
		}
	}
	for _, v := range r.Remarks {
		row := NewVerdict(v)
		row.Type = "remark"
		if err := lines.Write(row); err != nil {
			return err
		}
	}
	return lines.Write(DoctorSummary{"summary", r.Summary, len(r.Remarks), r.Blind, r.Watched.Seconds(), r.Took.Milliseconds()})
}

// Text is for a person in a hurry: the causes, what follows from them, what could not be
// told, and the next step.
func (r Doctor) Text(s *term.Stream) error {
	var b strings.Builder
	shown := map[verdict.ID]bool{}
	for _, id := range r.Summary.Causes[:min(len(r.Summary.Causes), 3)] {
		shown[id] = true
		for _, v := range r.Verdicts {
			if v.ID == id && v.Status.Bad() {
				b.WriteString(VerdictText(s, v))
			}
		}
	}
	var follows []string
	for _, v := range r.Verdicts {
		if v.Status.Bad() && !shown[v.ID] {
			shown[v.ID] = true
			follows = append(follows, string(v.ID))
		}
	}
	if len(follows) > 0 && !r.All {
		fmt.Fprintf(&b, "also    %s (--all shows each)\n", strings.Join(follows, ", "))
	}
	for _, v := range r.Verdicts {
		open := v.Status == verdict.Unknown && r.Summary.Status == verdict.Unknown // nothing is wrong, and this is left to ask
		if r.All && !(v.Status.Bad() && shown[v.ID]) || v.ID == "tribes.alone" && !v.Status.Bad() || open {
			b.WriteString(VerdictText(s, v))
		}
	}
	for _, x := range r.Blind {
		fmt.Fprintf(&b, "unseen  %s\n", escape.Text(x))
	}
	if n := len(r.Remarks); n > 0 && !r.All {
		fmt.Fprintf(&b, "besides %s of no weight here (--all shows them)\n", term.Count(n, "remark"))
	}
	if r.All {
		for _, v := range r.Remarks {
			b.WriteString(VerdictText(s, v))
		}
	}
	fmt.Fprintf(&b, "%s: %d pass, %d warn, %d fail, %d unknown in %.1f s\n", Status(s, r.Summary.Status), r.Summary.Pass, r.Summary.Warn, r.Summary.Fail, r.Summary.Unknown, r.Took.Seconds())
	_, err := io.WriteString(s, s.Hang(b.String()))
	return err
}
