package session

import "muster/tribes/javaser"

// A SessionIDMessage (H/session/SessionIDMessage) tells that the route of a
// session's id changed: Tomcat 6.0 has it for what ChangeSessionID tells later. It
// is read, never written.
const (
	idMessageClass = "org.apache.catalina.ha.session.SessionIDMessage"
	idMessageName  = "SessionIDMessage"
)

// readIDMessage makes a ChangeSessionID of it. The message names host and path:
// the context is called as the manager of an Engine's cluster is.
func readIDMessage(o *javaser.Object) (*Message, error) {
	r := read(o, idMessageClass)
	m := &Message{Event: ChangeSessionID, class: o.Class}
	path := "contextPath"
	if _, ok := r.part.Ref(path); r.err == nil && !ok {
		path = "contextName" // since 7.0
	}
	host, _ := r.text("host")
	context, _ := r.text(path)
	m.SessionID, _ = r.text("orignalSessionID")
	to, _ := r.text("backupSessionID")
	if r.err != nil {
		return nil, r.err
	}
	m.Context = host + "#" + context
	var err error
	m.Data, err = appendID(nil, to)
	return m, err
}
