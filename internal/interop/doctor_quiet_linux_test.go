package interop

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab/tomcat"
)

// hostState is what a host's kernel and its files hold that a program could leave behind.
const hostState = `ip address; ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; ip maddress; ip neighbour show nud permanent
nft list ruleset; sysctl -a 2>/dev/null | grep -E '^net\.(ipv4|ipv6|core|bridge)\.' | grep -v -E 'nf_conntrack_count|route\.|inode-nr|\.stable_secret'
ss -lnH -A tcp,udp | awk '{print $1, $4, $5}' | sort; ls -la /tmp | grep -i muster | grep -v muster-ci; true`

// Verify that a doctor on each node beside a live cluster with synchronous options leaves
// no line in a log, nothing on the hosts, and makes no request of the Tomcats slow. It
// measures times for minutes: MUSTER_MEASURE asks for it (make guests).
func TestDoctorDisturbsNobody(t *testing.T) {
	if os.Getenv("MUSTER_MEASURE") == "" {
		t.Skip("MUSTER_MEASURE is not set: it measures times, for minutes")
	}
	for _, release := range []string{"5.5.15", "6.0.45", "7.0.109", "8.5.92", "9.0.113", "10.1.56", "11.0.21"} {
		t.Run(release, func(t *testing.T) {
			p := startCouple(t, release, tomcat.Config{Options: "6"})
			state := func() (all []string) {
				for _, h := range p.lab.Hosts() {
					out, err := h.Command(context.Background(), "sh", "-c", hostState).Output()
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, string(out))
				}
				return all
			}
			requestTimes(t, p.one, nil) // the first ones compile its classes
			alone := requestTimes(t, p.one, nil)
			time.Sleep(2 * time.Second)
			before, lines := state(), p.told()

			var doctors []*guest
			for _, h := range p.lab.Hosts() {
				doctors = append(doctors, launch(t, h, nil, "doctor", "--expect", "10.77.0.11,10.77.0.12"))
			}
			var beside []time.Duration
			for running(doctors) {
				beside = append(beside, requestTimes(t, p.one, nil)...)
			}
			time.Sleep(2 * time.Second)

			slices.Sort(alone)
			slices.Sort(beside)
			longest := beside[len(beside)-1]
			t.Logf("| %s | %s | %s | %d | %s | %s |", release, ms(alone[50]), ms(alone[99]), len(beside), ms(beside[len(beside)/2]), ms(longest))
			if longest > alone[99]+harmLimit {
				t.Errorf("a request took %v beside muster doctor, which is over %v longer than %v, the longest without", longest, harmLimit, alone[99])
			}
			for i, after := range state() {
				if after != before[i] {
					t.Errorf("%s is not as it was before: %s", p.lab.Hosts()[i].Name(), onlyIn(before[i], after))
				}
			}
			if after := p.told(); len(after) != len(lines) {
				t.Errorf("the Tomcats logged\n%s", strings.Join(after[len(lines):], "\n"))
			}
		})
	}
}

// statistics are what a Tomcat 5.5 logs of itself after each hundred requests.
var statistics = regexp.MustCompile(` (addStats Send stats from |updateStats Average request time=)`)

// told are the lines of both logs but for statistics, the first one's first.
func (p *couple) told() (lines []string) {
	for _, s := range []*tomcat.Server{p.one, p.two} {
		for _, l := range s.Log() {
			if !statistics.MatchString(l.Text) {
				lines = append(lines, l.Text)
			}
		}
	}
	return lines
}

func running(guests []*guest) bool {
	return slices.ContainsFunc(guests, func(g *guest) bool {
		select {
		case <-g.ended:
			return false
		default:
			return true
		}
	})
}

// onlyIn are the lines that only one of two texts has, with its sign.
func onlyIn(before, after string) string {
	var out []string
	for _, side := range []struct{ sign, text, other string }{{"-", before, after}, {"+", after, before}} {
		lines := strings.Split(side.other, "\n")
		for l := range strings.SplitSeq(side.text, "\n") {
			if !slices.Contains(lines, l) {
				out = append(out, side.sign+l)
			}
		}
	}
	return strings.Join(out, "\n")
}
