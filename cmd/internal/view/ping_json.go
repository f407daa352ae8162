package view

import (
	"time"

	"muster/ping"
)

// PingReply is one answer in JSON. Verdict is counted, duplicate, late, unasked
// or ignored.
type PingReply struct {
	Type    string    `json:"type"` // reply
	Time    time.Time `json:"time"`
	Address string    `json:"address"`
	ID      string    `json:"id,omitempty"`
	Way     string    `json:"way"` // group or unicast
	Seq     uint32    `json:"seq"`
	Verdict string    `json:"verdict"`
	RTT     float64   `json:"rtt_ms"`
	Held    float64   `json:"held_ms"`
	TTL     int       `json:"ttl"` // -1 unknown
	Bytes   int       `json:"bytes"`
}

// PingSeries is the account of one way of asking in JSON.
type PingSeries struct {
	Sent        uint64  `json:"sent"`
	Received    uint64  `json:"received"`
	Lost        uint64  `json:"lost"`
	InFlight    uint64  `json:"in_flight"`
	LossPercent float64 `json:"loss_percent"`
	Duplicates  uint64  `json:"duplicates"`
	Reordered   uint64  `json:"reordered"`
	Late        uint64  `json:"late"`
	Min         float64 `json:"min_ms"`
	Avg         float64 `json:"avg_ms"`
	Max         float64 `json:"max_ms"`
	P50         float64 `json:"p50_ms"`
	P90         float64 `json:"p90_ms"`
	P99         float64 `json:"p99_ms"`
	Jitter      float64 `json:"jitter_ms"`
	FirstSeq    uint32  `json:"first_answer_seq"`
	FirstAfter  float64 `json:"first_answer_ms"`
}

// PingResponder is one row in JSON.
type PingResponder struct {
	Type    string `json:"type"` // responder
	Address string `json:"address"`
	Name    string `json:"name,omitempty"`
	ID      string `json:"id,omitempty"`
	Self    bool   `json:"self,omitempty"` // this host
	PingSeries
	TTL         int         `json:"ttl"`  // -1 unknown
	Hops        int         `json:"hops"` // -1 unknown
	HopsGuessed bool        `json:"hops_guessed"`
	Unicast     *PingSeries `json:"unicast,omitempty"`
}

// PingSummary is the last line in JSON.
type PingSummary struct {
	Type       string      `json:"type"` // summary
	Group      string      `json:"group"`
	Method     string      `json:"method"` // icmp or udp
	Interface  string      `json:"interface"`
	Source     string      `json:"source"`
	Sent       uint64      `json:"sent"`
	Failed     uint64      `json:"failed"`
	LastError  string      `json:"last_error,omitempty"`
	Responders int         `json:"responders"` // addresses that answered the group, this host's too
	Expected   int         `json:"expected"`   // on other hosts
	Seen       int         `json:"seen"`       // of the responders, on other hosts
	Missing    []string    `json:"missing"`
	OK         bool        `json:"ok"`
	Strays     ping.Strays `json:"strays"`
	Drops      uint64      `json:"dropped"`
	ClockJumps []float64   `json:"clock_jumps_ms"`
	Notes      []string    `json:"notes"`
	TookMS     int64       `json:"took_ms"`
}

// Reply writes one answer as a JSON line.
func (p *Ping) Reply(r ping.Reply) {
	_ = p.lines.Write(PingReply{ // a closed pipe shows with the rows
		Type: "reply", Time: time.Unix(0, r.At), Address: r.From.String(), ID: hexID(r.Responder), Way: way(r.Unicast),
		Seq: r.Seq, Verdict: r.Verdict.String(), RTT: ms(r.RTT), Held: ms(r.Held), TTL: r.TTL, Bytes: r.Size,
	})
}

func (p *Ping) json(r *ping.Result, missing, notes []string) error {
	for _, row := range r.Responders {
		line := PingResponder{
			Type: "responder", Address: row.Addr.String(), Name: p.Expect.Name(row.Addr), ID: hexID(row.ID), Self: p.own(row.Addr),
			PingSeries: seriesJSON(row.Series), TTL: row.TTL, Hops: row.Hops, HopsGuessed: row.HopsGuessed,
		}
		if row.Unicast.Sent > 0 {
			u := seriesJSON(row.Unicast)
			line.Unicast = &u
		}
		if err := p.lines.Write(line); err != nil {
			return err
		}
	}
	for _, v := range p.Verdicts {
		if err := p.lines.Write(NewVerdict(v)); err != nil {
			return err
		}
	}
	s := p.summary(r)
	s.Missing, s.Notes = missing, notes
	if s.Notes == nil {
		s.Notes = []string{}
	}
	return p.lines.Write(s)
}

func (p *Ping) summary(r *ping.Result) PingSummary {
	s := PingSummary{
		Type: "summary", Group: p.Group.Addr.String(), Method: "icmp", Interface: p.Interface.Name,
		Sent: r.Sent, Failed: r.Failed, Responders: p.answered(r.Responders), Expected: p.Expect.Count,
		Missing: []string{}, Strays: r.Strays, Drops: r.Drops, ClockJumps: []float64{}, Notes: []string{}, TookMS: r.Took.Milliseconds(),
	}
	if p.UDP {
		s.Group, s.Method = p.Group.String(), "udp"
	}
	if src, ok := p.Interface.SourceFor(p.Group.Addr); ok {
		s.Source = src.String()
	}
	if r.LastError != nil {
		s.LastError = r.LastError.Error()
	}
	for _, j := range r.ClockJumps {
		s.ClockJumps = append(s.ClockJumps, ms(j))
	}
	s.Seen = p.Expect.Answering(r.Responders)
	s.OK = s.Seen > 0 && p.Expect.Met(r.Responders)
	return s
}

func seriesJSON(s ping.Series) PingSeries {
	return PingSeries{
		Sent: s.Sent, Received: s.Received, Lost: s.Lost, InFlight: s.InFlight, LossPercent: s.LossPercent(),
		Duplicates: s.Duplicates, Reordered: s.Reordered, Late: s.Late, Min: ms(s.Min), Avg: ms(s.Avg), Max: ms(s.Max),
		P50: ms(s.P50), P90: ms(s.P90), P99: ms(s.P99), Jitter: ms(s.Jitter), FirstSeq: s.FirstSeq, FirstAfter: ms(s.FirstAfter),
	}
}
