package view

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/mcast"
)

// Datagram is a received datagram in JSON.
type Datagram struct {
	Type        string    `json:"type"` // datagram
	Time        time.Time `json:"time"`
	Interface   string    `json:"interface"`
	Source      string    `json:"source"`
	Destination string    `json:"destination"`
	TTL         int       `json:"ttl"` // -1 where the system does not tell
	Bytes       int       `json:"bytes"`
	Truncated   bool      `json:"truncated,omitempty"`
	Payload     *string   `json:"payload,omitempty"` // escaped text
	PayloadHex  *string   `json:"payload_hex,omitempty"`
	Probe       *Probe    `json:"probe,omitempty"`
}

// Probe is the header of a muster probe in JSON.
type Probe struct {
	Stream   string    `json:"stream"`
	Sequence uint64    `json:"sequence"`
	Sent     time.Time `json:"sent"` // by the sender's clock
	Last     bool      `json:"last,omitempty"`
}

// DatagramOptions says how datagrams are shown.
type DatagramOptions struct {
	JSON      bool
	Hex       bool
	NoPayload bool
	Interface mcast.Interface // the one that was joined on
}

// maxShownPayload is how many bytes of a payload a line for people has.
const maxShownPayload = 512

// Datagrams prints datagrams as they come, in a form for people or as JSON.
type Datagrams struct {
	DatagramOptions
	s    *term.Stream
	tail *term.Tail
}

// NewDatagrams prints to s until Close.
func NewDatagrams(s *term.Stream, o DatagramOptions) *Datagrams {
	return &Datagrams{o, s, term.NewTail(s)}
}

// Show prints d, or counts it as not shown when the reader is too slow.
func (p *Datagrams) Show(d *mcast.Datagram) {
	p.tail.Put(func(b []byte) []byte {
		if p.JSON {
			return p.appendJSON(b, d)
		}
		return p.s.AppendHang(b, func(b []byte) []byte { return p.appendText(b, d) })
	})
}

// Close waits until all is written and returns how many were not shown.
func (p *Datagrams) Close() (notShown uint64, err error) { return p.tail.Close() }

func (p *Datagrams) interfaceName(index int) string {
	switch index {
	case p.Interface.Index:
		return p.Interface.Name
	case 0:
		return ""
	}
	return strconv.Itoa(index)
}

func (p *Datagrams) appendText(b []byte, d *mcast.Datagram) []byte {
	b = d.Time.Local().AppendFormat(b, "15:04:05.000000 ")
	b = append(b, escape.Text(d.Source.String())...)
	b = append(b, " > "...)
	b = netip.AddrPortFrom(d.Destination, d.Port).AppendTo(b)
	if name := p.interfaceName(d.Interface); name != "" {
		b = append(append(b, ' '), escape.Text(name)...)
	}
	if d.TTL >= 0 {
		b = strconv.AppendInt(append(b, " ttl "...), int64(d.TTL), 10)
	}
	b = fmt.Appendf(b, " %s", term.Count(uint64(len(d.Payload)), "byte"))
	if d.Truncated {
		b = append(b, " (cut)"...)
	}
	if !p.NoPayload && len(d.Payload) > 0 {
		b = p.appendPayload(append(b, ": "...), d.Payload)
	}
	return append(b, '\n')
}

func (p *Datagrams) appendPayload(b, payload []byte) []byte {
	shown := payload[:min(len(payload), maxShownPayload)]
	probe, _, err := mcast.ParseProbe(payload)
	switch {
	case p.Hex:
		b = hex.AppendEncode(b, shown)
	case err == nil:
		return fmt.Appendf(b, "probe %016x %d", probe.Stream, probe.Sequence)
	default:
		b = append(b, escape.Bytes(shown)...)
	}
	if rest := len(payload) - len(shown); rest > 0 {
		b = fmt.Appendf(b, " ... and %s more", term.Count(uint64(rest), "byte"))
	}
	return b
}

func (p *Datagrams) appendJSON(b []byte, d *mcast.Datagram) []byte {
	line := Datagram{
		Type: "datagram", Time: d.Time, Interface: p.interfaceName(d.Interface), Source: d.Source.String(),
		Destination: netip.AddrPortFrom(d.Destination, d.Port).String(), TTL: d.TTL, Bytes: len(d.Payload), Truncated: d.Truncated,
	}
	if !p.NoPayload {
		h := hex.EncodeToString(d.Payload)
		line.PayloadHex = &h
		if !p.Hex {
			text := escape.Bytes(d.Payload)
			line.Payload = &text
		}
	}
	if probe, _, err := mcast.ParseProbe(d.Payload); err == nil {
		line.Probe = &Probe{fmt.Sprintf("%016x", probe.Stream), probe.Sequence, probe.Sent, probe.Last}
	}
	out, err := json.Marshal(line)
	if err != nil {
		return b // a time beyond the year 9999 in a probe: the line cannot be written
	}
	return append(append(b, out...), '\n')
}
