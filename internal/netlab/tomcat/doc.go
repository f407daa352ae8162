// Package tomcat starts real Tomcats, and members made of Tomcat's jars alone, on
// the hosts of a netlab.Lab: the peers of the interop tests.
//
//	lab := netlab.New(t, netlab.Config{Hosts: 2})
//	one := tomcat.Start(t, lab.Host(1), tomcat.Config{})
//	peer := tomcat.StartPeer(t, lab.Host(2), tomcat.Tribes9, "--payload", "hello")
//	one.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 5*time.Second)
//
// They need Debian's packages tomcat10-common and openjdk-17-jre-headless, and
// libtomcat9-java for peers of Tomcat 9; without them a test skips and names
// what is missing.
//
// A starting Tomcat asks another member for the session state and waits 60 s for
// an answer. So start them one after the other (two at once ask each other before
// either can answer), and the members that are no Tomcats last.
package tomcat
