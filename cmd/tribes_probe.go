package cmd

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/hint"
	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/tlspsk"
)

type probeOptions struct {
	cluster  clusterFlags
	psk      pskFlags
	tls      *tlspsk.Config // of psk
	connect  time.Duration
	readTest bool
	wait     time.Duration
}

func newTribesProbeCmd(a *app) *cobra.Command {
	o := probeOptions{}
	c := &cobra.Command{
		Use:   "probe {HOST[:PORT]... | --server-xml FILE}",
		Short: "ask a receiver what TcpFailureDetector asks: are you there?",
		Long: `Connects to the TCP receiver of a member and sends the frame by which Tomcat's
TcpFailureDetector asks whether a member is alive. The member swallows it: nothing in
the cluster changes, and muster does not become a member.

By default the frame asks for an ack (performReadTest), and the answer says whether
what listens there is a Tribes receiver. --read-test=false asks as Tomcat does by
default: to connect and to write is enough. The port is 4000 if not given. No privilege
is needed. When HOST has several addresses each is asked; one that answers is enough.
With --server-xml alone each static member that the file names is asked, or with
CloudMembershipService each that Kubernetes or the DNS name.

A receiver is asked in the form of its generation: Tomcat 6.0 logs anything else as an
error. The form is that of its heartbeats, which are listened for (a second, with Tomcat's
frequency) while the connection is tried; without any it is that of Tomcat 7.0 and later,
or of --release. A Tomcat 5.5 has no such question: with its heartbeats heard its port is
only connected to.

With --psk-identity and --psk-key-file it asks over TLS, as members with a securePort are
asked: a whole handshake, the frame, the ack. It tells a wrong key, a wrong identity,
another version of TLS, and a server that has certificates in place of the key.`,
		Example: `  # is the receiver of this member there, and does it ack?
  muster tribes probe 10.0.0.11:4000
  # exactly Tomcat's own question
  muster tribes probe --read-test=false 10.0.0.11:4000
  # for scripts, over a slow line
  muster tribes probe --json --connect-timeout 3s node2.example.org:4001`,
		Args: rangeArgs(0, mostProbed),
		RunE: func(c *cobra.Command, args []string) error { return a.runTribesProbe(c, o, args) },
	}
	o.cluster.look(c)
	f := c.Flags()
	o.psk.add(f)
	f.SetNormalizeFunc(detectorAliases)
	o.connect, o.wait = channel.DefaultConnectTimeout, channel.DefaultReadTestTimeout
	f.Var((*millis)(&o.connect), "connect-timeout", "how `long` a connection may take")
	f.BoolVar(&o.readTest, "read-test", true, "ask for an ack and wait for it")
	f.DurationVarP(&o.wait, "wait", "W", o.wait, "how `long` to wait for the ack")
	return c
}

// probeLine is the answer of one address in JSON.
type probeLine struct {
	Type      string    `json:"type"` // probe
	Time      time.Time `json:"time"`
	Target    string    `json:"target"`
	Source    string    `json:"source,omitempty"`
	Outcome   string    `json:"outcome"` // acked, written, fail_acked, no_ack, refused, timeout, unreachable, closed, foreign, failed; over TLS also wrong_key, wrong_identity, wrong_protocol, no_psk, no_tls
	OK        bool      `json:"ok"`
	Connected bool      `json:"connected"`
	Acked     bool      `json:"acked"`
	ConnectMS float64   `json:"connect_ms"`
	AckMS     float64   `json:"ack_ms"`
	Foreign   string    `json:"foreign,omitempty"` // the protocol that answered instead
	TLS       string    `json:"tls,omitempty"`     // version and suite, after a handshake
	// Generation is the form in which it was asked, where its heartbeats or --release
	// told it
	Generation string   `json:"generation,omitempty"`
	Error      string   `json:"error,omitempty"`
	Meaning    string   `json:"meaning"`
	Hints      []string `json:"hints,omitempty"`
}

type probeSummary struct {
	Type   string `json:"type"`
	OK     bool   `json:"ok"`     // each target is there
	Target string `json:"target"` // as given; several with a blank between
	Asked  int    `json:"asked"`  // addresses
	Acked  int    `json:"acked"`
}

// mostProbed is how many receivers one call asks: it is no scanner.
const mostProbed = 256

