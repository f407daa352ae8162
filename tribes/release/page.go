package release

import "muster/internal/lazyregexp"

// serverInfo is how Tomcat names itself: in a Server header that was configured, and below
// its own pages about errors (ErrorReportValve with showServerInfo, its default).
var serverInfo = lazyregexp.New(`Apache Tomcat/([0-9]+\.[0-9]+\.[0-9]+(?:[.-]?(?:M|RC)[0-9]+)?)`)

// InPage reads the exact release out of a Server header or the text of a page; ok is false
// where it names none.
func InPage(text string) (r Release, ok bool) {
	m := serverInfo().FindStringSubmatch(text)
	if m == nil {
		return Release{}, false
	}
	r, err := Parse(m[1])
	return r, err == nil && r.Exact()
}
