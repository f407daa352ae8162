package session

import (
	"fmt"
	"slices"
	"strconv"

	"muster/tribes/javaser"
	"muster/tribes/release"
)

// MapType is what a map message asks or tells.
type MapType int32

const (
	MapBackup         MapType = 1  // here is your backup copy
	MapRetrieveBackup MapType = 2  // RPC: the reply has the value
	MapProxy          MapType = 3  // where an entry lives
	MapRemove         MapType = 4  // an entry is gone
	MapState          MapType = 5  // RPC: the reply is a list of MapProxy
	MapStart          MapType = 6  // RPC: the sender begins to hold entries
	MapStop           MapType = 7  // the sender is no member any more
	MapInit           MapType = 8  // RPC: the sender joins the map
	MapCopy           MapType = 9  // as MapBackup, of a map that copies to all
	MapStateCopy      MapType = 10 // RPC: the reply is a list of MapCopy
	MapAccess         MapType = 11 // an entry was used; since 7.0.28
	MapNotifyMember   MapType = 12 // since 7.0.62
	MapPing           MapType = 13 // RPC: the reply has a map's state; since 7.0.70 and 8.5.1
)

var mapTypes = [...]string{
	MapBackup: "BACKUP", MapRetrieveBackup: "RETRIEVE_BACKUP", MapProxy: "PROXY", MapRemove: "REMOVE",
	MapState: "STATE", MapStart: "START", MapStop: "STOP", MapInit: "INIT", MapCopy: "COPY",
	MapStateCopy: "STATE_COPY", MapAccess: "ACCESS", MapNotifyMember: "NOTIFY_MAPMEMBER", MapPing: "PING",
}

// String is the type's name in Tomcat's source, without its MSG_.
func (t MapType) String() string {
	if t > 0 && int(t) < len(mapTypes) {
		return mapTypes[t]
	}
	return "type " + strconv.Itoa(int(t))
}

// MapMessage is a message of a replicated map
// (T/tipis/AbstractReplicatedMap$MapMessage): BackupManager, single sign-on,
// ReplicatedContext.
type MapMessage struct {
	Type  MapType
	MapID []byte // the map's name in ISO-8859-1, as localhost#/app-map
	// Key and Value are whole Java streams of their own, nil where there is none.
	// Diff tells that DiffValue, not Value, is what changed.
	Key, Value []byte
	Diff       bool
	DiffValue  []byte
	Primary    *Member
	Nodes      []*Member // that hold a backup; nil is null
	nodesClass *javaser.Class
	class      *javaser.Class
}

const mapMessageClass = "org.apache.catalina.tribes.tipis.AbstractReplicatedMap$MapMessage"

var (
	mapMessageDescriptor  = mapMessageOf(1)
	memberArrayDescriptor = &javaser.Class{
		Name: "[Lorg.apache.catalina.tribes.Member;", SUID: 0x5ec4606b842d393c, Flags: javaser.Serializable,
	}
)

// mapMessageWithoutPrimary is the serialVersionUID of a class that names no
// primary: that of 6.0.14 and older.
const mapMessageWithoutPrimary = 2816383145215826184

func mapMessageOf(suid int64) *javaser.Class {
	c := &javaser.Class{
		Name: mapMessageClass, SUID: uint64(suid), Flags: javaser.Serializable,
		Fields: []javaser.Field{
			{Type: 'Z', Name: "diff"}, {Type: 'I', Name: "msgtype"},
			{Type: '[', Name: "diffvalue", Class: javaser.TypeBytes},
			{Type: '[', Name: "keydata", Class: javaser.TypeBytes},
			{Type: '[', Name: "mapId", Class: javaser.TypeBytes},
			{Type: '[', Name: "nodes", Class: typeMembers},
			{Type: 'L', Name: "primary", Class: typeMember},
			{Type: '[', Name: "valuedata", Class: javaser.TypeBytes},
		},
	}
	if suid == mapMessageWithoutPrimary {
		c.Fields = slices.DeleteFunc(c.Fields, func(f javaser.Field) bool { return f.Name == "primary" })
	}
	return c
}

// As has m written as a release writes it.
func (m *MapMessage) As(r release.Release) {
	if uids, ok := r.SerialUIDs(); ok {
		m.class = mapMessageOf(uids.MapMessage)
	}
}

func readMapMessage(o *javaser.Object) (*MapMessage, error) {
	r := read(o, mapMessageClass)
	m := &MapMessage{
		Type: MapType(r.int32("msgtype")), Diff: r.bool("diff"), DiffValue: r.bytes("diffvalue"),
		Key: r.bytes("keydata"), MapID: r.bytes("mapId"), Value: r.bytes("valuedata"), class: o.Class,
	}
	nodes, primary := r.ref("nodes"), r.ref("primary")
	if r.err != nil {
		return nil, r.err
	}
	known := map[javaser.Value]*Member{} // primary and a node may be one object
	member := func(v javaser.Value) (*Member, error) {
		if m := known[v]; m != nil {
			return m, nil
		}
		m, err := readMember(v)
		known[v] = m
		return m, err
	}
	if nodes != nil {
		a, ok := nodes.(*javaser.Array)
		if !ok || a.Class.Elem() != 'L' {
			return nil, fmt.Errorf("map message: nodes is a %s", javaser.ClassName(nodes))
		}
		m.nodesClass = a.Class
		m.Nodes = make([]*Member, 0, len(a.Refs))
		for _, v := range a.Refs {
			n, err := member(v)
			if err != nil {
				return nil, fmt.Errorf("map message: %w", err)
			}
			m.Nodes = append(m.Nodes, n)
		}
	}
	var err error
	if m.Primary, err = member(primary); err != nil {
		return nil, fmt.Errorf("map message: %w", err)
	}
	return m, nil
}

// Object is m as an object.
func (m *MapMessage) Object() (*javaser.Object, error) { return m.object(memberObjects{}) }

func (m *MapMessage) object(made memberObjects) (*javaser.Object, error) {
	primary, err := made.of(m.Primary)
	if err != nil {
		return nil, err
	}
	var nodes any
	if m.Nodes != nil {
		a := &javaser.Array{Class: m.nodesClass, Len: len(m.Nodes)}
		if a.Class == nil {
			a.Class = memberArrayDescriptor
		}
		for _, n := range m.Nodes {
			v, err := made.of(n)
			if err != nil {
				return nil, err
			}
			ref, _ := v.(javaser.Value)
			a.Refs = append(a.Refs, ref)
		}
		nodes = a
	}
	class := m.class
	if class == nil {
		class = mapMessageDescriptor
	}
	return assemble(class, func(_ *javaser.Class, field string) any {
		switch field {
		case "diff":
			return m.Diff
		case "msgtype":
			return int32(m.Type)
		case "diffvalue":
			return bytesValue(m.DiffValue)
		case "keydata":
			return bytesValue(m.Key)
		case "mapId":
			return bytesValue(m.MapID)
		case "nodes":
			return nodes
		case "primary":
			return primary
		case "valuedata":
			return bytesValue(m.Value)
		}
		return nil
	})
}

// Append writes m as a whole stream: the message of a frame.
func (m *MapMessage) Append(b []byte) ([]byte, error) {
	o, err := m.Object()
	if err != nil {
		return b, err
	}
	return javaser.AppendMerged(b, o)
}

// mapStateClass is the enum that a reply to MapPing carries: NEW,
// STATETRANSFERRED, INITIALIZED or DESTROYED.
const mapStateClass = "org.apache.catalina.tribes.tipis.AbstractReplicatedMap$State"
