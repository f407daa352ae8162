package session

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"muster/tribes/javaser"
)

// What messages of a replicated map hold inside: each is a whole stream of its
// own.

// AppendMapKey writes a key that is a String, as all of a BackupManager are.
func AppendMapKey(b []byte, key string) ([]byte, error) {
	return javaser.Append(b, javaser.NewString(key))
}

// ParseMapKey reads a key that is a String.
func ParseMapKey(b []byte) (string, error) {
	v, err := ParseMapValue(b)
	if err != nil {
		return "", err
	}
	s, ok := v.(*javaser.String)
	if !ok {
		return "", fmt.Errorf("the key is a %s, and no String", javaser.ClassName(v))
	}
	return s.Text(), nil
}

// AppendMapValue writes a value.
func AppendMapValue(b []byte, v javaser.Value) ([]byte, error) { return javaser.AppendMerged(b, v) }

// ParseMapValue reads a key or a value; it may share memory with b.
func ParseMapValue(b []byte) (javaser.Value, error) {
	v, _, err := javaser.ParseFirst(b, javaser.Limits{})
	return v, err
}

var (
	mapStateDescriptor = &javaser.Class{Name: mapStateClass, Flags: javaser.Serializable | javaser.EnumFlag,
		Super: &javaser.Class{Name: "java.lang.Enum", Flags: javaser.Serializable | javaser.EnumFlag}}
	arrayListDescriptor = &javaser.Class{Name: "java.util.ArrayList", SUID: 0x7881d21d99c7619d,
		Flags: javaser.Serializable | javaser.WriteMethod, Fields: []javaser.Field{{Type: 'I', Name: "size"}}}
)

// AppendMapState writes the value of a reply to MapPing.
func AppendMapState(b []byte, state string) ([]byte, error) {
	return javaser.Append(b, &javaser.Enum{Class: mapStateDescriptor, Name: javaser.NewString(state)})
}

// ParseMapState reads it.
func ParseMapState(b []byte) (string, error) {
	v, err := ParseMapValue(b)
	if err != nil {
		return "", err
	}
	e, ok := v.(*javaser.Enum)
	if !ok || e.Class.Name != mapStateClass {
		return "", fmt.Errorf("the state is a %s", javaser.ClassName(v))
	}
	return e.Name.Text(), nil
}

// AppendMapList writes the value of a reply to MapState: an ArrayList of
// messages. A Member that several of them name is one object.
func AppendMapList(b []byte, list []*MapMessage) ([]byte, error) {
	made := memberObjects{}
	var d javaser.Builder
	d.Int32(int32(len(list))) // the capacity
	for _, m := range list {
		o, err := m.object(made)
		if err != nil {
			return b, err
		}
		d.Object(o)
	}
	contents, err := d.Contents()
	if err != nil {
		return b, err
	}
	return javaser.AppendMerged(b, &javaser.Object{Class: arrayListDescriptor, Parts: []javaser.Part{{
		Class: arrayListDescriptor, Prims: binary.BigEndian.AppendUint32(nil, uint32(len(list))), Annotations: contents,
	}}})
}

// ParseMapList reads it. The messages share memory with b.
func ParseMapList(b []byte) ([]*MapMessage, error) {
	v, _, err := javaser.ParseFirst(b, javaser.Limits{Bytes: max(len(b), 1), Values: mapListValues})
	if err != nil {
		return nil, err
	}
	o, ok := v.(*javaser.Object)
	if !ok || o.Class.Name != "java.util.ArrayList" {
		return nil, fmt.Errorf("a %s where a list of map messages must be", javaser.ClassName(v))
	}
	p, ok := o.Part("java.util.ArrayList")
	if !ok {
		return nil, fmt.Errorf("a list without its elements")
	}
	d := javaser.NewData(p.Annotations)
	d.Int32()
	var list []*MapMessage
	for {
		e, more := d.Peek()
		if !more {
			break
		}
		d.Object()
		msg, err := MapMessageOf(e)
		if err != nil {
			return nil, fmt.Errorf("in a list of map messages: %w", err)
		}
		list = append(list, msg)
	}
	return list, end("list of map messages", d)
}

// mapListValues bounds the values of a state: of a million entries.
const mapListValues = 16 << 20

// Is reports whether m is of the map with this id.
func (m *MapMessage) Is(id []byte) bool { return bytes.Equal(m.MapID, id) }

// ParseMapMessage reads a map message, and nothing else.
func ParseMapMessage(b []byte) (*MapMessage, error) {
	v, err := ParseMapValue(b)
	if err != nil {
		return nil, err
	}
	return MapMessageOf(v)
}

// MapMessageOf is an object as the map message that it is: the message of an RPC.
func MapMessageOf(v javaser.Value) (*MapMessage, error) {
	o, ok := v.(*javaser.Object)
	if !ok || o.Class.Name != mapMessageClass {
		return nil, fmt.Errorf("no map message but a %s", javaser.ClassName(v))
	}
	return readMapMessage(o)
}
