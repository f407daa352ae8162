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
	var names []string
	response, err := readMDNS(f, func(t dnsmessage.Type, n *dnsmessage.Name) {
		names = append(names, mdnsName(t, n))
	})
	if response {
		m.Type = "response"
	}
	if err != nil {
		return m, err
	}
	m.add("names", "%s", strings.Join(names, ", "))
	return m, nil
}

func validMDNS(f *frame.Frame) error {
	_, err := readMDNS(f, func(dnsmessage.Type, *dnsmessage.Name) {})
	return err
}

// readMDNS visits the names of a message, the first maxListed of them.
func readMDNS(f *frame.Frame, visit func(dnsmessage.Type, *dnsmessage.Name)) (response bool, err error) {
	var p dnsmessage.Parser
	h, err := p.Start(f.Payload)
	if err == nil && h.Response {
		err = p.SkipAllQuestions()
	}
	for n := 0; err == nil && n < maxListed; n++ {
		if h.Response {
			var a dnsmessage.ResourceHeader
			if a, err = p.AnswerHeader(); err == nil {
				err = p.SkipAnswer()
			}
			if err == nil {
				visit(a.Type, &a.Name)
			}
			continue
		}
		var q dnsmessage.Question
		if q, err = p.Question(); err == nil {
			visit(q.Type, &q.Name)
		}
	}
	if err != nil && !errors.Is(err, dnsmessage.ErrSectionDone) {
		return h.Response, &Error{0, "DNS message", err.Error()}
	}
	return h.Response, nil
}

func mdnsName(t dnsmessage.Type, n *dnsmessage.Name) string {
	return strings.TrimPrefix(t.String(), "Type") + " " + strings.TrimSuffix(n.String(), ".")
}

func claimsSSDP(f *frame.Frame) bool { return f.Proto == frame.ProtoUDP && f.DstPort == 1900 }

// decodeSSDP reads the request line and the headers that tell what it is about
// (UPnP Device Architecture section 1).
func decodeSSDP(f *frame.Frame) (Message, error) {
	if err := validSSDP(f); err != nil {
		return Message{}, err
	}
	lines := bytes.Split(f.Payload, []byte("\n"))
	verb, _, _ := bytes.Cut(lines[0], []byte(" "))
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

// validSSDP looks at the request line.
func validSSDP(f *frame.Frame) error {
	line, _, _ := bytes.Cut(f.Payload, []byte("\n"))
	if !bytes.Contains(line, []byte(" ")) || !bytes.Contains(line, []byte("HTTP/1.")) {
		return &Error{0, "request line", "not one of SSDP"}
	}
	return nil
}
