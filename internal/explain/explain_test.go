package explain

import (
	"os"
	"slices"
	"strings"
	"testing"

	"muster/internal/verdict"
)

func first(text string) string {
	m := Text(text)
	switch {
	case len(m) == 0:
		return "nothing"
	case m[0].Harmless:
		return "harmless"
	case !m[0].Exact:
		return "perhaps"
	}
	return string(m[0].Pages[0])
}

func TestText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// Of an exception the innermost cause decides.
		{"SEVERE: Unable to start cluster. org.apache.catalina.tribes.ChannelException: x; No faulty members identified.\nCaused by: java.net.SocketException: Not a multicast address", "group.invalid"},
		{"SEVERE: Unable to start cluster. org.apache.catalina.tribes.ChannelException: x\nCaused by: java.net.BindException: Address already in use", "tribes.receiver-port"},
		{"SEVERE: Unable to start cluster. org.apache.catalina.tribes.ChannelException: x\nCaused by: java.net.BindException: Cannot assign requested address", "config.address"},
		{"Unable to receive message through TCP channel\njava.lang.ClassNotFoundException: com.example.Basket", "tribes.session-content"},
		// One error, as each system and language spells it.
		{"listen udp4 224.0.0.0:5353: bind: address already in use", "sock.port-in-use"},
		{"Error: bind EADDRINUSE 0.0.0.0:45564", "sock.port-in-use"},
		{"OSError: [WinError 10048] Only one usage of each socket address is normally permitted", "sock.port-in-use"},
		{"bind failed, WSAGetLastError: 10048", "sock.port-in-use"},
		{"OSError: [Errno 48] bind", "sock.port-in-use"},
		{"OSError: [Errno 101] Network is unreachable", "route.none"},
		{"Error: send ENETUNREACH 239.255.255.250:1900", "route.none"},
		{"os error 10051", "route.none"},
		{"The requested address is not valid in its context. (os error 10049) when binding 224.0.0.180:4809", "sock.bind-group"},
		// To a Tomcat it is TCP, not the permission of macOS.
		{"WARNING: Unable to send replicated message, is server down? java.net.NoRouteToHostException: No route to host", "tribes.half-open"},
		{"org.apache.catalina.tribes.ChannelException: Faulty members:tcp://{10, 77, 0, 12}:4000; Caused by: java.net.NoRouteToHostException: No route to host", "tribes.half-open"},
		{"Error: send EHOSTUNREACH 239.1.1.1:5000", "route.blocked"},
		// Kernels and firewalls.
		{"[UFW BLOCK] IN=eth0 OUT= SRC=10.0.0.2 DST=228.0.0.4 PROTO=UDP DPT=45564", "fw.input-drop"},
		{"[UFW BLOCK] IN= OUT=eth0 SRC=10.0.0.2 DST=228.0.0.4 PROTO=UDP DPT=45564", "fw.output-drop"},
		{"FINAL_REJECT: IN=eth0 OUT= SRC=10.0.0.2 DST=224.0.0.1 PROTO=2", "fw.igmp-drop"},
		{"IPv4: martian source 228.0.0.4 from 10.0.0.5, on dev eth1", "rpf.strict"},
		{"nf_conntrack: table full, dropping packet", "fw.input-drop"},
		// Messages of Tomcat, cut and in other languages.
		{"Received memberDisappeared[x] message. Will verify.", "tribes.drop-time"},
		{"Manager [localhost#/app]: Drop message SESSION-GET-ALL inside GET_ALL_SESSIONS sync phase start date", "tribes.advertises-loopback"},
		{"WARNING: Manager [localhost#/shop], requesting session state from [x]. This operation will timeout if no session state has been received within [15] seconds.", "harmless"},
		{"Creation of SecureRandom instance for session ID generation using [SHA1PRNG] took [147] milliseconds.", "harmless"},
		// As people repeat them: a piece, in small letters, quoted.
		{"no members active in cluster group", "tribes.not-joined"},
		{"\"No members active in cluster group.\"", "tribes.not-joined"},
		{"[QUORUM] Members[1]: 1", "corosync.split"},
		// Words of people are a guess.
		{"works after a restart of the switch and then not", "perhaps"},
		{"qwertz uiop", "nothing"},
	} {
		if got := first(c.text); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
}

// Lines that products logged in the lab lead to the right page first.
func TestProductLines(t *testing.T) {
	text, err := os.ReadFile("testdata/product-lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(text)) {
		want, text, ok := strings.Cut(strings.TrimSpace(line), " | ")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		lines++
		if got := first(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if lines < 41 {
		t.Errorf("only %d lines", lines)
	}
}

// Every rule leads to pages that there are, and is reachable.
func TestRules(t *testing.T) {
	for _, r := range rules {
		for _, id := range ids(r.ids) {
			if _, ok := verdict.Find(id); !ok {
				t.Errorf("%q: no id %s", r.when, id)
			}
		}
		for part := range strings.SplitSeq(r.when, " & ") {
			for w := range strings.SplitSeq(strings.TrimPrefix(part, "!"), "|") {
				if w == "" {
					t.Errorf("%q has an empty word", r.when)
				} else if w[0] >= 'A' && w[0] <= 'Z' {
					known := about[w] != nil || slices.ContainsFunc(errnos, func(e struct {
						name                string
						linux, bsd, windows int
						words               []string
					}) bool {
						return e.name == w
					})
					if !known {
						t.Errorf("%q: no flag %s", r.when, w)
					}
				} else if w != strings.ToLower(w) {
					t.Errorf("%q: %q is looked for in lower case", r.when, w)
				}
			}
		}
	}
}

// A log is ranked: what names a cause first, a thousand lines of one kind once.
func TestLog(t *testing.T) {
	var b strings.Builder
	for range 1000 {
		b.WriteString("29-Nov-2026 17:31:52.007 SEVERE [x] org.apache.catalina.tribes.io.XByteBuffer.append Discarded the package, invalid header\n")
		b.WriteString("29-Nov-2026 17:31:52.008 INFO [x] com.example.Shop.sell sold\n")
	}
	b.WriteString("Nov 29, 2026 5:27:07 PM org.apache.catalina.startup.Catalina start\nSEVERE: Catalina.start\nLifecycleException: x\n\tat a.b.C.d(C.java:1)\nCaused by: java.net.SocketException: Not a multicast address\n")
	found, lines, err := Log(strings.NewReader(b.String()))
	if err != nil || lines != 2005 || len(found) != 2 {
		t.Fatalf("%d lines, %v: %+v", lines, err, found)
	}
	if found[0].Pages[0] != "group.invalid" || found[0].Count != 1 || found[0].Line != 2001 {
		t.Errorf("first is %+v", found[0])
	}
	if found[1].Pages[0] != "tribes.malformed" || found[1].Count != 1000 || found[1].Line != 1 {
		t.Errorf("second is %+v", found[1])
	}
}

func FuzzText(f *testing.F) {
	f.Add("SEVERE: Unable to start cluster. Caused by: java.net.BindException: Address already in use")
	f.Add("[Errno 48] \xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, m := range exact(s) {
			for _, id := range m.Pages {
				if _, ok := verdict.Find(id); !ok {
					t.Errorf("no page %s", id)
				}
			}
		}
		if _, _, err := Log(strings.NewReader(s)); err != nil {
			t.Error(err)
		}
	})
}
