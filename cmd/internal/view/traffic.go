package view

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/mcast"
	"muster/mcast/traffic"
)

// TrafficSummary closes the JSON of a command that counted traffic.
type TrafficSummary struct {
	Type      string          `json:"type"` // summary
	Interface string          `json:"interface"`
	Datagrams uint64          `json:"datagrams"`
	Bytes     uint64          `json:"bytes"`
	Dropped   uint64          `json:"dropped"`    // by the kernel, as they were not read in time
	NotShown  uint64          `json:"not_shown"`  // counted, but their lines were left out
	Unlisted  uint64          `json:"unlisted"`   // of senders for which the table had no room
	BadProbes uint64          `json:"bad_probes"` // began as a probe and could not be read
	Expected  int             `json:"expected"`   // senders of other hosts
	Seen      int             `json:"seen"`       // of the senders, those of other hosts
	Missing   []string        `json:"missing"`    // the hosts expected by name that were not heard
	Senders   []TrafficSender `json:"senders"`
}

// TrafficSender is the row of one sender.
type TrafficSender struct {
	Source     string         `json:"source"`
	Own        bool           `json:"own,omitempty"` // this host
	Groups     []string       `json:"groups"`
	Datagrams  uint64         `json:"datagrams"`
	Bytes      uint64         `json:"bytes"`
	Rate       float64        `json:"datagrams_per_second"`
	BitRate    float64        `json:"bits_per_second"` // of payload
	TTLMin     int            `json:"ttl_min"`         // -1 where the system does not tell
	TTLMax     int            `json:"ttl_max"`
	Interfaces []string       `json:"interfaces"`
	FirstSeen  time.Time      `json:"first_seen"`
	LastSeen   time.Time      `json:"last_seen"`
	Truncated  uint64         `json:"truncated,omitempty"`
	Probes     *TrafficProbes `json:"probes,omitempty"`
}

// TrafficProbes is what the numbered probes of a sender told.
type TrafficProbes struct {
	Streams     int     `json:"streams"`
	Received    uint64  `json:"received"`
	Lost        uint64  `json:"lost"`
	LostShare   float64 `json:"lost_share"`
	Duplicated  uint64  `json:"duplicated"`
	Reordered   uint64  `json:"reordered"`
	Before      uint64  `json:"sent_before_first"`
	AfterJoinMS float64 `json:"first_after_join_ms"`
	Complete    bool    `json:"complete"` // the last one of each stream came
}

// TrafficExtra is what the account itself does not know.
type TrafficExtra struct {
	Interface mcast.Interface
	Drops     uint64
	NotShown  uint64
	Expected  int      // senders of other hosts; 0: not said
	Seen      int      // senders of other hosts
	Missing   []string // expected by name, and not heard
}

// maxRows is how many senders people are shown; JSON has them all.
const maxRows = 100

