package session

import (
	"fmt"

	"muster/tribes/javaser"
)

// RPC is a request or a reply on the channel (T/group/RpcMessage).
type RPC struct {
	// NoChannel marks the reply of a channel on which nobody serves ID: it has
	// neither Reply nor Message (RpcMessage$NoRpcChannelReply).
	NoChannel bool
	Reply     bool
	UUID      []byte // of the request, 16 bytes
	ID        []byte // names what serves it: a map, a static membership
	Message   javaser.Value

	class *javaser.Class
}

const (
	rpcClass       = "org.apache.catalina.tribes.group.RpcMessage"
	noChannelClass = rpcClass + "$NoRpcChannelReply"
)

// Both serialVersionUIDs are computed, and the same in all versions.
var (
	rpcDescriptor = &javaser.Class{Name: rpcClass, SUID: 0x712a750ff274e509,
		Flags: javaser.Externalizable | javaser.BlockData}
	noChannelDescriptor = &javaser.Class{Name: noChannelClass, SUID: 0x7bab8fb36a4b5ba6,
		Flags: javaser.Externalizable | javaser.BlockData, Super: rpcDescriptor}
)

// NoRpcChannelReply is the answer of a channel on which nobody serves the
// request. Tomcat's own callers wait for their whole timeout without it.
func NoRpcChannelReply(req *RPC) *RPC {
	return &RPC{NoChannel: true, Reply: true, UUID: req.UUID, ID: req.ID}
}

// AnswerRPC is a reply to the request.
func AnswerRPC(req *RPC, message javaser.Value) *RPC {
	return &RPC{Reply: true, UUID: req.UUID, ID: req.ID, Message: message}
}

func readRPC(o *javaser.Object) (*RPC, error) {
	if len(o.Parts) != 1 {
		return nil, fmt.Errorf("an RPC message of %d parts", len(o.Parts))
	}
	d := javaser.NewData(o.Parts[0].Annotations)
	r := &RPC{NoChannel: o.Class.Name == noChannelClass, Reply: true, class: o.Class}
	if !r.NoChannel {
		r.Reply = d.Bool()
	}
	r.UUID, r.ID = d.Sized(), d.Sized()
	if !r.NoChannel {
		r.Message = d.Object()
	}
	if err := end("RPC message", d); err != nil {
		return nil, err
	}
	return r, nil
}

// Append writes r as a whole stream: the message of a frame.
func (r *RPC) Append(b []byte) ([]byte, error) {
	var d javaser.Builder
	if !r.NoChannel {
		d.Bool(r.Reply)
	}
	d.Sized(r.UUID)
	d.Sized(r.ID)
	if !r.NoChannel {
		d.Object(r.Message)
	}
	data, err := d.Contents()
	if err != nil {
		return b, err
	}
	class := r.class
	switch {
	case class != nil:
	case r.NoChannel:
		class = noChannelDescriptor
	default:
		class = rpcDescriptor
	}
	return javaser.AppendMerged(b, &javaser.Object{Class: class, Parts: []javaser.Part{{Class: class, Annotations: data}}})
}
