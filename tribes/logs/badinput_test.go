package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever a file holds, what can be read of it is read, in bounded time and memory.
func TestBadInput(t *testing.T) {
	a, b := read(t, "no-distributable-9.0.113/a.log"), read(t, "no-distributable-9.0.113/b.log")
	want := bad(run(t, text("a", a), text("b", b)))
	middle := strings.Index(b, "\n") + 1
	for name, in := range map[string]string{
		"a line of 10 MB":     b[:middle] + strings.Repeat("x", 10<<20) + "\n" + b[middle:],
		"binary between":      b[:middle] + "\x00\x01\x02\xff\xfe\n" + b[middle:],
		"Latin-1":             b[:middle] + "29-Nov-2026 17:42:40.000 GRAVE [main] x.Y Connexion refus\xe9e\n" + b[middle:],
		"endless stack trace": b + "29-Nov-2026 17:50:00.000 SEVERE [main] org.apache.catalina.tribes.group.GroupChannel.x y\n" + strings.Repeat("\tat a.b.C.d(C.java:1)\nCaused by: a.b.CException: x\n", 100_000),
		"escapes":             b + "29-Nov-2026 17:50:00.000 SEVERE [main] org.apache.catalina.tribes.group.GroupChannel.x \x1b]0;title\x07\x1b[2J\n",
		"no end":              strings.TrimRight(b, "\n"),
		"empty lines":         strings.ReplaceAll(b, "\n", "\n\n"),
	} {
		if got := bad(run(t, text("a", a), text("b", in))); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A file of a few bytes that unpacks to gigabytes is left, and what came before is told.
func TestGzipBomb(t *testing.T) {
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	io.WriteString(w, read(t, "no-distributable-9.0.113/b.log"))
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range 200 {
		w.Write(zeros)
	}
	w.Close()
	r := run(t, text("b.gz", z.String()))
	if len(r.Nodes) != 1 || !strings.Contains(strings.Join(r.Notes, " "), "unpacks to more") {
		t.Errorf("notes %q", r.Notes)
	}
}

// Cut anywhere, a log is read up to there.
func TestTruncated(t *testing.T) {
	for _, f := range []string{"partition-5.5.15/a.log", "killed-de-10.1.60/a.log", "log4j2-key-mismatch-11.0.21/b.log"} {
		whole := read(t, f)
		for n := 0; n < len(whole); n += 97 {
			_, _ = Run(context.Background(), Options{Inputs: []Input{text("a", whole[:n]), text("b", whole[n:])}})
		}
	}
}

// A log without days is put in a row over midnight; one whose times go back by an
// hour, as where summer time ends, too.
func TestTimesThatGoBack(t *testing.T) {
	lines := func(stamps ...string) string {
		var b strings.Builder
		for _, s := range stamps {
			b.WriteString(s + " INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster - Replication member added:[org.apache.catalina.tribes.membership.MemberImpl[tcp://{10, 0, 0, 9}:4000,x, alive=1, id={1 }]]\n")
		}
		return b.String()
	}
	for _, c := range []struct {
		name   string
		stamps []string
		want   time.Duration // from the first to the last
	}{
		{"midnight", []string{"23:59:59.000", "00:00:01.000"}, 2 * time.Second},
		{"summer time", []string{"2026-10-25 02:59:58,000", "2026-10-25 02:00:03,000"}, 5 * time.Second},
		{"out of order", []string{"2026-10-25 02:59:58,000", "2026-10-25 02:59:53,000"}, 5 * time.Second},
	} {
		r := run(t, text("a", lines(c.stamps...)))
		if got := r.Events[len(r.Events)-1].Time.Sub(r.Events[0].Time); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Ctrl-C ends a read that waits for more.
func TestCancelled(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, Options{Inputs: []Input{{Name: "pipe", Open: func() (io.ReadCloser, error) { return r, nil }}}})
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("want an error")
	}
}

func FuzzRun(f *testing.F) {
	for _, name := range []string{"partition-5.5.15/a.log", "killed-de-10.1.60/a.log", "log4j2-key-mismatch-11.0.21/b.log", "logback-state-transfer-9.0.113/a.log"} {
		f.Add([]byte(read(f, name))[:2000])
	}
	f.Add([]byte(`{"time":"2026-11-29T17:34:54.601Z","level":"INFO","class":"org.apache.catalina.ha.tcp.SimpleTcpCluster","method":"memberAdded","message":"tcp://{1","throwable":["a"]}`))
	f.Add([]byte("node2-1  | 29-Nov-2026 17:34:54.601 INFO [main] x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		half := len(data) / 2
		_, _ = Run(context.Background(), Options{Inputs: []Input{text("a", string(data[:half])), text("b", string(data[half:]))}})
	})
}
