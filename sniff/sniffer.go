package sniff

import (
	"net/netip"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/mcast/products"
	"muster/sniff/analysis"
	"muster/sniff/capture"
	"muster/sniff/copies"
	"muster/sniff/filter"
	"muster/sniff/frame"
	"muster/sniff/proto"
	"muster/sniff/stream"
	"muster/tribes"
	"muster/tribes/decode"
)

// Options say what a Sniffer does with the packets it gets.
type Options struct {
	// Filter decides which packets count; nil keeps all.
	Filter *filter.Filter
	// Keep is called for each packet that the filter kept, before its event.
	Keep func(p *capture.Packet) error
	// Event is called for each kept packet that is no copy, and for each message and ack that the
	// packet completed. nil where only the analysis is wanted.
	Event func(e *Event)
	// Receivers are ports that members listen on, beside the usual ones and those that they announce.
	Receivers []uint16
	// Analysis is how to judge.
	Analysis analysis.Options
	// Decoder reads messages; with keys it opens what was encrypted.
	Decoder decode.Decoder
}

// Totals counts what was seen.
type Totals struct {
	Packets    uint64 // that the filter kept
	Bytes      uint64 // of them, on the wire
	Heartbeats uint64 // whole ones
	Goodbyes   uint64 // of them
	Messages   uint64 // frames of TCP streams and broadcasts that are no acks
	Acks       uint64
	FailAcks   uint64
	IGMP, MLD  uint64
	Invalid    uint64 // packets and streams that could not be read
	CutPackets uint64 // that the snap length cut
	// CutHeartbeats are heartbeats among them that cannot be read for it.
	CutHeartbeats uint64
	Copies        uint64 // packets that were counted before: seen again, not sent again
}

// Sniffer reads packets one after the other. It is for one goroutine.
type Sniffer struct {
	o        Options
	Totals   Totals
	Analysis *analysis.Analysis
	// Unread counts packets by their link types, where those are not read.
	Unread map[capture.LinkType]uint64

	finder proto.Finder
	copies *copies.Table
	defrag *frame.Defragmenter
	// The way of TCP: tcp puts streams together, streams finds frames in them, messages reads those.
	tcp      *stream.Assembler
	conn     *stream.Conn // of the segment at hand, nil where it begins one
	dir      stream.Dir
	streams  *streams
	messages *messages

	event       Event
	frame       frame.Frame
	now         int64          // the time of the packet on the corrected clock
	timed       capture.Packet // the packet with that time, where it is another than its own
	beats       beatCache
	member      tribes.Member
	igmpMessage igmp.Message
	mldMessage  mld.Message
	message     proto.Message
	known       map[netip.AddrPort]string // products by destination
	all         bool                      // no filter leaves anything out
	unicast     uint64                    // packets to one host, without copies
}

// New returns a Sniffer that has seen nothing.
func New(o Options) *Sniffer {
	if o.Filter == nil {
		o.Filter = filter.All()
	}
	s := &Sniffer{
		o:        o,
		Analysis: analysis.New(o.Analysis),
		copies:   copies.New(),
		defrag:   frame.NewDefragmenter(),
		known:    map[netip.AddrPort]string{},
	}
	s.all = o.Filter.IsAll()
	s.messages = &messages{decoder: o.Decoder, analysis: s.Analysis, totals: &s.Totals, tell: o.Event}
	s.streams = newStreams(s.messages)
	for _, p := range o.Receivers {
		s.streams.receivers[p] = true
	}
	s.tcp = stream.NewAssembler(s.streams)
	return s
}

