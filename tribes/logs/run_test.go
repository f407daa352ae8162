package logs

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file is an input out of testdata.
func file(name string) Input {
	return Input{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }}
}

// folder are the logs of a folder of testdata.
func folder(t *testing.T, name string) []Input {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", name, "*.log"))
	if err != nil || len(names) < 2 {
		t.Fatalf("%s: %d logs, %v", name, len(names), err)
	}
	var in []Input
	for _, n := range names {
		in = append(in, file(n))
	}
	return in
}

// text is an input of that text.
func text(name, s string) Input {
	return Input{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }}
}

func run(t *testing.T, in ...Input) *Result {
	t.Helper()
	r, err := Run(context.Background(), Options{Inputs: in})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// added is the line of a member that came, at 17:00 and so many seconds.
func added(host, second int) string {
	return fmt.Sprintf("29-Nov-2026 17:00:%02d.000 INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.memberAdded Replication member added:[org.apache.catalina.tribes.membership.MemberImpl[tcp://{10, 0, 0, %d}:4000,{10, 0, 0, %d},4000, alive=1000, id={%d }]]\n", second, host, host, host)
}

// bad are the bad verdicts as "status confidence id".
func bad(r *Result) []string {
	var out []string
	for _, v := range r.Verdicts {
		if v.Status.Bad() {
			out = append(out, string(v.Status)+" "+string(v.Confidence)+" "+string(v.ID))
		}
	}
	return out
}

// Logs of real Tomcats, with what happened to them: a is 10.77.0.11, b is 10.77.0.12
// and so on. The folder names the fault and the release.
func TestRecordedPairs(t *testing.T) {
	for _, c := range []struct {
		folder string
		want   []string
		ahead  int64 // milliseconds by which b's clock is ahead; -1 where the host was too busy to tell
	}{
		{"partition-5.5.15", []string{"fail likely mesh.cut"}, 0},
		{"advertises-loopback-9.0.113", []string{"fail definite tribes.advertises-loopback"}, 0},
		{"killed-de-10.1.60", []string{"fail likely tribes.not-joined"}, 0},
		{"paused-twoline-9.0.113", []string{"warn likely tribes.gc-pause"}, 0},
		{"log4j2-key-mismatch-11.0.21", []string{"fail likely tribes.key-mismatch"}, 0},
		{"multicast-cut-10.1.56", []string{"warn hint igmp.no-querier"}, 0},
		{"no-distributable-9.0.113", []string{"fail likely config.distributable"}, 0},
		{"skew90-killed-10.1.56", []string{"warn likely tribes.clock-skew", "fail likely tribes.not-joined"}, 90000},
		{"healthy-delta-6.0.45", nil, 0},
		{"healthy-ja-10.1.60", nil, 0},
		{"cut-class-missing-10.1.56", []string{"fail definite tribes.session-content"}, 0},
		{"receiver-blocked-acks-10.1.56", []string{"fail likely tribes.half-open"}, 0},
		{"logback-state-transfer-9.0.113", []string{"fail likely tribes.half-open"}, 0},
		{"drop-time-9.0.113", []string{"warn likely tribes.drop-time"}, 0},
		{"duplicate-member-10.1.56", []string{"fail likely tribes.duplicate-id"}, 0},
		{"same-id-10.1.60", []string{"fail likely tribes.duplicate-id", "fail likely tribes.duplicate-id"}, -1},
		{"same-ip-10.1.60", []string{"fail likely addr.duplicate-ip"}, 0},
		{"interface-recreated-10.1.60", []string{"fail likely iface.recreated"}, 0},
		{"two-domains-10.1.60", []string{"warn likely tribes.two-clusters"}, -1},
		{"application-on-one-10.1.60", []string{"fail likely config.differs"}, 0},
	} {
		t.Run(c.folder, func(t *testing.T) {
			r := run(t, folder(t, c.folder)...)
			if got := bad(r); !slices.Equal(got, c.want) {
				t.Errorf("verdicts %q, want %q", got, c.want)
			}
			b := r.Nodes[1]
			// Logs of whole seconds tell the offset to a second each.
			within := int64(50)
			if b.coarse {
				within = 1000
			}
			if got := b.Offset.Milliseconds(); b.OffsetKnown && c.ahead >= 0 && (got < c.ahead-within || got > c.ahead+within) {
				t.Errorf("b is %d ms ahead, want %d", got, c.ahead)
			}
		})
	}
}

func TestNothingOfACluster(t *testing.T) {
	for _, s := range []string{"", "\n\n", "hello\nworld\n", "\x00\x01\x02", "29-Nov-2026 17:34:54.601 INFO [main] com.example.Shop.sell sold a book\n"} {
		if _, err := Run(context.Background(), Options{Inputs: []Input{text("x", s)}}); err == nil {
			t.Errorf("%q: want an error", s)
		}
	}
}
