package session

import (
	"bytes"
	"fmt"

	"muster/tribes/javaser"
)

// ByteMessage is bytes inside another object (T/ByteMessage).
type ByteMessage []byte

const byteMessageClass = "org.apache.catalina.tribes.ByteMessage"

// Parse reads the Java object that the message of a frame is: *Message, *RPC,
// *MapMessage, *StaticMember, *File, *Undeploy, *Member, ByteMessage, Session,
// or a javaser.Value of any other class; nil is null. What follows the object is
// left, as Tomcat leaves it. The result may share memory with b.
func Parse(b []byte, l javaser.Limits) (any, error) {
	if len(b) == 0 {
		return nil, nil
	}
	v, _, err := javaser.ParseFirst(b, l)
	if err != nil {
		return nil, err
	}
	return Read(v)
}

// IsMessage reports whether a stream that begins with head, some hundred bytes, is
// a session message.
func IsMessage(head []byte) bool {
	return bytes.Contains(head, []byte("SessionMessageImpl")) || bytes.Contains(head, []byte(idMessageName))
}

// ParseMessage reads a session message, and nothing else.
func ParseMessage(b []byte) (*Message, error) {
	v, err := Parse(b, javaser.Limits{})
	if err != nil {
		return nil, err
	}
	m, ok := v.(*Message)
	if !ok {
		return nil, fmt.Errorf("no session message but a %T", v)
	}
	return m, nil
}

// ParseRPC reads an RPC message, and nothing else.
func ParseRPC(b []byte) (*RPC, error) {
	v, err := Parse(b, javaser.Limits{})
	if err != nil {
		return nil, err
	}
	r, ok := v.(*RPC)
	if !ok {
		return nil, fmt.Errorf("no RPC message but a %T", v)
	}
	return r, nil
}

// Read turns an object of a class of Tomcat's into one of the types that Parse
// returns.
func Read(v javaser.Value) (any, error) {
	o, ok := v.(*javaser.Object)
	if !ok {
		return v, nil
	}
	switch o.Class.Name {
	case messageClass:
		return orError(readMessage(o))
	case message55Class:
		return orError(readMessage55(o))
	case idMessageClass:
		return orError(readIDMessage(o))
	case rpcClass, noChannelClass:
		return orError(readRPC(o))
	case mapMessageClass:
		return orError(readMapMessage(o))
	case staticMessageClass:
		return orError(readStaticMember(o))
	case fileClass:
		return orError(readFile(o))
	case undeployClass:
		return orError(readUndeploy(o))
	case memberImplClass, staticMemberClass:
		return orError(readMember(o))
	case byteMessageClass:
		return orError(readByteMessage(o))
	case deltaSessionClass:
		return orError(ReadSession(o))
	}
	return v, nil
}

// orError keeps a half-read value from being taken for one.
func orError[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func readByteMessage(o *javaser.Object) (ByteMessage, error) {
	if len(o.Parts) != 1 {
		return nil, fmt.Errorf("a byte message of %d parts", len(o.Parts))
	}
	d := javaser.NewData(o.Parts[0].Annotations)
	b := ByteMessage(d.Sized())
	return b, end("byte message", d)
}