func (a *app) runTribesProbe(c *cobra.Command, o probeOptions, targets []string) error {
	static := len(targets) == 0
	if static {
		var err error
		if targets, err = a.listedMembers(c.Context(), &o.cluster); err != nil {
			return err
		}
	}
	probed, err := resolveTargets(c.Context(), targets)
	if err != nil {
		return err
	}
	// What the file says of the group is taken, unless it has none.
	if len(probed) > 0 && o.cluster.serverXML != "" && !c.Flags().Changed("group") {
		if s, err := serverXML(a, o.cluster.serverXML); err == nil && !s.Multicast {
			o.cluster.serverXML = ""
		}
	}
	cfg, err := o.cluster.config(a)
	if err != nil {
		return err
	}
	if o.tls, err = o.psk.config(a); err != nil {
		return err
	}
	lines := term.NewLines(a.Out)
	sum := probeSummary{Type: "summary", OK: true, Target: strings.Join(targets, " ")}
	exchanges, err := a.probeAll(c.Context(), &o, cfg, probed)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for i := range exchanges {
		x := &exchanges[i]
		sum.Asked++
		there[probed[i].target] = there[probed[i].target] || x.OK()
		if x.Outcome == channel.Acked {
			sum.Acked++
		}
		line := newProbeLine(x)
		if a.json {
			err = lines.Write(line)
		} else {
			err = a.probeText(&x.Exchange, line)
		}
		if err != nil {
			return err
		}
	}
	for _, t := range targets {
		sum.OK = sum.OK && there[t]
	}
	verdicts := probeVerdicts(targets, probed, exchanges, static)
	a.judged(verdicts)
	if a.json {
		if err := a.tellVerdicts(lines, verdicts); err != nil {
			return err
		}
		if err := lines.Write(sum); err != nil {
			return err
		}
	}
	if !sum.OK {
		return errNo
	}
	return nil
}

// probed is one address of a target that was named.
type probed struct {
	target string
	at     netip.AddrPort
}

// answer is what came of asking one.
type answer struct {
	channel.Exchange
	form    tribes.Generation
	heard   bool // the form is that of its heartbeats
	release bool // or that of --release
}

// probeAll asks all, at most a few at once. Those that take no connection need
// not wait for the forms.
func (a *app) probeAll(ctx context.Context, o *probeOptions, cfg cluster.Config, all []probed) ([]answer, error) {
	at := make([]netip.AddrPort, len(all))
	for i := range all {
		at[i] = all[i].at
	}
	out := make([]answer, len(all))
	each := func(f func(i int)) {
		var wg sync.WaitGroup
		slots := make(chan struct{}, 16)
		for i := range out {
			slots <- struct{}{}
			wg.Go(func() {
				f(i)
				<-slots
			})
		}
		wg.Wait()
	}
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	type heard struct {
		to  []cluster.Receiver
		err error
	}
	forms := make(chan heard, 1)
	go func() {
		to, err := cluster.Forms(listening, cfg, at)
		forms <- heard{to, err}
	}()
	each(func(i int) {
		out[i].Exchange = channel.Probe(ctx, at[i], channel.ProbeConfig{ConnectTimeout: o.connect, ConnectOnly: true})
	})
	if !slices.ContainsFunc(out, func(x answer) bool { return x.OK() }) {
		cancel() // nobody is to be asked
	}
	h := <-forms
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	if h.err != nil && listening.Err() == nil {
		a.note("the group %s cannot be listened to, which tells the generation of a receiver: it is asked as a Tomcat 7.0 or later (--release says another): %v", cfg.Group, h.err)
	}
	each(func(i int) {
		x := &out[i]
		x.form, x.heard, x.release = h.to[i].Form, h.to[i].Heard, cfg.Form != nil
		if x.OK() && x.form != tribes.V55 {
			x.Exchange = channel.Probe(ctx, at[i], channel.ProbeConfig{
				ConnectTimeout: o.connect, ReadTest: o.readTest, ReadTimeout: o.wait, Member: tribes.Member{Generation: x.form}, PSK: o.tls,
			})
		}
	})
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	return out, nil
}

// listedMembers are the targets that a server.xml names, or that its provider does.
func (a *app) listedMembers(ctx context.Context, f *clusterFlags) ([]string, error) {
	if f.serverXML == "" {
		return nil, usagef("say whom to ask: HOST:PORT, or --server-xml with a file that names static members")
	}
	s, err := serverXML(a, f.serverXML)
	if err != nil {
		return nil, err
	}
	if q, ok := (providerFlags{}).question(&s); ok {
		return a.providedMembers(ctx, q)
	}
	if len(s.Members) == 0 {
		return nil, hint.Wrap(fmt.Errorf("--server-xml: %s names no static member to ask", f.serverXML),
			"muster tribes members --server-xml "+f.serverXML+" lists the members that are heard")
	}
	var out []string
	for _, m := range s.Members {
		out = append(out, net.JoinHostPort(m.Host, strconv.Itoa(int(m.Port))))
	}
	return out, nil
}

