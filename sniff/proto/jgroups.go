package proto

import (
	"encoding/binary"
	"fmt"

	"muster/sniff/frame"
)

// JGroups is what a packet of JGroups says, as far as it can be read without
// knowing every class that may stand in it.
type JGroups struct {
	Major, Minor, Micro int // 0 for MPING, whose datagrams have no version
	Cluster             string
	// Sender is the member's UUID; Name and Physical are those of the member that a
	// discovery message is about, which is the sender in a request.
	Sender, Name, Physical string
	Coordinator            bool
	// Infinispan is the release that Infinispan 16 puts into its addresses.
	Infinispan string
	Encrypted  bool
	// Creator (a member's UUID) and View (a number) are the id of the view that the sender
	// is in.
	Creator, View string
}

// jgroupsPorts are the defaults of JGroups itself, of WildFly and Keycloak, and
// of Infinispan; mpingPort that of the discovery of TCP stacks.
var jgroupsPorts = map[uint16]bool{45588: true, 45688: true, 45700: true, 46655: true}

const mpingPort = 7555

// claimsJGroups goes by the default ports, else by a packet in which the cluster's
// name stands where it has to.
func claimsJGroups(f *frame.Frame) bool {
	b := f.Payload
	if f.Proto != frame.ProtoUDP || !f.HasPorts || len(b) < 8 {
		return false
	}
	if jgroupsPorts[f.DstPort] && f.Multicast() {
		return true
	}
	if v := binary.BigEndian.Uint16(b); b[2]&^7 == 0 && v>>11 >= 2 && v>>11 <= 6 {
		j, _, err := readJGroups(b)
		return err == nil && j.Cluster != ""
	}
	if f.Multicast() {
		j, ok := readMPING(b)
		return ok && j.Cluster != ""
	}
	return false
}

// decodeJGroups reads the version, the flags, the name of the cluster, and what
// discovery and MERGE3 tell of a member.
func decodeJGroups(f *frame.Frame) (Message, error) {
	m := Message{Type: "message"}
	if f.DstPort == mpingPort {
		if j, ok := readMPING(f.Payload); ok {
			m.Type = "discovery"
			m.jgroups(f, &j, "MPING")
			return m, nil
		}
	}
	j, kind, err := readJGroups(f.Payload)
	if j.Major == 0 {
		if p, ok := readMPING(f.Payload); ok {
			m.Type = "discovery"
			m.jgroups(f, &p, "MPING")
			return m, nil
		}
		return m, err
	}
	m.Type = kind
	m.jgroups(f, &j, "")
	return m, err
}

func (m *Message) jgroups(f *frame.Frame, j *JGroups, note string) {
	p := Peer{Product: "JGroups", ID: j.Sender, Name: j.Name, Address: j.Physical, Beat: m.Type == "heartbeat" || m.Type == "merge"}
	if j.Major > 0 {
		p.Release = fmt.Sprintf("%d.%d.%d", j.Major, j.Minor, j.Micro)
		m.add("version", "%s", p.Release)
	}
	if j.Cluster != "" {
		p.Kind, p.Cluster = "cluster", j.Cluster
	}
	if j.Coordinator {
		p.Role = "coordinator"
	}
	if note != "" {
		p.Notes = append(p.Notes, note)
	}
	if j.Encrypted {
		p.Notes = append(p.Notes, "encrypts its messages")
	}
	if j.Infinispan != "" {
		p.Notes = append(p.Notes, "Infinispan "+j.Infinispan)
	}
	m.addText("cluster", j.Cluster)
	m.addText("name", j.Name)
	m.addText("address", j.Physical)
	m.addText("member", j.Sender)
	m.addText("infinispan", j.Infinispan)
	if j.View != "" {
		m.add("view", "%.8s|%s", j.Creator, j.View)
	}
	m.Value, m.Peer = j, p
}