// Packet takes the next packet of the capture. Its error is Keep's.
func (s *Sniffer) Packet(p *capture.Packet) error {
	f := &s.frame
	var err error
	decoded := false
	if !s.all {
		if kept := s.o.Filter.Match(p); !kept || s.o.Filter.Blind() {
			if err, decoded = frame.Decode(p, f), true; !s.inside(f, kept) {
				return nil
			}
		}
	}
	if s.o.Keep != nil {
		if err := s.o.Keep(p); err != nil {
			return err
		}
	}
	if !decoded {
		err = frame.Decode(p, f)
	}
	if s.copies.Seen(p, f) {
		s.Totals.Copies++
		s.again(p, f)
		return nil
	}
	s.Totals.Packets++
	s.Totals.Bytes += uint64(p.Length)
	if len(p.Data) < p.Length {
		s.Totals.CutPackets++
	}
	if !p.Link.Known() {
		s.unread(p.Link)
		return nil
	}
	timed := p
	if s.now = s.Analysis.Tick(p); s.now != p.Nanos {
		s.timed = *p
		s.timed.Nanos = s.now
		timed = &s.timed
	}
	e := &s.event
	*e = Event{Packet: p, Frame: f, Err: err}
	s.decode(e)
	s.count(e, timed)
	if s.o.Event != nil {
		s.neighbour(e)
		e.Source, e.Destination = f.Source(), f.Destination()
		s.o.Event(e)
	}
	s.carried(e)
	return nil
}

// inside reports whether the filter wants a packet of which it has seen the outside only, and kept it or not:
// what is inside of a tunnel decides too, and alone where it lies behind a link header that the filter does not read.
func (s *Sniffer) inside(f *frame.Frame, kept bool) bool {
	switch blind := s.o.Filter.Blind(); {
	case f.IP == 0 || kept && !blind:
		return kept
	case len(f.Tunnels) == 0 && !blind:
		return false
	}
	return s.o.Filter.MatchNetwork(f.Type, f.VLANs[:min(f.NVLANs, len(f.VLANs))], f.Network)
}

const udpHeader = 8

// decode finds out what the packet is.
func (s *Sniffer) decode(e *Event) {
	f := e.Frame
	switch {
	case f.IP == 0:
		e.Protocol = linkName(f)
	case e.Err != nil:
		e.Protocol = ipName(f)
	case f.Fragment:
		e.Protocol = "fragment"
		for f.Fragment { // again where a tunnel came in pieces, and what is in it too
			whole, ok := s.defrag.Add(f, s.now)
			if !ok {
				return
			}
			e.pieces = s.defrag.Pieces
			if e.Err = f.Transport(whole); e.Err != nil {
				return
			}
		}
		s.whole(e)
	default:
		s.whole(e)
	}
}

// whole decodes a datagram that is not, or no longer, in pieces.
func (s *Sniffer) whole(e *Event) {
	switch f := e.Frame; {
	case f.HasPorts && f.Proto == frame.ProtoUDP:
		s.datagram(e)
	case f.HasPorts:
		e.Protocol = "tcp"
		certain := false
		if e.follow, certain = s.tribesTCP(f); certain {
			e.Protocol = protoTribesTCP
		} else if d := proto.Find(f); d != nil {
			s.other(e, d)
		}
	default:
		s.control(e)
	}
}

