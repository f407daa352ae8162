package serverxml

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed testdata
var testdata embed.FS

func testFile(name string) string {
	b, err := testdata.ReadFile("testdata/" + name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// broken is a mistake made in testdata/base.xml: what we say to it, where, and
// what Tomcat 10.1 says and does when it is started with it.
// TestWhatTomcatDoes starts one with each; docs/checks/config-accuracy.md is this
// table for people.
type broken struct {
	name string
	edit func(base string) string
	// files are others that Tomcat gets, by their paths in its folder, and java
	// further options of its start.
	files map[string]string
	java  []string
	want  []string // "ID STATUS LINE:COLUMN", in order

	starts outcome
	says   string // in a WARNING or SEVERE line of its log, or an exception
}

// outcome is how a start of Tomcat ends.
type outcome string

const (
	starts outcome = "starts"
	fails  outcome = "does not start"
	hangs  outcome = "starts after a minute"
)

// swap replaces text, which must be there exactly once.
func swap(pairs ...string) func(string) string {
	return func(s string) string {
		for i := 0; i < len(pairs); i += 2 {
			if n := strings.Count(s, pairs[i]); n != 1 {
				panic(fmt.Sprintf("%q is there %d times", pairs[i], n))
			}
			s = strings.Replace(s, pairs[i], pairs[i+1], 1)
		}
		return s
	}
}

var (
	wholeCluster = regexp.MustCompile(`(?s)      <Cluster.*</Cluster>\n`)
	baseCluster  = wholeCluster.FindString(testFile("base.xml"))
)

const (
	send8        = `channelSendOptions="8"`
	detectorLine = `          <Interceptor className="org.apache.catalina.tribes.group.interceptors.TcpFailureDetector"/>` + "\n"
	dispatchLine = `          <Interceptor className="org.apache.catalina.tribes.group.interceptors.MessageDispatchInterceptor"/>` + "\n"
	pingLine     = `          <Interceptor className="org.apache.catalina.tribes.group.interceptors.TcpPingInterceptor"/>` + "\n"
	valveLine    = `        <Valve className="org.apache.catalina.ha.tcp.ReplicationValve" filter=""/>` + "\n"
	binderLine   = `        <Valve className="org.apache.catalina.ha.session.JvmRouteBinderValve"/>` + "\n"
	listenerLine = `        <ClusterListener className="org.apache.catalina.ha.session.ClusterSessionListener"/>` + "\n"
	hostLine     = `      <Host name="localhost" appBase="webapps" autoDeploy="false" unpackWARs="false"/>` + "\n"
	key16        = "000102030405060708090a0b0c0d0e0f"
)

// interceptor writes one on a line of its own.
func interceptor(class, attrs string) string {
	return fmt.Sprintf("          <Interceptor className=\"org.apache.catalina.tribes.group.interceptors.%s\" %s/>\n", class, attrs)
}

// encrypt puts an EncryptInterceptor at the top.
func encrypt(attrs string) func(string) string {
	return swap(detectorLine, interceptor("EncryptInterceptor", attrs)+detectorLine)
}

// static puts a StaticMembershipInterceptor with members below and a
// TcpPingInterceptor above, and switches multicast off.
func static(members ...string) func(string) string {
	return swap(send8, send8+` channelStartOptions="3"`, detectorLine, pingLine+detectorLine,
		dispatchLine, dispatchLine+staticList(members...))
}

func staticList(members ...string) string {
	return "          <Interceptor className=\"org.apache.catalina.tribes.group.interceptors.StaticMembershipInterceptor\">\n" +
		strings.Join(members, "") + "          </Interceptor>\n"
}

func serviceList(members ...string) func(string) string {
	return func(s string) string {
		return regexp.MustCompile(`(?s)          <Membership .*?/>\n`).ReplaceAllString(s,
			"          <Membership className=\"org.apache.catalina.tribes.membership.StaticMembershipService\">\n"+
				strings.Join(members, "")+"          </Membership>\n")
	}
}

// listed writes a <Member> or <LocalMember>.
func listed(element string, attrs string) string {
	return fmt.Sprintf("            <%s className=\"org.apache.catalina.tribes.membership.StaticMember\" %s/>\n", element, attrs)
}

func memberN(element string, n int) string {
	return listed(element, fmt.Sprintf(`host="10.77.0.%d" port="4000" uniqueId="{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,%d}"`, 10+n, n))
}

func both(edits ...func(string) string) func(string) string {
	return func(s string) string {
		for _, e := range edits {
			s = e(s)
		}
		return s
	}
}
