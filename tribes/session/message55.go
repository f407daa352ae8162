package session

import (
	"fmt"
	"net/netip"

	"muster/tribes"
	"muster/tribes/javaser"
)

// A session message of Tomcat 5.5 (o.a.catalina.cluster.session.SessionMessageImpl)
// names its sender, an object of o.a.catalina.cluster.mcast.McastMember, and has
// the same events as later ones. It is read, never written.
const (
	message55Class = "org.apache.catalina.cluster.session.SessionMessageImpl"
	member55Class  = "org.apache.catalina.cluster.mcast.McastMember"
)

func readMessage55(o *javaser.Object) (*Message, error) {
	m, err := readFields(o, message55Class)
	if err != nil {
		return nil, err
	}
	source := read(o, message55Class).ref("mSrc")
	if source == nil {
		return m, nil
	}
	m.Source, err = readMember55(source)
	return m, err
}

func readMember55(v javaser.Value) (*tribes.Member, error) {
	o, ok := v.(*javaser.Object)
	if !ok {
		return nil, fmt.Errorf("a %s where a member must be", javaser.ClassName(v))
	}
	r := read(o, member55Class)
	m := &tribes.Member{
		Generation: tribes.V55, Alive: r.int64("memberAliveTime"), Port: r.int32("port"), SecurePort: -1, UDPPort: -1,
	}
	domain, _ := r.text("domain")
	host, _ := r.text("host")
	name, _ := r.text("name")
	m.Domain, m.Label = []byte(domain), []byte(name)
	if a, err := netip.ParseAddr(host); err == nil {
		m.Host = a.AsSlice()
	}
	return m, r.err
}
