package logs

import (
	"strings"
	"time"

	"muster/internal/lazyregexp"
)

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

// contextPath is the part behind the host, "/shop"; the root application's is "/".
func contextPath(app string) string {
	if i := strings.IndexByte(app, '#'); i >= 0 {
		app = app[i+1:]
	}
	if app == "" {
		return "/"
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
