package cmd

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/cmd/internal/ui"
	"muster/internal/escape"
	"muster/internal/hint"
	"muster/tribes/cluster/channel"
)

type probeOptions struct {
	connect  time.Duration
	readTest bool
	wait     time.Duration
}

func newTribesProbeCmd(a *app) *cobra.Command {
	o := probeOptions{}
	c := &cobra.Command{
		Use:   "probe HOST[:PORT]",
		Short: "ask a receiver what TcpFailureDetector asks: are you there?",
		Long: `Connects to the TCP receiver of a member and sends the frame by which Tomcat's
TcpFailureDetector asks whether a member is alive. The member swallows it: nothing in
the cluster changes, and muster does not become a member.

By default the frame asks for an ack (performReadTest), and the answer says whether
what listens there is a Tribes receiver. --read-test=false asks as Tomcat does by
default: to connect and to write is enough. The port is 4000 if not given. No privilege
is needed. When HOST has several addresses each is asked; one that answers is enough.`,
		Example: `  # is the receiver of this member there, and does it ack?
  muster tribes probe 10.0.0.11:4000
  # exactly Tomcat's own question
  muster tribes probe --read-test=false 10.0.0.11:4000
  # for scripts, over a slow line
  muster tribes probe --json --connect-timeout 3s node2.example.org:4001`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runTribesProbe(c, o, args[0]) },
	}
	f := c.Flags()
	f.SetNormalizeFunc(detectorAliases)
	o.connect, o.wait = channel.DefaultConnectTimeout, channel.DefaultReadTestTimeout
	f.Var((*millis)(&o.connect), "connect-timeout", "how `long` a connection may take")
	f.BoolVar(&o.readTest, "read-test", true, "ask for an ack and wait for it")
	f.VarP((*millis)(&o.wait), "wait", "W", "how `long` to wait for the ack")
	return c
}

// probeLine is the answer of one address in JSON.
type probeLine struct {
	Type      string    `json:"type"` // probe
	Time      time.Time `json:"time"`
	Target    string    `json:"target"`
	Source    string    `json:"source,omitempty"`
	Outcome   string    `json:"outcome"` // acked, written, fail_acked, no_ack, refused, timeout, unreachable, closed, foreign, failed
	OK        bool      `json:"ok"`
	Connected bool      `json:"connected"`
	Acked     bool      `json:"acked"`
	ConnectMS float64   `json:"connect_ms"`
	AckMS     float64   `json:"ack_ms"`
	Foreign   string    `json:"foreign,omitempty"` // the protocol that answered instead
	Error     string    `json:"error,omitempty"`
	Meaning   string    `json:"meaning"`
	Hints     []string  `json:"hints,omitempty"`
}

type probeSummary struct {
	Type   string `json:"type"`
	OK     bool   `json:"ok"`
	Target string `json:"target"`
	Asked  int    `json:"asked"` // addresses
	Acked  int    `json:"acked"`
}

