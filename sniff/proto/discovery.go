package proto

import (
	"bytes"
	"errors"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"muster/sniff/frame"
)

func claimsMDNS(f *frame.Frame) bool {
	return f.Proto == frame.ProtoUDP && (f.DstPort == 5353 || f.SrcPort == 5353)
}

// decodeMDNS reads the questions of a query or the names of a response's answers
// (RFC 6762).
func decodeMDNS(f *frame.Frame) (Message, error) {
	m := Message{Type: "query"}
	var p dnsmessage.Parser
	h, err := p.Start(f.Payload)
	var names []string
	next := func() (string, error) {
		q, err := p.Question()
		return mdnsName(q.Type, q.Name), err
	}
	if h.Response {
		m.Type = "response"
		if err == nil {
			err = p.SkipAllQuestions()
		}
		next = func() (string, error) {
			a, err := p.AnswerHeader()
			if err == nil {
				err = p.SkipAnswer()
			}
			return mdnsName(a.Type, a.Name), err
		}
	}
	for err == nil && len(names) < maxListed {
		var name string
		if name, err = next(); err == nil {
			names = append(names, name)
		}
	}
	if err != nil && !errors.Is(err, dnsmessage.ErrSectionDone) {
		return m, &Error{0, "DNS message", err.Error()}
	}
	m.add("names", "%s", strings.Join(names, ", "))
	return m, nil
}

func mdnsName(t dnsmessage.Type, n dnsmessage.Name) string {
	return strings.TrimPrefix(t.String(), "Type") + " " + strings.TrimSuffix(n.String(), ".")
}

func claimsSSDP(f *frame.Frame) bool { return f.Proto == frame.ProtoUDP && f.DstPort == 1900 }

// decodeSSDP reads the request line and the headers that tell what it is about
// (UPnP Device Architecture section 1).
func decodeSSDP(f *frame.Frame) (Message, error) {
	lines := bytes.Split(f.Payload, []byte("\n"))
	verb, _, ok := bytes.Cut(lines[0], []byte(" "))
	if !ok || !bytes.Contains(lines[0], []byte("HTTP/1.")) {
		return Message{}, &Error{0, "request line", "not one of SSDP"}
	}
	m := Message{Type: strings.ToLower(string(verb))}
	for _, line := range lines[1:min(len(lines), maxListed)] {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		switch key := strings.ToLower(string(bytes.TrimSpace(name))); key {
		case "nt", "st", "nts", "usn", "location", "server":
			m.add(key, "%s", bytes.TrimSpace(value))
		}
	}
	return m, nil
}
