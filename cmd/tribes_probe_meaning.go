package cmd

import (
	"fmt"

	"muster/tribes"
	"muster/tribes/cluster/channel"
)

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