// resolveTargets looks all of them up.
func resolveTargets(ctx context.Context, targets []string) ([]probed, error) {
	var out []probed
	for _, target := range targets {
		host, port, err := splitTarget(target)
		if err != nil {
			return nil, err
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, hint.Wrap(fmt.Errorf("look up %s: %w", host, err), "getent hosts "+host+" shows what this host's resolver says")
		}
		for _, addr := range addrs {
			out = append(out, probed{target, netip.AddrPortFrom(addr.Unmap(), port)})
		}
	}
	return out, nil
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

func newProbeLine(x *answer) probeLine {
	meaning, hints := x.meaning()
	l := probeLine{
		Type: "probe", Time: time.Now(), Target: x.Addr.String(), Outcome: string(x.Outcome), OK: x.OK(),
		Connected: x.Connect > 0, Acked: x.Outcome == channel.Acked,
		ConnectMS: ms(x.Connect), AckMS: ms(x.Answer), Foreign: x.Foreign, Meaning: meaning, Hints: hints,
	}
	if x.heard || x.release {
		l.Generation = x.form.String()
	}
	if x.Local.IsValid() {
		l.Source = x.Local.String()
	}
	if x.Err != nil {
		l.Error = x.Err.Error()
	}
	if x.TLS.Version != 0 {
		l.TLS = x.TLS.Version.String() + " " + x.TLS.Suite
	}
	return l
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (a *app) probeText(x *channel.Exchange, l probeLine) error {
	word := a.Out.Good("alive ")
	switch {
	case x.OK():
	case l.Connected: // something is there, and it did not show that it is a member that works
		word = a.Out.Bad("no ack")
	default:
		word = a.Out.Bad("dead  ")
	}
	var times []string
	if l.Connected {
		times = append(times, "connected in "+term.Seconds(x.Connect))
	}
	if x.Answer > 0 {
		times = append(times, "answered in "+term.Seconds(x.Answer))
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

// meaning says what the answer means, knowing how it was asked.
func (x *answer) meaning() (string, []string) {
	meaning, hints := probeMeaning(&x.Exchange)
	switch {
	case x.heard && x.form == tribes.V55 && x.OK():
		return "a Tomcat 5.5, whose port takes connections; it has no question to be asked, so nothing was sent", nil
	case x.heard && x.OK():
		meaning += " (" + x.form.Tomcat() + ")"
	case !x.heard && !x.release && (x.Outcome == channel.Closed || x.Outcome == channel.NoAck):
		meaning += ", or a Tomcat 6.0 or 5.5, which this form of the question says nothing to"
		hints = append(hints, "its heartbeats were not heard, so it was asked as a Tomcat 7.0 or later: a 6.0 answers only with --release 6.0, and a 5.5 never")
	}
	return meaning, hints
}

// probeMeaning says what an answer means for a cluster, and what to look at.
func probeMeaning(x *channel.Exchange) (string, []string) {
	host, port := x.Addr.Addr(), x.Addr.Port()
	switch x.Outcome {
	case channel.Acked:
		if x.TLS.Version != 0 {
			return fmt.Sprintf("a Tribes receiver is there and acks, over %s", x.TLS.Version), nil
		}
		return "a Tribes receiver is there and acks", nil
	case channel.Written:
		return "something takes connections there; Tomcat counts that as alive", nil
	case channel.WrongKey:
		return "a TLS receiver is there, and has another pre-shared key", []string{"muster compare of the server.xml files of both nodes tells whether their keys are the same, by fingerprints"}
	case channel.WrongIdentity:
		return "a TLS receiver is there, and does not take this identity or this suite: pskIdentity or pskDigest differ", nil
	case channel.WrongProtocol:
		return "a TLS receiver is there, and has no version of TLS in common: pskProtocol differs", nil
	case channel.NoPSK:
		return "what answers there has a certificate in place of the pre-shared key: it has not proved that it is a member", nil
	case channel.NoTLS:
		return "something answers there that does not speak TLS", []string{"is it the plain port? The securePort is that of <Receiver securePort=...>"}
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
func detectorAliases(fs *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "connectTimeout":
		name = "connect-timeout"
	case "performReadTest":
		name = "read-test"
	case "readTestTimeout":
		name = "wait"
	}
	return tomcatAliases(fs, name)
}
