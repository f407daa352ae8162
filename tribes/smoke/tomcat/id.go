package tomcat

import (
	"net/http"
	"strings"

	"muster/internal/lazyregexp"
)

// defaultCookie is the name of Tomcat's session cookie.
const defaultCookie = "JSESSIONID"

// sessionID is a session's id as it travels: BASE or BASE.ROUTE, where the route
// is the jvmRoute of the node that serves it. JvmRouteBinderValve puts another
// route behind the same base.
type sessionID string

func (id sessionID) base() string { b, _, _ := strings.Cut(string(id), "."); return b }

func (id sessionID) route() string { _, r, _ := strings.Cut(string(id), "."); return r }

var (
	// likeTomcat is an id as Tomcat makes them, for a session cookie of another name.
	likeTomcat = lazyregexp.New(`^[0-9A-F]{16,128}(\.[^.]+)?$`)
	// carriable is what may stand in a cookie and in a path as it is.
	carriable = lazyregexp.New(`^[0-9A-Za-z._~+=@!*()$:-]{1,512}$`)
)

// sessionCookie finds the cookie of a new session: the one called name, or
// where no name is given JSESSIONID, or the only one that looks like it.
func sessionCookie(name string, cookies []*http.Cookie) *http.Cookie {
	var found *http.Cookie
	for _, c := range cookies {
		if !carriable().MatchString(c.Value) || c.MaxAge < 0 {
			continue
		}
		switch {
		case name != "" && c.Name == name, name == "" && c.Name == defaultCookie:
			found = c
		case name == "" && likeTomcat().MatchString(c.Value) && (found == nil || found.Name != defaultCookie):
			found = c
		}
	}
	return found
}

// pathParameter is what the id is called in a path: jsessionid, or the name of
// the cookie where the application gives it one of its own.
func pathParameter(cookie string) string {
	if cookie == defaultCookie {
		return strings.ToLower(cookie)
	}
	return cookie
}

// contextPath is the path of the application as its cookie names it: "" for the
// root application. A cookie for a wider path names none.
func contextPath(c *http.Cookie, page string) string {
	path := strings.TrimSuffix(c.Path, "/")
	if path != "" && strings.HasPrefix(page, path) {
		return path
	}
	return ""
}
