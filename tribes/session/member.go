package session

import (
	"errors"
	"fmt"

	"muster/tribes"
	"muster/tribes/javaser"
)

// Member is a member inside another object (T/membership/MemberImpl, which is
// Externalizable: an i32 length and the record of a heartbeat). Its class has a
// computed serialVersionUID that differs from version to version: copy the
// Class of a peer's.
type Member struct {
	tribes.Member
	Class *javaser.Class
}

// MemberImplClass is the descriptor of MemberImpl with the given computed
// serialVersionUID: 8476f37b32953667 in 10.1.40, 11.0.6 and later,
// 535528fd049659fe in 10.0 to 10.1.39 and 11.0.0 to 11.0.5, 2e21087915506d1c in
// 8.5.1 and later and all 9.0, b50d3387fae9ed1b in 7.0.69 and later.
func MemberImplClass(suid uint64) *javaser.Class {
	return &javaser.Class{Name: memberImplClass, SUID: suid, Flags: javaser.Externalizable | javaser.BlockData}
}

const (
	memberImplClass   = "org.apache.catalina.tribes.membership.MemberImpl"
	staticMemberClass = "org.apache.catalina.tribes.membership.StaticMember"
	memberInterface   = "Lorg/apache/catalina/tribes/Member;"
)

// Type strings of fields that hold members; each is one object in a stream.
var (
	typeMember  = javaser.NewString(memberInterface)
	typeMembers = javaser.NewString("[" + memberInterface)
)

// readMember reads a member; nil where v is null.
func readMember(v javaser.Value) (*Member, error) {
	if v == nil {
		return nil, nil
	}
	o, ok := v.(*javaser.Object)
	if !ok || len(o.Parts) != 1 || o.Class.Name != memberImplClass && o.Class.Name != staticMemberClass {
		return nil, fmt.Errorf("a %s where a member must be", javaser.ClassName(v))
	}
	d := javaser.NewData(o.Parts[0].Annotations)
	record := d.Sized()
	if err := end("member", d); err != nil {
		return nil, err
	}
	m, n, err := tribes.ParseMember(record)
	if err != nil {
		return nil, fmt.Errorf("member: %w", err)
	}
	if n != len(record) {
		return nil, fmt.Errorf("member: %w", errMore)
	}
	return &Member{Member: m, Class: o.Class}, nil
}

// memberObjects makes the objects of one stream: one member, one object.
type memberObjects map[*Member]*javaser.Object

// of is m as an object, nil for nil.
func (made memberObjects) of(m *Member) (any, error) {
	if m == nil {
		return nil, nil
	}
	if o := made[m]; o != nil {
		return o, nil
	}
	if m.Class == nil {
		return nil, errors.New("a member without a class")
	}
	record, err := m.AppendTo(nil)
	if err != nil {
		return nil, err
	}
	var d javaser.Builder
	d.Sized(record)
	data, err := d.Contents()
	if err != nil {
		return nil, err
	}
	made[m] = &javaser.Object{Class: m.Class, Parts: []javaser.Part{{Class: m.Class, Annotations: data}}}
	return made[m], nil
}
