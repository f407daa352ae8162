package logs

import (
	"hash/maphash"
	"strings"
	"time"

	"muster/internal/lazyregexp"
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
	e := Event{
		Time: r.when, Written: r.when, Fine: r.fine, Level: r.level, Text: HideTokens(r.body), Line: r.line,
		causes: r.causes, frames: r.frames, thread: string(r.thread), Count: 1, Until: r.when,
	}
	if n := len(r.causes); n > 0 {
		e.Cause = HideTokens(r.causes[n-1])
	}
	simple := string(outer([]byte(r.class)))
	if r.class != "" && !isCluster([]byte(r.class)) {
		ok := e.other(r, simple)
		e.id = e.identity(r)
		return e, ok
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
		if key == "" || !message.Matters(key) {
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
	if e.Kind != StartFailed { // only a failed start is judged by its stack trace
		e.frames = nil
	}
	return e, true
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

// found are the messages of texts that were seen before: in a log that matters for
// its size the same ones come again and again.
type found struct {
	message.Match
	ok bool
}

const maxRemembered = 4096

// finder finds the messages of one log.
type finder map[string]found

func (f finder) find(text string, anywhere bool) (message.Match, bool) {
	if m, ok := f[text]; ok {
		return m.Match, m.ok
	}
	m, ok := message.Find(text, anywhere)
	if len(f) >= maxRemembered {
		clear(f)
	}
	f[text] = found{m, ok}
	return m, ok
}

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

// other reads lines of the rest of Tomcat: starts, stops, releases, settings,
// applications, and what an application could not put into a session.
func (e *Event) other(r *record, simple string) bool {
	if v, ok := after(r.body, "Apache Tomcat/"); ok {
		e.Kind, e.Detail = Release, cutAt(v, "] ()")
		return true
	}
	switch simple {
	case "Catalina":
		switch {
		case r.level == LevelError && (contains(r.causes, "ChannelException") || contains(r.frames, ".catalina.tribes.") || contains(r.frames, ".catalina.ha.") || contains(r.frames, ".catalina.cluster.")):
			e.Kind = StartFailed
			return true
		case r.level != LevelError && (r.call == "start" || r.call == "" && startedText(r.body)):
			e.Kind = Started
			return true
		}
	case "StandardService", "AbstractProtocol", "StandardServer":
		if strings.HasPrefix(r.call, "stop") || r.call == "pause" || r.call == "await" || r.call == "" && (strings.HasPrefix(r.body, "Stopping") || strings.HasPrefix(r.body, "Pausing")) {
			e.Kind = Stopping
			return true
		}
	case "Http11Protocol", "Http11BaseProtocol", "Http11NioProtocol":
		if r.call == "pause" || strings.HasPrefix(r.body, "Pausing") {
			e.Kind = Stopping
			return true
		}
	case "HostConfig", "ContextConfig":
		if strings.HasPrefix(r.call, "deploy") || r.call == "" && strings.HasPrefix(r.body, "Deploy") {
			if e.App = appOfPath(r.body); e.App != "" {
				e.Kind = Deploying
				return true
			}
		}
	case "SetPropertiesRule", "SetAllPropertiesRule", "Digester", "RulesBase", "IntrospectionUtils":
		if path := settingPath().FindString(r.body + r.more); path != "" {
			e.Kind, e.Detail = Setting, settingOf(r.body, path)
			return true
		}
	case "StandardWrapperValve", "StandardSession", "ManagerBase", "StandardManager", "CoyoteAdapter":
		if isContent(r.causes) || refusedAttribute(r) || message.IsKey(r.body, "standardSession.notSerializable") {
			e.Kind, e.Detail = Content, contentOf(r)
			return r.level == LevelError || r.level == LevelWarn
		}
	}
	return false
}

var (
	settingPath = lazyregexp.New(`Server/Service/Engine/[A-Za-z/]*Cluster[A-Za-z/]*`)
	quoted      = lazyregexp.New(`\[([^\[\]]*)\]|'([^']*)'`)
)

// settingOf says which attribute of which element it is.
func settingOf(text, path string) string {
	_, behind, _ := strings.Cut(text, path)
	element := path[strings.LastIndexByte(path, '/')+1:]
	if m := quoted().FindStringSubmatch(behind); m != nil {
		return element + " " + m[1] + m[2]
	}
	return element
}

var startupText = lazyregexp.New(`(?i)server startup in|démarrage du serveur a pris|サーバーの起動|서버가 .* 시작|服务器启动|Запуск сервера|startup.*\d+`)

func startedText(s string) bool { return startupText().MatchString(s) }

// isContent reports whether a cause says that an object cannot travel.
func isContent(causes []string) bool {
	for _, c := range causes {
		name := c[strings.LastIndexByte(cutAt(c, ":"), '.')+1:]
		switch cutAt(name, ":") {
		case "NotSerializableException", "ClassNotFoundException", "InvalidClassException", "WriteAbortedException", "NoClassDefFoundError", "InvalidObjectException":
			return true
		}
	}
	return false
}

// refusedAttribute: StandardSession.setAttribute throws for an object that is not
// serializable, in whatever language.
func refusedAttribute(r *record) bool {
	for i, c := range r.causes {
		if strings.HasPrefix(c, "java.lang.IllegalArgumentException: ") {
			if strings.Contains(c, "Non-serializable attribute") || strings.Contains(c, "is not serializable") {
				return true
			}
			if i == 0 && len(r.frames) > 0 && strings.Contains(r.frames[0], "Session.setAttribute(") {
				return true
			}
		}
	}
	return false
}

var attribute = lazyregexp.New(`attribute \[?([^\]\s]+)\]?`)

// contentOf is the class or the attribute that cannot travel.
func contentOf(r *record) string {
	if n := len(r.causes); n > 0 {
		c := r.causes[n-1]
		if _, what, ok := strings.Cut(c, ": "); ok {
			if m := attribute().FindStringSubmatch(what); m != nil && strings.Contains(c, "IllegalArgument") {
				return "attribute " + m[1]
			}
			return "class " + cutAt(what, "; ")
		}
	}
	if m := attribute().FindStringSubmatch(r.body); m != nil {
		return "attribute " + m[1]
	}
	return ""
}

// reasonOf says why a send failed, by its innermost cause.
func reasonOf(causes []string) string {
	if len(causes) == 0 {
		return ""
	}
	switch c := causes[len(causes)-1]; {
	case strings.Contains(c, "ConnectException"), strings.Contains(c, "Connection refused"):
		return "refused"
	case strings.Contains(c, "NoRouteToHost"), strings.Contains(c, "No route to host"), strings.Contains(c, "Host unreachable"):
		return "no route"
	case strings.Contains(c, "timed out"), strings.Contains(c, "SocketTimeout"), strings.Contains(c, "TimedOut"):
		return "timeout"
	case strings.Contains(c, "EOF"), strings.Contains(c, "ClosedChannel"), strings.Contains(c, "reset"), strings.Contains(c, "Broken pipe"):
		return "closed"
	case strings.Contains(c, "failed ack"), strings.Contains(c, "RemoteProcessException"):
		return "failed at the receiver"
	}
	return ""
}

func contains(list []string, word string) bool {
	for _, s := range list {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

// appName is an application as Tomcat's managers are called: "localhost#/shop".
func appName(s string) string { return strings.Trim(s, "[]: ") }

// contextPath is the part behind the host, "/shop".
func contextPath(app string) string {
	if i := strings.IndexByte(app, '#'); i >= 0 {
		app = app[i+1:]
	}
	return app
}

// bracketed is what stands in the first brackets.
func bracketed(s string) string {
	_, s, ok := strings.Cut(s, "[")
	if !ok {
		return ""
	}
	return cutAt(s, "]")
}

// appOfPath makes "/shop" of ".../webapps/shop" or ".../shop.war".
func appOfPath(body string) string {
	p := bracketed(body)
	if p == "" {
		f := strings.Fields(body)
		if len(f) == 0 {
			return ""
		}
		p = f[len(f)-1]
	}
	p = strings.ReplaceAll(p, "\\", "/")
	p = p[strings.LastIndexByte(p, '/')+1:]
	p = strings.TrimSuffix(strings.TrimSuffix(p, ".war"), ".xml")
	p = cutAt(p, "#")
	if p == "" || strings.ContainsAny(p, " \t") {
		return ""
	}
	if p == "ROOT" {
		return "/"
	}
	return "/" + p
}

// milliseconds reads "15,073" or "15.073" or "15 073".
func milliseconds(s string) time.Duration {
	n := 0
	for _, c := range []byte(s) {
		if isDigit(c) && n < 1<<40 {
			n = n*10 + int(c-'0')
		}
	}
	return time.Duration(n) * time.Millisecond
}
