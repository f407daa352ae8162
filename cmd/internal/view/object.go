package view

import (
	"encoding/hex"
	"net/netip"

	"muster/internal/escape"
	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/interceptor"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Object is a Java object in JSON: at most one field is set, that of its kind.
type Object struct {
	Java         *Java             `json:"java,omitempty"`
	Session      *Session          `json:"session,omitempty"`
	RPC          *RPC              `json:"rpc,omitempty"`
	Map          *Map              `json:"map,omitempty"`
	StaticMember *StaticMemberJSON `json:"static_member,omitempty"`
	File         *FileJSON         `json:"file,omitempty"`
	Undeploy     *UndeployJSON     `json:"undeploy,omitempty"`
	Member       *Member           `json:"member,omitempty"`
	Sessions     []SessionState    `json:"sessions,omitempty"`
}

// Java is any Java value; see docs/tribes-decode.md for what its view looks like.
type Java struct {
	Class string `json:"class"` // empty for null
	Value any    `json:"value"`

	hidden bool // the value is left out on purpose
}

// RPC is a request or a reply.
type RPC struct {
	Reply     bool    `json:"reply"`
	NoChannel bool    `json:"no_channel,omitempty"` // nobody serves the id
	UUID      string  `json:"uuid"`
	ID        string  `json:"id"` // escaped text
	IDHex     string  `json:"id_hex"`
	Kind      string  `json:"kind,omitempty"` // of its message
	Message   *Object `json:"message,omitempty"`
}

// Map is a message of a replicated map.
type Map struct {
	Type     int32         `json:"type"`
	TypeName string        `json:"type_name"`
	Map      string        `json:"map"` // its name, escaped text
	MapHex   string        `json:"map_hex"`
	Key      *Java         `json:"key,omitempty"`
	Value    *Java         `json:"value,omitempty"`
	Session  *SessionState `json:"session,omitempty"` // where the value is one
	Diff     bool          `json:"diff"`
	Changes  *SessionDelta `json:"changes,omitempty"` // of a diff
	Primary  *Member       `json:"primary,omitempty"`
	Nodes    []Member      `json:"nodes,omitempty"` // that hold a backup
}

// StaticMemberJSON is a message of StaticMembershipService.
type StaticMemberJSON struct {
	Type         int32   `json:"type"`
	TypeName     string  `json:"type_name"`
	Membership   string  `json:"membership"` // escaped text
	MembershipID string  `json:"membership_id_hex"`
	Member       *Member `json:"member,omitempty"`
}

// FileJSON is a piece of a web application.
type FileJSON struct {
	FileName string `json:"file_name"`
	Context  string `json:"context"`
	Number   int32  `json:"number"`
	Total    int64  `json:"total"`
	Bytes    int32  `json:"bytes"`
}

// UndeployJSON tells that a web application is gone.
type UndeployJSON struct {
	Context     string  `json:"context"`
	UniqueID    string  `json:"unique_id"`
	TimestampMS int64   `json:"timestamp_ms"`
	Address     *Member `json:"address,omitempty"`
}

func electionType(t tribes.UniqueID) string { return interceptor.CoordinationType(t) }

// newJava views a value; what a stream may make of it is bounded.
func newJava(v javaser.Value) *Java {
	return &Java{Class: javaser.ClassName(v), Value: javaser.View(v, javaser.ViewOptions{})}
}

func newObject(o *decode.Object) Object {
	var out Object
	switch {
	case o.Session != nil:
		out.Session = newSession(o.Session)
	case o.RPC != nil:
		out.RPC = newRPC(o)
	case o.Map != nil:
		out.Map = newMap(o.Map)
	case o.Static != nil:
		out.StaticMember = &StaticMemberJSON{
			Type: int32(o.Static.Type), TypeName: o.Static.Type.String(), Membership: escape.Bytes(o.Static.MembershipID),
			MembershipID: hex.EncodeToString(o.Static.MembershipID), Member: member(o.Static.Member),
		}
	case o.File != nil:
		out.File = &FileJSON{o.File.FileName, o.File.Context, o.File.Number, o.File.Total, o.File.Valid}
	case o.Gone != nil:
		out.Undeploy = &UndeployJSON{o.Gone.Context, o.Gone.UniqueID, o.Gone.Timestamp, member(o.Gone.Address)}
	case o.Member != nil:
		out.Member = member(o.Member)
	case o.Sessions != nil:
		out.Sessions = newSessions(o.Sessions)
	default:
		out.Java = newJava(o.Java)
	}
	return out
}

func member(m *session.Member) *Member {
	if m == nil {
		return nil
	}
	v := NewMember(&m.Member, netip.AddrPort{})
	return &v
}

func newRPC(o *decode.Object) *RPC {
	r := &RPC{
		Reply: o.RPC.Reply, NoChannel: o.RPC.NoChannel, UUID: hex.EncodeToString(o.RPC.UUID),
		ID: escape.Bytes(o.RPC.ID), IDHex: hex.EncodeToString(o.RPC.ID),
	}
	if o.Inner != nil {
		inner := newObject(o.Inner)
		r.Kind, r.Message = string(o.Inner.Kind), &inner
	}
	return r
}

func newMap(c *decode.MapContent) *Map {
	m := &Map{
		Type: int32(c.Type), TypeName: c.Type.String(), Map: escape.Bytes(c.MapID), MapHex: hex.EncodeToString(c.MapID),
		Diff: c.Diff, Primary: member(c.Primary),
	}
	if c.Key != nil {
		m.Key = newJava(c.KeyValue)
	}
	switch {
	case c.Session != nil:
		s := newSessionState(c.Session)
		m.Session = &s
	case c.Value != nil:
		m.Value = newJava(c.ValueValue)
	}
	if c.Delta != nil {
		d := newDelta(c.Delta)
		m.Changes = &d
	}
	for _, n := range c.Nodes {
		if v := member(n); v != nil {
			m.Nodes = append(m.Nodes, *v)
		}
	}
	return m
}
