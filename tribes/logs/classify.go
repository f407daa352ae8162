package logs

import (
	"hash/maphash"
	"slices"
	"strings"

	"muster/tribes/logs/message"
)

// byPlace are the messages that a class and method log, for texts that the table
// does not have: of a language or release that it does not know.
var byPlace = map[string]string{
	"SimpleTcpCluster.memberAdded":                 "simpleTcpCluster.member.added",
	"SimpleTcpCluster.memberDisappeared":           "simpleTcpCluster.member.disappeared",
	"XByteBuffer.append":                           "xByteBuffer.discarded.invalidHeader",
	"EncryptInterceptor.messageReceived":           "encryptInterceptor.decrypt.failed",
	"McastServiceImpl$SenderThread.run":            "mcastServiceImpl.send.failed",
	"McastServiceImpl$ReceiverThread.run":          "mcastServiceImpl.error.receiving",
	"ClusterSessionListener.messageReceived":       "clusterSessionListener.noManager",
	"DomainFilterInterceptor.memberAdded":          "domainFilterInterceptor.member.refused",
	"DomainFilterInterceptor.messageReceived":      "domainFilterInterceptor.message.refused",
	"DeltaManager.messageReceived":                 "deltaManager.receiveMessage.error",
	"TcpFailureDetector.performBasicCheck":         "tcpFailureDetector.performBasicCheck.memberAdded",
	"McastServiceImpl.setupSocket":                 "mcastServiceImpl.setSoTimeout",
	"McastServiceImpl$RecoveryThread.startService": "mcastServiceImpl.recovery.startFailed",
	"SimpleTcpCluster.send":                        "simpleTcpCluster.sendFailed",
}

// classify turns a record into an event of the cluster; ok is false where it tells
// nothing of it.
func classify(r *record, f finder) (Event, bool) {
	r.cutMethod(f)
	e := Event{
		Time: r.when, Written: r.when, Fine: r.fine, Level: r.level, Text: HideTokens(r.body), Line: r.line,
		causes: slices.Clone(r.causes), thread: string(r.thread), Count: 1, Until: r.when,
	}
	if n := len(r.causes); n > 0 {
		e.Cause = HideTokens(r.causes[n-1])
	}
	simple := string(outer([]byte(r.class)))
	if r.class != "" && !isCluster([]byte(r.class)) {
		if !e.other(r, simple) {
			return e, false
		}
		e.id = e.identity(r)
		e.keepFrames(r)
		return e, true
	}
	m, found := f.find(r.body, r.orphan || r.class == "")
	key := ""
	if found {
		key = m.Key
	} else if r.class != "" {
		key = byPlace[string(lastWord([]byte(r.class)))+"."+r.call]
	} else if r.orphan {
		if key = keyOfFrames(r.frames); key == "" {
			key = keyOfFrames(r.causes)
		}
	}
	if key == "" && r.level != LevelError && r.level != LevelWarn {
		return e, false
	}
	e.Key = key
	e.Kind = kinds[key]
	if e.Kind == "" {
		e.Kind = Problem
		if key == "" || !f.matters(key) {
			return e, false
		}
	}
	e.Member, _ = parseMember(r.body)
	if e.Member == (Member{}) {
		for _, c := range r.causes {
			if list, ok := after(c, "Faulty members:"); ok {
				if e.Member, ok = parseMember(list); ok {
					break
				}
			}
		}
	}
	e.details(r, m)
	e.id = e.identity(r)
	e.keepFrames(r)
	return e, true
}

// cutMethod takes the method off a text where the layout puts a blank between class
// and method, as SimpleFormatter.format with %2$s does: "...SimpleTcpCluster memberAdded
// Replication member added".
func (r *record) cutMethod(f finder) {
	if r.class == "" || r.call != "" {
		return
	}
	word, text, ok := strings.Cut(r.body, " ")
	if !ok || word == "" || word[0] < 'a' && word[0] != '<' || !isMethod([]byte(word)) {
		return
	}
	if isCluster([]byte(r.class)) {
		if _, found := f.find(r.body, false); found { // a text may begin with a small letter
			return
		}
	}
	r.call, r.body = word, text
}

// keepFrames keeps the stack trace of a failed start: only that is judged by it.
func (e *Event) keepFrames(r *record) {
	if e.Kind == StartFailed {
		e.frames = slices.Clone(r.frames)
	}
}

// identity tells whether two lines are one that was written to two files.
func (e *Event) identity(r *record) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteString(string(e.Kind))
	h.WriteString(r.body)
	h.WriteString(e.Cause)
	return h.Sum64() ^ uint64(r.when.UnixNano())
}

var seed = maphash.MakeSeed()

// keyOfFrames finds the message of a record whose beginning is missing, by the
// place where its exception was logged.
func keyOfFrames(frames []string) string {
	for _, f := range frames {
		place := cutAt(f, "(")
		parts := strings.Split(place, ".")
		if len(parts) < 2 {
			continue
		}
		if key := byPlace[strings.Join(parts[len(parts)-2:], ".")]; key != "" {
			return key
		}
	}
	return ""
}

// details reads what the message says beside the member.
func (e *Event) details(r *record, m message.Match) {
	switch e.Kind {
	case Bound:
		at := m.Args[0]
		if m.Key == "SocketReplictionListener.open" {
			at = m.Args[0] + ":" + m.Args[1]
		}
		if m.Text == nil {
			at = r.body[strings.LastIndexByte(r.body, '/')+1:]
		}
		if a, ok := parseAddress(at); ok {
			e.Member = Member{Addr: a}
		}
	case Waiting, Listening:
		e.Detail = strings.Trim(m.Args[0], "[]/")
	case StateAsked, StateReceived, StateTimeout, StateNoApp, StateAlone, Manager, NoManager, MapStarted:
		e.App = appName(m.Args[0])
		if m.Text == nil {
			e.App = appName(bracketed(r.body))
		}
		if e.Kind == MapStarted {
			e.App = strings.TrimSuffix(e.App, "-map")
		}
		if e.Kind == StateReceived || e.Kind == StateTimeout {
			e.took = milliseconds(m.Args[2])
		}
	case NoDecode, NoDecrypt:
		e.App = appName(bracketed(r.body))
		if e.Kind == NoDecode && isContent(r.causes) {
			e.Kind = Content
		}
	case SendFailed:
		switch {
		case isContent(r.causes):
			e.Kind = Content
		case strings.HasPrefix(e.Key, "IDataSender."):
			if a, ok := parseAddress(m.Args[0] + ":" + m.Args[1]); ok {
				e.Member = Member{Addr: a}
			}
		}
		if contains(r.causes, "queue is full") {
			e.Kind = Overload
		}
	case Foreign:
		if e.Key == "mcastServiceImpl.error.receiving" && (strings.Contains(e.Cause, "SocketException") || e.Cause == "") {
			e.Kind = Problem
		}
	}
	if e.Kind == Content {
		e.Detail = contentOf(r)
	}
	if e.Kind == SendFailed || e.Kind == SendFailing {
		e.Detail = reasonOf(r.causes)
	}
}
