package view

import (
	"net/netip"
	"time"

	"muster/internal/escape"
	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff"
)

// SniffPacket is a captured packet in JSON.
type SniffPacket struct {
	Type        string    `json:"type"` // packet
	Number      uint64    `json:"number"`
	Time        time.Time `json:"time"`
	Interface   string    `json:"interface"`
	Source      string    `json:"source"`
	Destination string    `json:"destination"`
	TTL         uint8     `json:"ttl"`
	VLAN        uint16    `json:"vlan"`
	// Bytes is the payload of UDP or TCP, else of IP, else the whole frame; Length
	// is the frame as it was on the wire.
	Bytes    int    `json:"bytes"`
	Length   int    `json:"length"`
	Protocol string `json:"protocol"`
	Product  string `json:"product,omitempty"`
	Cut      bool   `json:"cut,omitempty"`

	Member   *Member         `json:"member,omitempty"`
	IGMP     *MembershipJSON `json:"igmp,omitempty"`
	MLD      *MembershipJSON `json:"mld,omitempty"`
	TCP      *TCPJSON        `json:"tcp,omitempty"`
	Fragment *PieceJSON      `json:"fragment,omitempty"`
	// Message and Fields are what a decoder of another protocol read.
	Message string            `json:"message,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
	Error   string            `json:"error,omitempty"`
}

// MembershipJSON is an IGMP or MLD message.
type MembershipJSON struct {
	Version  uint8         `json:"version"`
	Type     string        `json:"type"` // query, report, leave, done, ...
	Group    string        `json:"group,omitempty"`
	Code     int           `json:"code"` // the Max Resp Code as it is on the wire
	Checksum uint16        `json:"checksum"`
	Query    *QueryJSON    `json:"query,omitempty"`
	Records  []RecordJSON  `json:"records,omitempty"`
	Anomaly  []AnomalyJSON `json:"anomalies,omitempty"`
}

// QueryJSON is what a query has beside its group. Those of the oldest version
// have no robustness, interval and sources.
type QueryJSON struct {
	MaxResponseMS float64  `json:"max_response_ms"`
	Suppress      bool     `json:"suppress"`
	Robustness    uint8    `json:"robustness"`
	IntervalCode  uint8    `json:"interval_code"`
	IntervalMS    float64  `json:"interval_ms"`
	Sources       []string `json:"sources"`
}

// RecordJSON is a group record of a report.
type RecordJSON struct {
	Type     string   `json:"type"`
	TypeCode uint8    `json:"type_code"`
	Group    string   `json:"group"`
	Sources  []string `json:"sources"`
	AuxBytes int      `json:"aux_bytes,omitempty"`
}

// AnomalyJSON is something against the standard.
type AnomalyJSON struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// TCPJSON is the header of a segment.
type TCPJSON struct {
	Flags string `json:"flags"`
	Seq   uint32 `json:"seq"`
	Ack   uint32 `json:"ack"`
}

// PieceJSON is a fragment of a datagram.
type PieceJSON struct {
	ID     uint32 `json:"id"`
	Offset int    `json:"offset"`
	More   bool   `json:"more"`
}

// SniffMessage is a message, an ack or a fail ack inside a stream, or a place
// that could not be read.
type SniffMessage struct {
	Type        string    `json:"type"` // message, ack, fail_ack, invalid
	Time        time.Time `json:"time"`
	Packet      uint64    `json:"packet"` // that completed it
	Source      string    `json:"source"`
	Destination string    `json:"destination"`
	// LatencyMS is the time from the message to its ack; left out where no message
	// that asked for it was seen.
	LatencyMS *float64 `json:"latency_ms,omitempty"`
	Message   *Message `json:"message,omitempty"`
	Error     string   `json:"error,omitempty"`
}

// NewSniffEvent is e in JSON. Values of session attributes are left out unless
// values is set.
func NewSniffEvent(e *sniff.Event, names func(int) string, values bool) any {
	if e.Kind != sniff.Packet {
		return newSniffMessage(e, values)
	}
	f, p := e.Frame, e.Packet
	v := SniffPacket{
		Type: "packet", Number: p.Number, Time: p.Time(), Interface: escape.Text(names(p.Interface)), TTL: f.TTL, VLAN: f.VLAN(),
		Bytes: p.Length, Length: p.Length, Protocol: e.Protocol, Product: e.Product, Cut: f.Cut,
	}
	switch {
	case f.IP != 0:
		v.Source, v.Destination = addrText(e.Source), addrText(e.Destination)
		v.Bytes = f.BodyLen
	case f.HasMAC:
		v.Source, v.Destination = f.SrcMAC.String(), f.DstMAC.String()
	}
	if f.HasPorts {
		v.Bytes = f.PayloadLen
	}
	if f.Fragment {
		v.Fragment = &PieceJSON{f.FragID, f.FragOffset, f.MoreFragments}
	}
	if e.Err != nil {
		v.Error = escape.Text(e.Err.Error())
	}
	v.decoded(e)
	return &v
}

func addrText(ap netip.AddrPort) string { return string(appendAddr(nil, ap)) }

func (v *SniffPacket) decoded(e *sniff.Event) {
	f := e.Frame
	switch {
	case e.Member != nil:
		m := NewMember(e.Member, e.Source)
		v.Member = &m
	case e.IGMP != nil:
		v.IGMP = newIGMP(e.IGMP, e.Anomalies)
	case e.MLD != nil:
		v.MLD = newMLD(e.MLD, e.Anomalies)
	case e.Other != nil:
		v.Message, v.Fields = escape.Text(e.Other.Type), map[string]string{}
		for _, x := range e.Other.Fields {
			v.Fields[x.Name] = escape.Text(x.Value)
		}
	case e.Protocol == "tcp" || e.Protocol == "tribes.tcp":
		flags := appendFlags(nil, f.TCPFlags)
		v.TCP = &TCPJSON{string(flags[1 : len(flags)-1]), f.Seq, f.Ack}
	}
}

func newIGMP(m *igmp.Message, anomalies igmp.Anomalies) *MembershipJSON {
	v := &MembershipJSON{Version: m.Version, Type: m.Type.String(), Code: int(m.Code), Checksum: m.Checksum, Anomaly: newAnomalies(anomalies)}
	if m.Group.IsValid() {
		v.Group = m.Group.String()
	}
	switch m.Type {
	case igmp.Query:
		v.Query = &QueryJSON{msOf(m.MaxResponse()), m.Suppress, m.QRV, m.QQIC, msOf(m.QueryInterval()), addrTexts(m.Sources)}
	case igmp.ReportV1, igmp.ReportV2, igmp.ReportV3:
		v.Type = "report"
	}
	for i := range m.Records {
		r := &m.Records[i]
		v.Records = append(v.Records, RecordJSON{r.Type.String(), uint8(r.Type), r.Group.String(), addrTexts(r.Sources), len(r.Aux)})
	}
	return v
}

func newMLD(m *mld.Message, anomalies igmp.Anomalies) *MembershipJSON {
	v := &MembershipJSON{Version: m.Version, Type: m.Type.String(), Code: int(m.MaxRespCode), Checksum: m.Checksum, Anomaly: newAnomalies(anomalies)}
	if m.Group.IsValid() {
		v.Group = m.Group.String()
	}
	switch m.Type {
	case mld.Query:
		v.Query = &QueryJSON{msOf(m.MaxResponse()), m.Suppress, m.QRV, m.QQIC, msOf(m.QueryInterval()), addrTexts(m.Sources)}
	case mld.ReportV1, mld.ReportV2:
		v.Type = "report"
	}
	for i := range m.Records {
		r := &m.Records[i]
		v.Records = append(v.Records, RecordJSON{r.Type.String(), uint8(r.Type), r.Group.String(), addrTexts(r.Sources), len(r.Aux)})
	}
	return v
}

func newAnomalies(list igmp.Anomalies) []AnomalyJSON {
	var out []AnomalyJSON
	for _, x := range list {
		out = append(out, AnomalyJSON{x.Name, x.Detail})
	}
	return out
}

func addrTexts(list []netip.Addr) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return out
}

func msOf(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func newSniffMessage(e *sniff.Event, values bool) *SniffMessage {
	v := &SniffMessage{Type: "message", Time: e.Packet.Time(), Packet: e.Packet.Number, Source: addrText(e.Source), Destination: addrText(e.Destination)}
	switch e.Kind {
	case sniff.Ack:
		v.Type = "ack"
	case sniff.FailAck:
		v.Type = "fail_ack"
	case sniff.Broken:
		v.Type, v.Error = "invalid", escape.Text(e.Err.Error())
		return v
	default:
		v.Message = renderMessage(e.Data, *e.Content, false)
		if !values {
			v.Message.HideValues()
		}
		return v
	}
	if e.Asked {
		ms := msOf(e.Latency)
		v.LatencyMS = &ms
	}
	return v
}
