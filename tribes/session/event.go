package session

import "strconv"

// Event is what a session message tells (H/session/SessionMessage).
type Event int32

const (
	Created          Event = 1
	Expired          Event = 2
	Accessed         Event = 3
	GetAllSessions   Event = 4  // a starting node asks for the state of a context
	AllSessionData   Event = 12 // sessions, in answer
	SessionDelta     Event = 13
	TransferComplete Event = 14 // no more sessions will come
	ChangeSessionID  Event = 15 // since 7.0.1
	NoContextManager Event = 16 // the asked node has no such context; since 7.0.23
	transferText           = "SESSION-STATE-TRANSFERRED"
	noContextText          = "NO-CONTEXT-MANAGER"
)

// String is the event's name in Tomcat's log.
func (e Event) String() string {
	switch e {
	case Created:
		return "SESSION-MODIFIED"
	case Expired:
		return "SESSION-EXPIRED"
	case Accessed:
		return "SESSION-ACCESSED"
	case GetAllSessions:
		return "SESSION-GET-ALL"
	case AllSessionData:
		return "ALL-SESSION-DATA"
	case SessionDelta:
		return "SESSION-DELTA"
	case TransferComplete:
		return transferText
	case ChangeSessionID:
		return "SESSION-ID-CHANGED"
	case NoContextManager:
		return noContextText
	}
	return "event " + strconv.Itoa(int(e))
}