// RenderTraffic prints the rows and totals of r.
func RenderTraffic(s *term.Stream, json bool, r traffic.Report, x TrafficExtra) error {
	if json {
		return term.NewLines(s).Write(newTrafficSummary(r, x))
	}
	if len(r.Senders) > 0 {
		if err := trafficTable(r, x).Render(s); err != nil {
			return err
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, from %s", term.Count(r.Datagrams, "datagram"), term.Count(r.Bytes, "byte"), term.Count(len(r.Senders), "sender"))
	if own := len(r.Senders) - x.Seen; own > 0 {
		fmt.Fprintf(&b, ", %d of them on this host", own)
	}
	switch {
	case len(x.Missing) > 0:
		b.WriteString(s.Bad("; not heard: " + escape.Text(strings.Join(x.Missing, ", "))))
	case x.Expected > x.Seen:
		b.WriteString(s.Bad(fmt.Sprintf("; %d of other hosts were expected", x.Expected)))
	}
	b.WriteByte('\n')
	if n := len(r.Senders) - maxRows; n > 0 {
		fmt.Fprintf(&b, "%s with fewer datagrams not shown (--json has all)\n", term.Count(n, "sender"))
	}
	if r.Unlisted > 0 {
		fmt.Fprintf(&b, "the table of senders was full: %s of others were only counted\n", term.Count(r.Unlisted, "datagram"))
	}
	if r.BadProbes > 0 {
		fmt.Fprintf(&b, "%s began as a muster probe and could not be read\n", term.Count(r.BadProbes, "datagram"))
	}
	if x.NotShown > 0 {
		fmt.Fprintf(&b, "%s counted but not shown: the output was too slow (-q shows only the rows)\n", term.Count(x.NotShown, "datagram"))
	}
	if x.Drops > 0 {
		b.WriteString(s.Bad(fmt.Sprintf("the kernel dropped %s that were not read in time", term.Count(x.Drops, "datagram"))))
		b.WriteByte('\n')
	}
	_, err := s.Write([]byte(s.Hang(b.String())))
	return err
}

// trafficColumns are the columns of a sender's row; those of probes come last.
var trafficColumns = []string{"SENDER", "GROUP", "DATAGRAMS", "BYTES", "RATE", "TTL", "INTERFACE", "FIRST", "LAST", "LOST", "LOSS", "DUP", "REORD", "AFTER JOIN"}

const plainColumns = 9 // without those of probes

func trafficTable(r traffic.Report, x TrafficExtra) *term.Table {
	columns := plainColumns
	for _, a := range r.Senders {
		if a.Probes != nil {
			columns = len(trafficColumns)
		}
	}
	t := &term.Table{
		Header: trafficColumns[:columns],
		Right:  map[int]bool{2: true, 3: true, 4: true, 5: true, 9: true, 10: true, 11: true, 12: true, 13: true},
	}
	for _, a := range r.Senders[:min(len(r.Senders), maxRows)] {
		cells := []any{senderCell(a), groupCell(a.Groups), a.Datagrams, a.Bytes, term.PerSecond(a.Rate()),
			ttlCell(a), escape.Text(strings.Join(interfaceNames(a.Interfaces, x.Interface), ",")), term.Clock(a.First), term.Clock(a.Last)}
		t.Add(append(cells, probeCells(a.Probes)...)[:columns]...)
	}
	t.Spare = []int{6, 7, 3, 8} // the interface is told before, and times are the least of it
	return t
}

func senderCell(a traffic.Account) string {
	if a.Own {
		return escape.Text(a.Source.String()) + " (this host)"
	}
	return escape.Text(a.Source.String())
}

func groupCell(groups []netip.AddrPort) string {
	if len(groups) == 1 {
		return escape.Text(groups[0].String())
	}
	return strconv.Itoa(len(groups)) + " groups"
}

func ttlCell(a traffic.Account) string {
	switch {
	case a.MaxTTL < 0:
		return "-"
	case a.MinTTL == a.MaxTTL:
		return strconv.Itoa(a.MinTTL)
	}
	return fmt.Sprintf("%d-%d", a.MinTTL, a.MaxTTL)
}

func probeCells(p *traffic.ProbeAccount) []any {
	if p == nil {
		return []any{"-", "-", "-", "-", "-"}
	}
	return []any{p.Lost, term.Percent(p.LostShare()), p.Duplicated, p.Reordered, term.Seconds(p.AfterJoin)}
}

func interfaceNames(indexes []int, joined mcast.Interface) []string {
	out := []string{}
	for _, i := range indexes {
		switch i {
		case joined.Index:
			out = append(out, joined.Name)
		case 0: // the system does not tell
		default:
			out = append(out, strconv.Itoa(i))
		}
	}
	return out
}

func newTrafficSummary(r traffic.Report, x TrafficExtra) TrafficSummary {
	s := TrafficSummary{
		Type: "summary", Interface: x.Interface.Name, Datagrams: r.Datagrams, Bytes: r.Bytes, Dropped: x.Drops,
		NotShown: x.NotShown, Unlisted: r.Unlisted, BadProbes: r.BadProbes, Expected: x.Expected, Seen: x.Seen, Missing: append([]string{}, x.Missing...), Senders: []TrafficSender{},
	}
	for _, a := range r.Senders {
		v := TrafficSender{
			Source: a.Source.String(), Own: a.Own, Datagrams: a.Datagrams, Bytes: a.Bytes, Rate: a.Rate(), BitRate: a.BitRate(),
			TTLMin: a.MinTTL, TTLMax: a.MaxTTL, Interfaces: interfaceNames(a.Interfaces, x.Interface),
			FirstSeen: a.First, LastSeen: a.Last, Truncated: a.Truncated,
		}
		for _, g := range a.Groups {
			v.Groups = append(v.Groups, g.String())
		}
		if p := a.Probes; p != nil {
			v.Probes = &TrafficProbes{p.Streams, p.Received, p.Lost, p.LostShare(), p.Duplicated, p.Reordered, p.Before,
				float64(p.AfterJoin.Microseconds()) / 1000, p.Complete}
		}
		s.Senders = append(s.Senders, v)
	}
	return s
}
