package proto

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"muster/sniff/frame"
)

func claimsMDNS(f *frame.Frame) bool { return isUDP(f, 5353) }

// decodeMDNS reads a query or a response (RFC 6762), and what services are offered
// and asked for (RFC 6763).
func decodeMDNS(f *frame.Frame) (Message, error) { return decodeDNS(f, "mDNS") }

func claimsLLMNR(f *frame.Frame) bool { return isUDP(f, 5355) }

// decodeLLMNR reads a query or a response (RFC 4795).
func decodeLLMNR(f *frame.Frame) (Message, error) { return decodeDNS(f, "LLMNR") }

// records is what a message of DNS says, as far as it tells about its sender.
type records struct {
	response bool
	names    []string // of questions, or of answers with their type
	asked    []string
	host     string
	services []string // with a host and port
	offers   []string // by name alone
	gone     bool     // every answer has a TTL of 0: the sender says goodbye
}

func decodeDNS(f *frame.Frame, product string) (Message, error) {
	m := Message{Type: "query"}
	var rs records
	err := rs.read(f.Payload)
	if rs.response {
		m.Type = "response"
	}
	if err != nil {
		return m, err
	}
	m.add("names", "%s", strings.Join(rs.names, ", "))
	m.Peer = Peer{Product: product, Gone: rs.gone}
	if rs.response {
		m.Peer.Name = rs.host
		if len(rs.services) == 0 {
			rs.services = rs.offers // the names say no more than the services that have one
		}
		for _, s := range rs.services {
			m.Peer.Notes = append(m.Peer.Notes, "offers "+s)
		}
	} else {
		for _, s := range rs.asked[:min(len(rs.asked), 4)] {
			m.Peer.Notes = append(m.Peer.Notes, "asks for "+s)
		}
	}
	return m, nil
}

// read visits questions and records, the first maxListed of each section.
func (rs *records) read(b []byte) error {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	rs.response = h.Response
	if err == nil {
		err = rs.questions(&p)
	}
	if err == nil {
		err = rs.resources(p.AnswerHeader, p.SkipAnswer, &p, true)
	}
	if err == nil && h.Response {
		if err = p.SkipAllAuthorities(); err == nil {
			err = rs.resources(p.AdditionalHeader, p.SkipAdditional, &p, false)
		}
	}
	if err != nil && !errors.Is(err, dnsmessage.ErrSectionDone) {
		return &Error{0, "DNS message", err.Error()}
	}
	return nil
}

func (rs *records) questions(p *dnsmessage.Parser) error {
	for n := 0; ; n++ {
		q, err := p.Question()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if err != nil {
			return err
		}
		if n >= maxListed {
			return p.SkipAllQuestions()
		}
		if name := dnsName(q.Name); !rs.response {
			rs.names = append(rs.names, dnsType(q.Type)+" "+name)
			rs.asked = append(rs.asked, name)
		}
	}
}

func (rs *records) resources(header func() (dnsmessage.ResourceHeader, error), skip func() error, p *dnsmessage.Parser, answer bool) error {
	for n := 0; n < maxListed; n++ {
		h, err := header()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if err != nil {
			return err
		}
		if answer && rs.response {
			rs.names = append(rs.names, dnsType(h.Type)+" "+dnsName(h.Name))
			rs.gone = (rs.gone || n == 0) && h.TTL == 0
		}
		if !rs.response {
			if err = skip(); err != nil {
				return err
			}
			continue
		}
		if err = rs.resource(h, p, skip); err != nil {
			return err
		}
	}
	return nil
}

func (rs *records) resource(h dnsmessage.ResourceHeader, p *dnsmessage.Parser, skip func() error) error {
	switch h.Type {
	case dnsmessage.TypeA, dnsmessage.TypeAAAA:
		rs.host = dnsName(h.Name)
	case dnsmessage.TypePTR:
		r, err := p.PTRResource()
		if name := dnsName(h.Name); err == nil && strings.HasPrefix(name, "_") {
			rs.offers = append(rs.offers, dnsName(r.PTR))
		}
		return err
	case dnsmessage.TypeSRV:
		s, err := p.SRVResource()
		if err == nil {
			rs.services = append(rs.services, fmt.Sprintf("%s port %d", dnsName(h.Name), s.Port))
			if rs.host == "" {
				rs.host = dnsName(s.Target)
			}
		}
		return err
	}
	return skip()
}

func dnsName(n dnsmessage.Name) string { return strings.TrimSuffix(n.String(), ".") }

func dnsType(t dnsmessage.Type) string { return strings.TrimPrefix(t.String(), "Type") }