func (a *app) runTribesProbe(c *cobra.Command, o probeOptions, target string) error {
	host, port, err := splitTarget(target)
	if err != nil {
		return err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(c.Context(), "ip", host)
	if err != nil {
		return hint.Wrap(fmt.Errorf("look up %s: %w", host, err), "getent hosts "+host+" shows what this host's resolver says")
	}
	lines := ui.NewLines(a.Out)
	sum := probeSummary{Type: "summary", Target: target}
	for _, addr := range addrs {
		x := channel.Probe(c.Context(), netip.AddrPortFrom(addr.Unmap(), port), channel.ProbeConfig{
			ConnectTimeout: o.connect, ReadTest: o.readTest, ReadTimeout: o.wait,
		})
		if err := c.Context().Err(); err != nil {
			return errInterrupted
		}
		sum.Asked++
		sum.OK = sum.OK || x.OK()
		if x.Outcome == channel.Acked {
			sum.Acked++
		}
		line := newProbeLine(&x)
		if a.json {
			err = lines.Write(line)
		} else {
			err = a.probeText(&x, line)
		}
		if err != nil {
			return err
		}
	}
	if a.json {
		if err := lines.Write(sum); err != nil {
			return err
		}
	}
	if !sum.OK {
		return errNo
	}
	return nil
}

// splitTarget reads HOST, HOST:PORT, or [IPv6]:PORT.
func splitTarget(s string) (host string, port uint16, err error) {
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if a, err := netip.ParseAddr(bare); err == nil {
		return a.String(), channel.DefaultPort, nil
	}
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		if s == "" || strings.ContainsAny(s, ":[]") {
			return "", 0, usagef("%q: want HOST:PORT, with an IPv6 address in brackets", s)
		}
		return s, channel.DefaultPort, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || host == "" {
		return "", 0, usagef("%q: want HOST:PORT, with a port from 1 to 65535", s)
	}
	return host, uint16(n), nil
}

func newProbeLine(x *channel.Exchange) probeLine {
	meaning, hints := probeMeaning(x)
	l := probeLine{
		Type: "probe", Time: time.Now(), Target: x.Addr.String(), Outcome: string(x.Outcome), OK: x.OK(),
		Connected: x.Connect > 0, Acked: x.Outcome == channel.Acked,
		ConnectMS: ms(x.Connect), AckMS: ms(x.Answer), Foreign: x.Foreign, Meaning: meaning, Hints: hints,
	}
	if x.Local.IsValid() {
		l.Source = x.Local.String()
	}
	if x.Err != nil {
		l.Error = x.Err.Error()
	}
	return l
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (a *app) probeText(x *channel.Exchange, l probeLine) error {
	word := a.Out.Good("alive")
	if !x.OK() {
		word = a.Out.Bad("dead ")
	}
	var times []string
	if l.Connected {
		times = append(times, "connected in "+ui.Seconds(x.Connect))
	}
	if x.Answer > 0 {
		times = append(times, "answered in "+ui.Seconds(x.Answer))
	}
	line := fmt.Sprintf("%s  %s  %s", word, x.Addr, l.Meaning)
	if len(times) > 0 {
		line += " (" + strings.Join(times, ", ") + ")"
	}
	if _, err := fmt.Fprintln(a.Out, escape.Text(line)); err != nil {
		return err
	}
	if !a.quiet {
		for _, h := range l.Hints {
			fmt.Fprintf(a.Err, "hint: %s\n", escape.Text(h))
		}
	}
	return nil
}

// probeMeaning says what an answer means for a cluster, and what to look at.
func probeMeaning(x *channel.Exchange) (string, []string) {
	host, port := x.Addr.Addr(), x.Addr.Port()
	switch x.Outcome {
	case channel.Acked:
		return "a Tribes receiver is there and acks", nil
	case channel.Written:
		return "something takes connections there; Tomcat counts that as alive", nil
	case channel.FailAcked:
		return "a Tribes receiver is there, and failed to process the question", nil
	case channel.Refused:
		return "nobody listens on that port, or a firewall rejects it", []string{
			fmt.Sprintf("on %s, ss -ltn 'sport = :%d' shows whether a receiver listens, and on which address", host, port),
			fmt.Sprintf("with autoBind a second Tomcat on one host listens on the next port, %d", port+1)}
	case channel.Timeout:
		return fmt.Sprintf("no answer to the connection request: %s is down, or a firewall drops TCP to port %d", host, port), []string{
			fmt.Sprintf("ping %s tells whether the host is there; on it, nft list ruleset (or iptables -S) shows what is dropped", host)}
	case channel.Unreachable:
		return "the network cannot reach that address: " + x.Err.Error(), []string{"ip route get " + host.WithZone("").String()}
	case channel.Closed:
		return "something takes the connection and closes it without an ack: no Tribes receiver, or one that cannot read the frame", []string{
			fmt.Sprintf("on %s, ss -ltnp 'sport = :%d' shows which process listens", host, port)}
	case channel.NoAck:
		return "something takes the frame and sends no ack: no Tribes receiver, or one that is stopped (SIGSTOP, a debugger, a long garbage collection)", []string{
			fmt.Sprintf("on %s, ss -ltnp 'sport = :%d' shows which process listens", host, port)}
	case channel.Foreign:
		what := x.Foreign
		if what == "" {
			what = "something else"
		}
		return fmt.Sprintf("%s answers there, not Tribes: %v", what, x.Err), []string{
			"the receiver's port is that of <Receiver port=...> in server.xml, 4000 by default"}
	}
	return fmt.Sprintf("could not ask: %v", x.Err), nil
}

// detectorAliases are the attributes of TcpFailureDetector.
func detectorAliases(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "connectTimeout":
		name = "connect-timeout"
	case "performReadTest":
		name = "read-test"
	case "readTestTimeout":
		name = "wait"
	}
	return pflag.NormalizedName(name)
}