// count adds the packet to the totals and the analysis.
func (s *Sniffer) count(e *Event, p *capture.Packet) {
	f, a := e.Frame, s.Analysis
	same, group := false, f.Multicast()
	if f.IP != 0 && !group {
		s.unicast++
	}
	if len(f.Tunnels) > 0 {
		s.tunnels(f, p)
	}
	s.products(e, p)
	if e.Err != nil {
		s.Totals.Invalid++
	}
	switch e.Protocol {
	case protoHeartbeat:
		if e.Member != nil {
			beat := s.heardBeat(p, f)
			if beat.Copy {
				s.Totals.Copies++
				return
			}
			same = beat.Same
			if beat.Row != nil && e.pieces > beat.Row.Fragments {
				beat.Row.Fragments, beat.Row.Size = e.pieces, udpHeader+f.PayloadLen
			}
			s.Totals.Heartbeats++
			if e.Member.Shutdown() {
				s.Totals.Goodbyes++
			}
		} else if e.Err != nil {
			a.MalformedHeartbeat(p, f, e.Err.Error())
		} else {
			s.Totals.CutHeartbeats++
		}
	case protoIGMP:
		s.Totals.IGMP++
		if e.IGMP != nil {
			a.IGMPMessage(p, f, e.IGMP, e.Anomalies)
		}
		return
	case "arp":
		a.Claim(f)
	case protoMLD:
		s.Totals.MLD++
		if e.MLD != nil {
			a.MLDMessage(p, f, e.MLD, e.Anomalies)
		}
		return
	}
	if group && f.Proto != frame.ProtoIGMP && f.Proto != frame.ProtoICMPv6 {
		g := a.Datagram(p, f, e.Protocol, same)
		switch {
		case g == nil:
		case e.Protocol == protoHeartbeat && e.Member == nil:
			g.Malformed++
		case e.Protocol == protoHeartbeat:
			g.Heartbeats++
		case e.Protocol == protoBroadcast:
			g.Broadcasts++
		case e.Protocol == "fragment":
			g.Fragments++
		}
	}
}

// products lets the analysis of other products have the packet.
func (s *Sniffer) products(e *Event, p *capture.Packet) {
	if e.Err == nil && (e.decoder != nil || e.Protocol == "udp") {
		if err := s.Analysis.Products.Packet(p, e.Frame, e.decoder, e.Other); err != nil {
			e.otherError(err)
		}
	}
}

// vxlan stands for the headers that frame has unwrapped already.
var vxlan = proto.Decoder{Name: "vxlan"}

// tunnels counts what carries the packet: groups that tunnels go to, and the ends of
// those that are networks of their own.
func (s *Sniffer) tunnels(f *frame.Frame, p *capture.Packet) {
	for _, t := range f.Tunnels {
		outer := frame.Frame{IP: 4, Src: t.Src, Dst: t.Dst, DstPort: t.Port, TTL: t.TTL, Proto: frame.ProtoUDP, HasPorts: t.Port != 0}
		if t.Dst.IsMulticast() {
			s.Analysis.Datagram(p, &outer, t.Kind.String(), false)
		}
		if t.Kind == frame.VXLAN {
			m := proto.VXLAN(t.ID)
			_ = s.Analysis.Products.Packet(p, &outer, &vxlan, &m) // nothing is decoded that could fail
		}
	}
}

// again takes a copy of a packet that was counted.
func (s *Sniffer) again(p *capture.Packet, f *frame.Frame) {
	if len(f.Body) > 0 && (f.Proto == frame.ProtoIGMP && f.Body[0] == byte(igmp.Query) || f.Proto == frame.ProtoICMPv6 && f.Body[0] == byte(mld.Query)) {
		s.Analysis.QueryAgain(p, f)
	}
}

// maxUnread is how many link types that are not read are counted one by one.
const maxUnread = 64

// unread counts a packet of a link type that is not read.
func (s *Sniffer) unread(l capture.LinkType) {
	if s.Unread == nil {
		s.Unread = map[capture.LinkType]uint64{}
	}
	if _, ok := s.Unread[l]; ok || len(s.Unread) < maxUnread {
		s.Unread[l]++
	}
}

// Finish ends the capture: what is still open is counted.
func (s *Sniffer) Finish() {
	a := s.Analysis
	s.tcp.Finish(a.Last)
	a.Fragments = analysis.Fragments{Complete: s.defrag.Complete, Incomplete: s.defrag.Lost(a.Last)}
	a.Seats(s.copies.Pairs(), s.unicast)
}

// product names who uses f's group and port by default.
func (s *Sniffer) product(f *frame.Frame) string {
	if !f.Multicast() {
		return ""
	}
	k := f.Destination()
	name, ok := s.known[k]
	if !ok {
		p, _ := products.Lookup(k.Addr(), k.Port())
		name = p.Name
		if len(s.known) < 4096 {
			s.known[k] = name
		}
	}
	return name
}
