package session

import "muster/tribes/javaser"

// StaticMember is a message of StaticMembershipService
// (T/membership/StaticMembershipProvider$MemberMessage), inside an RPC whose ID
// is the name of the membership too, but for the stop.
type StaticMember struct {
	Type         StaticType
	Member       *Member
	MembershipID []byte

	class *javaser.Class
}

// StaticType is what it tells.
type StaticType int32

const (
	StaticStart StaticType = 1
	StaticStop  StaticType = 2 // without RPC
	StaticPing  StaticType = 3
)

func (t StaticType) String() string {
	switch t {
	case StaticStart:
		return "START"
	case StaticStop:
		return "STOP"
	case StaticPing:
		return "PING"
	}
	return "unknown"
}

const staticMessageClass = "org.apache.catalina.tribes.membership.StaticMembershipProvider$MemberMessage"

var staticMessageDescriptor = &javaser.Class{
	Name: staticMessageClass, SUID: 1, Flags: javaser.Serializable,
	Fields: []javaser.Field{
		{Type: 'I', Name: "msgtype"},
		{Type: 'L', Name: "member", Class: typeMember},
		{Type: '[', Name: "membershipId", Class: javaser.TypeBytes},
	},
}

func readStaticMember(o *javaser.Object) (*StaticMember, error) {
	r := read(o, staticMessageClass)
	m := &StaticMember{Type: StaticType(r.int32("msgtype")), MembershipID: r.bytes("membershipId"), class: o.Class}
	member := r.ref("member")
	if r.err != nil {
		return nil, r.err
	}
	var err error
	m.Member, err = readMember(member)
	return m, err
}

// Object is m as an object, to be put into an RPC.
func (m *StaticMember) Object() (*javaser.Object, error) {
	member, err := memberObjects{}.of(m.Member)
	if err != nil {
		return nil, err
	}
	class := m.class
	if class == nil {
		class = staticMessageDescriptor
	}
	return assemble(class, func(_ *javaser.Class, field string) any {
		switch field {
		case "msgtype":
			return int32(m.Type)
		case "member":
			return member
		case "membershipId":
			return bytesValue(m.MembershipID)
		}
		return nil
	})
}

// Append writes m as a whole stream.
func (m *StaticMember) Append(b []byte) ([]byte, error) {
	o, err := m.Object()
	if err != nil {
		return b, err
	}
	return javaser.AppendMerged(b, o)
}
