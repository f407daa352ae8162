package logs

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var juli = regexp.MustCompile(`^(\d\d)-Nov-(\d{4}) (\d\d:\d\d:\d\d)\.(\d{3}) (\S+) \[([^ ]*)\] (\S+)\.(\S+) (.*)$`)

// inForm writes JULI's lines in another layout; what goes on is as it was.
func inForm(log string, form func(date, clock, ms, level, thread, class, method, text string) string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if m := juli.FindStringSubmatch(line); m != nil {
			line = form(m[2]+"-11-"+m[1], m[3], m[4], m[5], m[6], m[7], m[8], m[9])
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func prefixed(log, prefix string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		out.WriteString(prefix + line)
	}
	return out.String()
}

func short(class string) string {
	parts := strings.Split(class, ".")
	for i := range parts[:len(parts)-1] {
		parts[i] = parts[i][:1]
	}
	return strings.Join(parts, ".")
}

// The same two logs say the same in every form that they may come in.
func TestForms(t *testing.T) {
	type form = func(date, clock, ms, level, thread, class, method, text string) string
	layouts := map[string]form{
		"log4j": func(d, c, ms, l, th, cl, _, x string) string {
			return fmt.Sprintf("%s %s,%s %-5s [%s] %s - %s", d, c, ms, l, th, cl, x)
		},
		"logback": func(d, c, ms, l, th, cl, _, x string) string {
			return fmt.Sprintf("%s %s.%s [%s] %-5s %s - %s", d, c, ms, th, l, short(cl), x)
		},
		"spring boot": func(d, c, ms, l, th, cl, _, x string) string {
			return fmt.Sprintf("%sT%s.%sZ %5s 1 --- [shop] [%15s] %-40s : %s", d, c, ms, strings.Replace(l, "WARNING", "WARN", 1), th, short(cl), x)
		},
		"spring boot 2": func(d, c, ms, l, th, cl, _, x string) string {
			return fmt.Sprintf("%s %s.%s %5s 1 --- [%15s] %-40s : %s", d, c, ms, l, th, short(cl), x)
		},
		"last word": func(d, c, ms, l, th, cl, _, x string) string {
			return fmt.Sprintf("%s %s,%s %s %s [%s] %s", d, c, ms, l, cl[strings.LastIndexByte(cl, '.')+1:], th, x)
		},
		"slashes": func(d, c, ms, l, th, cl, _, x string) string {
			return fmt.Sprintf("%s %s.%s [%s] [%s] [%s:77] - %s", strings.ReplaceAll(d, "-", "/"), c, ms, th, l, cl, x)
		},
		"tomcat json": func(d, c, ms, l, th, cl, m, x string) string {
			b, _ := json.Marshal(map[string]any{"time": d + "T" + c + "." + ms + "Z", "level": l, "thread": th, "class": cl, "method": m, "message": x})
			return string(b)
		},
		"ecs": func(d, c, ms, l, th, cl, m, x string) string {
			b, _ := json.Marshal(map[string]any{"@timestamp": d + "T" + c + "." + ms + "Z", "log": map[string]any{"level": l, "logger": cl}, "process": map[string]any{"thread": map[string]any{"name": th}}, "message": x})
			return string(b)
		},
		"one line of java.util.logging": func(d, c, ms, l, th, cl, m, x string) string {
			return fmt.Sprintf("%s %s.%s %s [main] %s %s %s", d, c, ms, l, cl, m, x)
		},
		"one line, level first": func(d, c, ms, l, th, cl, m, x string) string {
			return fmt.Sprintf("[%s %s] [%s] %s %s %s", d, c, l, cl, m, x)
		},
		"two lines": func(d, c, ms, l, th, cl, m, x string) string {
			when, _ := time.Parse("2006-01-02 15:04:05", d+" "+c)
			return when.Format("Jan 2, 2006 3:04:05 PM ") + cl + " " + m + "\n" + l + ": " + x
		},
		"two lines, 24 hours": func(d, c, ms, l, th, cl, m, x string) string {
			return "29 nov. 2026 " + c + " " + cl + " " + m + "\n" + l + ": " + x
		},
	}
	for _, folder := range []string{"no-distributable-9.0.113", "killed-de-10.1.60", "multicast-cut-10.1.56", "advertises-loopback-9.0.113"} {
		a, b := read(t, folder+"/a.log"), read(t, folder+"/b.log")
		want := bad(run(t, text("a", a), text("b", b)))
		if len(want) == 0 {
			t.Fatalf("%s: no verdict", folder)
		}
		check := func(name string, in ...Input) {
			t.Helper()
			t.Run(folder+" "+name, func(t *testing.T) {
				if got := bad(run(t, in...)); !slices.Equal(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
			})
		}
		for name, f := range layouts {
			check(name, text("a", inForm(a, f)), text("b", inForm(b, f)))
		}
		for name, prefix := range map[string][2]string{
			"docker compose":    {"tomcat-a-1  | ", "tomcat-b-1  | "},
			"kubectl":           {"[pod/tomcat-0/tomcat] ", "[pod/tomcat-1/tomcat] "},
			"kubelet":           {"2026-11-29T18:07:39.384999111Z stdout F ", "2026-11-29T18:07:39.384999111Z stdout F "},
			"journald":          {"Nov 29 17:34:54 alpha tomcat10[123]: ", "Nov 29 17:34:54 beta tomcat10[77]: "},
			"journald with iso": {"2026-11-29T17:34:54+0000 alpha tomcat10[123]: ", "2026-11-29T17:34:54+0000 beta tomcat10[77]: "},
		} {
			check(name, text("a", prefixed(a, prefix[0])), text("b", prefixed(b, prefix[1])))
			if prefix[0] != prefix[1] {
				check(name+", one file", text("all.log", prefixed(a, prefix[0])+prefixed(b, prefix[1])))
			}
		}
		check("docker's files", text("a", jsonFile(a)), text("b", jsonFile(b)))
		check("DOS lines", text("a", strings.ReplaceAll(a, "\n", "\r\n")), text("b", strings.ReplaceAll(b, "\n", "\r\n")))
		check("colours", text("a", prefixed(a, "\x1b[32m")), text("b", strings.ReplaceAll(b, " INFO ", " \x1b[1;34mINFO\x1b[0m ")))
		check("gzip", text("a.gz", packed(a)), text("b.gz", packed(b)))
		check("UTF-16", text("a", utf16LE(a)), text("b", utf16LE(b)))
		check("one node twice", text("a", a), text("b", b), text("copy/a", a))
		half := len(a) / 2
		half += strings.IndexByte(a[half:], '\n') + 1
		check("rotated", text("n1/a.log", a[half:]), text("n1/a.log.1", a[:half]), text("b", b))
		check("rotated by day", text("n1/catalina.out", a[half:]), text("n1/catalina.2026-11-28.log.gz", packed(a[:half])), text("b", b))
	}
}

func jsonFile(log string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		b, _ := json.Marshal(map[string]string{"log": line, "stream": "stdout", "time": "2026-11-29T18:07:39.384999111Z"})
		out.WriteString(strings.Replace(string(b), `{"log"`, `{"log"`, 1) + "\n")
	}
	return out.String()
}

func packed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

// Three nodes whose clocks are 90 s apart come onto one clock: what happened at one
// moment stands there within 50 ms.
func TestThreeClocks(t *testing.T) {
	start := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	skew := []time.Duration{0, 90 * time.Second, -90 * time.Second}
	var in []Input
	up := func(n int) time.Time { return start.Add(time.Duration(n) * 20 * time.Second) }
	for n := range 3 {
		var b strings.Builder
		line := func(at time.Time, format string, args ...any) {
			fmt.Fprintf(&b, "%s INFO [main] org.apache.catalina.%s\n", at.Add(skew[n]).Format("02-Jan-2006 15:04:05.000"), fmt.Sprintf(format, args...))
		}
		member := func(m int, alive time.Duration) string {
			return fmt.Sprintf("[org.apache.catalina.tribes.membership.MemberImpl[tcp://{10, 0, 0, %d}:4000,{10, 0, 0, %d},4000, alive=%d, id={%d }, payload={}, command={}, domain={}]]", m+1, m+1, alive.Milliseconds(), m)
		}
		line(up(n).Add(-60*time.Millisecond), "ha.tcp.SimpleTcpCluster.startInternal Cluster is about to start")
		line(up(n).Add(-20*time.Millisecond), "tribes.transport.ReceiverBase.bind Receiver Server Socket bound to:[/10.0.0.%d:4000]", n+1)
		line(up(n), "tribes.membership.McastServiceImpl.setupSocket Setting cluster mcast soTimeout to [500]")
		for m := range n { // those that are there already: their heartbeat is up to half a second old
			line(up(n).Add(300*time.Millisecond), "ha.tcp.SimpleTcpCluster.memberAdded Replication member added:%s", member(m, up(n).Sub(up(m))))
		}
		for m := n + 1; m < 3; m++ {
			line(up(m).Add(1010*time.Millisecond), "ha.tcp.SimpleTcpCluster.memberAdded Replication member added:%s", member(m, time.Second))
		}
		// One thing that all of them see at the same moment.
		line(start.Add(2*time.Minute), "ha.tcp.SimpleTcpCluster.memberAdded Replication member added:%s", strings.ReplaceAll(member(8, 2*time.Hour), "alive=7200000", "alive=0"))
		in = append(in, text(fmt.Sprintf("n%d.log", n+1), b.String()))
	}
	r := run(t, in...)
	var first, last time.Time
	seen := 0
	for _, e := range r.Events {
		if e.Member.Addr.String() == "10.0.0.9:4000" {
			if seen++; seen == 1 {
				first = e.Time
			}
			last = e.Time
		}
	}
	if seen != 3 || last.Sub(first) > 50*time.Millisecond {
		t.Errorf("%d times, %s apart", seen, last.Sub(first))
	}
	notes := strings.Join(r.Notes, "\n")
	if !strings.Contains(notes, "n2 are moved by -1m29.99s") || !strings.Contains(notes, "n3 are moved by +1m30.01s") {
		t.Errorf("notes:\n%s", notes)
	}
	if got := bad(r); !slices.Equal(got, []string{"warn likely tribes.clock-skew", "warn likely tribes.clock-skew"}) {
		t.Errorf("verdicts %q", got)
	}
}
