package proto

import (
	"bytes"
	"encoding/xml"
	"strings"

	"muster/sniff/frame"
)

// claimsSSDP goes by the port, or by the first line of an answer, which some devices send from any port.
func claimsSSDP(f *frame.Frame) bool {
	return isUDP(f, 1900) || f.Proto == frame.ProtoUDP && bytes.HasPrefix(f.Payload, []byte("HTTP/1.1 200 OK\r\n")) && bytes.Contains(f.Payload, []byte("\nUSN:"))
}

// decodeSSDP reads the first line and the headers that tell what it is about
// (UPnP Device Architecture section 1): a notification, a search, or the answer to
// one.
func decodeSSDP(f *frame.Frame) (Message, error) {
	lines := bytes.Split(f.Payload, []byte("\n"))
	verb, rest, _ := bytes.Cut(lines[0], []byte(" "))
	m := Message{Type: strings.ToLower(string(verb))}
	switch {
	case bytes.HasPrefix(lines[0], []byte("HTTP/1.")):
		m.Type = "answer"
	case len(rest) == 0 || !bytes.Contains(lines[0], []byte("HTTP/1.")):
		return Message{}, &Error{0, "request line", "not one of SSDP"}
	}
	values := map[string]string{}
	for _, line := range lines[1:min(len(lines), maxListed)] {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		switch key := strings.ToLower(string(bytes.TrimSpace(name))); key {
		case "nt", "st", "nts", "usn", "location", "server", "user-agent":
			values[key] = string(bytes.TrimSpace(value))
			m.addText(key, values[key])
		}
	}
	m.Peer = Peer{Product: "SSDP", Release: values["server"], Gone: values["nts"] == "ssdp:byebye"}
	if m.Type == "m-search" {
		m.Peer.Notes = []string{"asks for " + values["st"]}
		return m, nil
	}
	m.Peer.Address = values["location"]
	if id, _, ok := strings.Cut(values["usn"], "::"); ok || strings.HasPrefix(id, "uuid:") {
		m.Peer.Name = id
	}
	return m, nil
}

const wsdNamespace = "/ws/2005/04/discovery"

// claimsWSD goes by the port, or by the namespace of the protocol in either of its
// versions (2005 of Microsoft and others, 1.1 of OASIS).
func claimsWSD(f *frame.Frame) bool {
	b := f.Payload
	return isUDP(f, 3702) || f.Proto == frame.ProtoUDP && len(b) > 100 && bytes.HasPrefix(bytes.TrimLeft(b[:min(len(b), 64)], " \t\r\n"), []byte("<?xml")) &&
		(bytes.Contains(b, []byte(wsdNamespace)) || bytes.Contains(b, []byte("/ws-dd/ns/discovery/")))
}

// decodeWSD reads the action of a SOAP envelope and what endpoints it names:
// address, types, and where to reach them (WS-Discovery 1.1 sections 4 to 6).
func decodeWSD(f *frame.Frame) (Message, error) {
	var m Message
	d := xml.NewDecoder(bytes.NewReader(f.Payload))
	d.Strict = true
	values := map[string]string{}
	var path []string
	for n := 0; n < 500; n++ {
		t, err := d.Token()
		if err != nil {
			break // the end, or a message that is cut: what was read counts
		}
		switch t := t.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
		case xml.EndElement:
			path = path[:max(len(path)-1, 0)]
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); text != "" && len(path) > 0 {
				key := path[len(path)-1]
				if key == "Address" && (len(path) < 2 || path[len(path)-2] != "EndpointReference") {
					continue
				}
				if values[key] == "" {
					values[key] = text
				}
			}
		}
	}
	action := values["Action"]
	m.Type = strings.ToLower(action[strings.LastIndexByte(action, '/')+1:])
	if m.Type == "" {
		return m, &Error{0, "envelope", "no action in it"}
	}
	m.addText("endpoint", values["Address"])
	m.addText("types", values["Types"])
	m.addText("at", values["XAddrs"])
	m.Peer = Peer{Product: "WS-Discovery"}
	switch m.Type {
	case "probe":
		m.Peer.Notes = []string{strings.TrimSpace("asks for " + values["Types"])}
	case "resolve":
		m.Peer.Notes = []string{"asks where " + values["Address"] + " is"}
	default:
		m.Peer.Name, m.Peer.Address, m.Peer.Gone = values["Address"], values["XAddrs"], m.Type == "bye"
		if values["Types"] != "" {
			m.Peer.Notes = []string{"offers " + values["Types"]}
		}
	}
	return m, nil
}
