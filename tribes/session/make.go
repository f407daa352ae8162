package session

import "strconv"

// The messages that a DeltaManager sends, as it fills them in. Times are Unix
// ms; ctx is the context name.

func newEvent(g Generation, e Event, ctx, id, unique string, at int64) *Message {
	m := NewMessage(g)
	m.Event, m.Context, m.SessionID, m.UniqueID = e, ctx, id, unique
	m.Timestamp, m.TimestampSet = at, true
	return m
}

func stamped(id string, at int64) string { return id + "-" + strconv.FormatInt(at, 10) }

// NewCreated tells of a session that was made at the given time.
func NewCreated(g Generation, ctx, id string, at int64) *Message {
	return newEvent(g, Created, ctx, id, stamped(id, at), at)
}

// NewExpired tells of a session that is no more.
func NewExpired(g Generation, ctx, id string, now int64) *Message {
	return newEvent(g, Expired, ctx, id, id+"-EXPIRED-MSG", now)
}

// NewAccessed tells of a request to a session that changed nothing.
func NewAccessed(g Generation, ctx, id string, now int64) *Message {
	return newEvent(g, Accessed, ctx, id, stamped(id, now), now)
}

// NewGetAllSessions asks for the sessions of a context.
func NewGetAllSessions(g Generation, ctx string, now int64) *Message {
	return newEvent(g, GetAllSessions, ctx, "GET-ALL", "GET-ALL-"+ctx, now)
}

// NewGetEverySession asks for the sessions of every context: its context name is
// null, and each manager answers for its own (ClusterSessionListener).
func NewGetEverySession(g Generation, now int64) *Message {
	m := NewGetAllSessions(g, "", now)
	m.nulls[0] = true
	return m
}

// NewAllSessionData carries sessions, as List.Append writes them.
func NewAllSessionData(g Generation, ctx string, list []byte, at int64) *Message {
	m := newEvent(g, AllSessionData, ctx, "SESSION-STATE", "SESSION-STATE-"+ctx, at)
	m.Data = list
	return m
}

// NewDelta carries a change, as Delta.Append writes it.
func NewDelta(g Generation, ctx, id string, delta []byte, now int64) *Message {
	m := newEvent(g, SessionDelta, ctx, id, stamped(id, now), now)
	m.Data = delta
	return m
}

// NewChangeSessionID renames a session.
func NewChangeSessionID(g Generation, ctx, id, to string, now int64) (*Message, error) {
	blob, err := appendID(nil, to)
	if err != nil {
		return nil, err
	}
	m := newEvent(g, ChangeSessionID, ctx, id, stamped(id, now), now)
	m.Data = blob
	return m, nil
}

// NewTransferComplete ends the answer to a GetAllSessions; at is the time of the
// snapshot that was sent. A guest answers with AnswerTransferComplete.
func NewTransferComplete(g Generation, ctx string, at int64) *Message {
	return newEvent(g, TransferComplete, ctx, transferText, transferText+ctx, at)
}

// AnswerTransferComplete is the answer of a member without sessions to a
// GetAllSessions: of the same class and context, and with the request's own
// time, so that the asker drops none of the messages that came meanwhile.
func AnswerTransferComplete(req *Message) *Message {
	m := newEvent(Gen85, TransferComplete, req.Context, transferText, transferText+req.Context, req.Timestamp)
	m.class, m.nulls[0] = req.class, req.nulls[0]
	return m
}

// AnswerNoContextManager tells that the context is not here. The asker remembers
// it for ever: AnswerTransferComplete is kinder.
func AnswerNoContextManager(req *Message) *Message {
	m := newEvent(Gen85, NoContextManager, req.Context, noContextText, noContextText+"-"+req.Context, 0)
	m.class, m.nulls[0], m.TimestampSet = req.class, req.nulls[0], false
	return m
}
