package cmd

import (
	"net/netip"
	"testing"

	"muster/tribes/cluster/channel"
)

// One verdict for each target, by the best of its addresses; nothing that one failed
// connection tells is definite.
func TestProbeVerdicts(t *testing.T) {
	at := netip.MustParseAddrPort("10.0.0.2:4000")
	for _, c := range []struct {
		outcomes []channel.Outcome
		static   bool
		want     string
	}{
		{[]channel.Outcome{channel.Acked}, false, "pass tribes.half-open definite"},
		{[]channel.Outcome{channel.Refused, channel.Acked}, false, "pass tribes.half-open definite"},
		{[]channel.Outcome{channel.Refused}, false, "fail tribes.half-open likely"},
		{[]channel.Outcome{channel.Timeout}, false, "warn tribes.half-open hint"},
		{[]channel.Outcome{channel.NoAck}, false, "warn tribes.gc-pause hint"},
		{[]channel.Outcome{channel.WrongKey}, false, "fail tribes.key-mismatch likely"},
		{[]channel.Outcome{channel.Refused}, true, "fail tribes.static-dead likely"},
		{[]channel.Outcome{channel.Timeout}, true, "warn tribes.static-dead hint"},
		{[]channel.Outcome{channel.Acked}, true, "pass tribes.static-dead definite"},
	} {
		var asked []probed
		var answers []answer
		for _, o := range c.outcomes {
			asked = append(asked, probed{"n2:4000", at})
			answers = append(answers, answer{Exchange: channel.Exchange{Addr: at, Outcome: o}})
		}
		vs := probeVerdicts([]string{"n2:4000"}, asked, answers, c.static)
		if len(vs) != 1 {
			t.Fatalf("%v: %d verdicts", c.outcomes, len(vs))
		}
		if got := string(vs[0].Status) + " " + string(vs[0].ID) + " " + string(vs[0].Confidence); got != c.want || vs[0].Subject != "n2:4000" {
			t.Errorf("%v: %s of %s, want %s", c.outcomes, got, vs[0].Subject, c.want)
		}
	}
}
