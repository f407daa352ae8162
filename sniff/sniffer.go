package sniff

import (
	"net/netip"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/mcast/products"
	"muster/sniff/analysis"
	"muster/sniff/capture"
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
	// Event is called for each kept packet, and for each message and ack that the
	// packet completed. nil where only the analysis is wanted.
	Event func(e *Event)
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
}

// Sniffer reads packets one after the other. It is for one goroutine.
type Sniffer struct {
	o        Options
	Totals   Totals
	Analysis *analysis.Analysis

	decoder decode.Decoder

	finder proto.Finder
	defrag *frame.Defragmenter
	tcp    *stream.Assembler
	streams

	event       Event
	frame       frame.Frame
	beats       beatCache
	member      tribes.Member
	igmpMessage igmp.Message
	mldMessage  mld.Message
	message     proto.Message
	known       map[netip.AddrPort]string // products by destination
}

// New returns a Sniffer that has seen nothing.
func New(o Options) *Sniffer {
	if o.Filter == nil {
		o.Filter = filter.All()
	}
	s := &Sniffer{
		o:        o,
		Analysis: analysis.New(o.Analysis),
		decoder:  o.Decoder,
		defrag:   frame.NewDefragmenter(),
		known:    map[netip.AddrPort]string{},
	}
	s.streams.init(s)
	s.tcp = stream.NewAssembler(&s.streams)
	return s
}

// Packet takes the next packet of the capture. Its error is Keep's.
func (s *Sniffer) Packet(p *capture.Packet) error {
	if !s.o.Filter.Match(p) {
		return nil
	}
	if s.o.Keep != nil {
		if err := s.o.Keep(p); err != nil {
			return err
		}
	}
	a := s.Analysis
	s.Totals.Packets++
	s.Totals.Bytes += uint64(p.Length)
	if s.Totals.Packets == 1 {
		a.First = p.Nanos
	}
	a.Last = max(a.Last, p.Nanos)
	f := &s.frame
	err := frame.Decode(p, f)
	if len(p.Data) < p.Length {
		s.Totals.CutPackets++
	}
	e := &s.event
	*e = Event{Packet: p, Frame: f, Err: err}
	s.decode(e)
	s.count(e)
	if s.o.Event != nil {
		s.neighbour(e)
		e.Source, e.Destination = f.Source(), f.Destination()
		s.o.Event(e)
	}
	s.inside(e)
	return nil
}

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
		whole, ok := s.defrag.Add(f, e.Packet.Nanos)
		if !ok {
			return
		}
		if e.Err = f.Transport(whole); e.Err != nil {
			return
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
		if s.tribesTCP(f) {
			e.Protocol = protoTribesTCP
		} else if d := proto.Find(f); d != nil {
			s.other(e, d)
		}
	default:
		s.control(e)
	}
}

// count adds the packet to the totals and the analysis.
func (s *Sniffer) count(e *Event) {
	f, p, a := e.Frame, e.Packet, s.Analysis
	same := false
	s.products(e)
	if e.Err != nil {
		s.Totals.Invalid++
	}
	switch e.Protocol {
	case protoHeartbeat:
		if e.Member != nil {
			s.Totals.Heartbeats++
			if e.Member.Shutdown() {
				s.Totals.Goodbyes++
			}
			same = s.heardBeat(p, f)
		} else if e.Err != nil {
			a.MalformedHeartbeat(p, f, e.Err.Error())
		}
	case protoIGMP:
		s.Totals.IGMP++
		if e.IGMP != nil {
			a.IGMPMessage(p, f, e.IGMP, e.Anomalies)
		}
		return
	case protoMLD:
		s.Totals.MLD++
		if e.MLD != nil {
			a.MLDMessage(p, f, e.MLD, e.Anomalies)
		}
		return
	}
	if f.IP != 0 && f.Dst.IsMulticast() && f.Proto != frame.ProtoIGMP && f.Proto != frame.ProtoICMPv6 {
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
func (s *Sniffer) products(e *Event) {
	if e.Err == nil && (e.decoder != nil || e.Protocol == "udp") {
		if err := s.Analysis.Products.Packet(e.Packet, e.Frame, e.decoder, e.Other); err != nil {
			e.otherError(err)
		}
	}
}

// Finish ends the capture: what is still open is counted.
func (s *Sniffer) Finish() {
	a := s.Analysis
	s.tcp.Finish(a.Last)
	a.Fragments = analysis.Fragments{Complete: s.defrag.Complete, Incomplete: s.defrag.Incomplete + uint64(s.defrag.Waiting())}
}

// product names who uses f's group and port by default.
func (s *Sniffer) product(f *frame.Frame) string {
	if !f.Dst.IsMulticast() {
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
