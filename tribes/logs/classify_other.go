package logs

import (
	"strings"

	"muster/internal/lazyregexp"
	"muster/tribes/logs/message"
)

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
