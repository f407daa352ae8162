package serverxml

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/release"
)

// sendOptions judges the bits that every session message carries.
func (l lint) sendOptions() {
	n, ok := l.Self.num("channelSendOptions")
	if !ok {
		return
	}
	o := tribes.Options(n)
	at := l.at(&l.Self, "channelSendOptions")
	say := func(status verdict.Status, fix, format string, args ...any) {
		x := finding{id: "config.send-options", status: status, at: at, in: &l.Self,
			evidence: attributes(&l.Self, "channelSendOptions"), saw: fmt.Sprintf(format, args...)}
		if fix != "" {
			x.fix = []string{fix}
		}
		l.report(x)
	}
	if n < 0 {
		say(verdict.Fail, `channelSendOptions="8"`, "%d sets every bit there is", n)
		return
	}
	if o&tribes.SynchronizedAck != 0 && o&tribes.UseAck == 0 {
		say(verdict.Warn, fmt.Sprintf(`channelSendOptions="%d"`, o|tribes.UseAck),
			"4 (synchronized ack) without 2 (use ack): no ack is asked for at all, so nothing is waited for")
	}
	if o&tribes.UDP != 0 {
		if p, ok := l.Receiver.num("udpPort"); ok && p <= 0 {
			say(verdict.Fail, `channelSendOptions="8"`, "32 (udp) sends to the members' UDP port, and the receiver has none (udpPort %d): every message fails", p)
		}
	}
	if o&tribes.Multicast != 0 {
		if !l.Membership.is(mcastService) {
			say(verdict.Fail, `channelSendOptions="8"`, "64 (multicast) sends to the group, and %s has none", short(l.Membership.Class))
		} else {
			say(verdict.Warn, `channelSendOptions="8"`, "64 (multicast) sends each session message as one datagram: never acknowledged, lost where one is lost, and not possible above 65507 bytes")
		}
	}
	switch {
	case o&tribes.Secure == 0:
	case !l.version.Has(tlsSince):
		say(verdict.Warn, "", "16 (secure) does nothing in Tomcat %s: no class of it looks at it; an EncryptInterceptor encrypts", l.version)
	case !l.tls().usable():
		say(verdict.Warn, "", "16 (secure) sends by TLS, and there is no pskIdentity, pskKey and securePort to do it with")
	}
	if _, i := l.interceptor(messageDispatch); o&tribes.Asynchronous != 0 && i < 0 {
		l.report(finding{id: "config.interceptor-missing", status: verdict.Warn, at: at, in: &l.Self,
			evidence: attributes(&l.Self, "channelSendOptions"),
			saw:      "8 (asynchronous) without a MessageDispatchInterceptor: there is no queue, and the request itself sends and waits",
			fix:      []string{fmt.Sprintf("<Interceptor className=%q/>", messageDispatch)}})
	}
	l.strangeBits(o, say)
}

// strangeBits are those that neither Tomcat nor an interceptor here has a use for.
func (l lint) strangeBits(o tribes.Options, say func(verdict.Status, string, string, ...any)) {
	known := tribes.ByteMessage | tribes.UseAck | tribes.SynchronizedAck | tribes.Asynchronous | tribes.Secure | tribes.UDP | tribes.Multicast
	for i := range l.Interceptors {
		f, _ := l.Interceptors[i].num("optionFlag")
		known |= tribes.Options(f)
		if l.Interceptors[i].class == nil {
			return // somebody's own, with bits of its own
		}
	}
	if rest := o &^ known; rest != 0 {
		say(verdict.Warn, fmt.Sprintf(`channelSendOptions="%d"`, o&known), "bit 0x%x belongs to no interceptor here", int32(rest))
	}
}

// order judges which interceptor stands above which. The first is next to the
// application, the last next to the wire.
func (l lint) order() {
	wrong := func(status verdict.Status, lower int, saw, fix string) {
		l.report(finding{id: "tribes.interceptor-order", status: status, at: l.Interceptors[lower].at(), saw: saw, fix: []string{fix}})
	}
	_, detector := l.interceptor(failureDetector)
	_, ping := l.interceptor(tcpPing)
	static, at := l.interceptor(staticInterceptor)
	_, gzip := l.interceptor(gzipInterceptor)
	_, encrypt := l.interceptor(encryptInterceptor)
	if detector >= 0 && encrypt > detector && !l.Interceptors[encrypt].missing {
		wrong(verdict.Fail, encrypt, "EncryptInterceptor stands below TcpFailureDetector; Tomcat does not start (\"EncryptInterceptor must be upstream of TcpFailureDetector\")",
			"put the EncryptInterceptor before the TcpFailureDetector")
	}
	if static != nil && len(static.Members) > 0 && detector > at {
		wrong(verdict.Fail, at, "StaticMembershipInterceptor stands above TcpFailureDetector: nobody checks whether a static member is there, and the start waits for one that is not",
			"put the StaticMembershipInterceptor last")
	}
	if static != nil && len(static.Members) > 0 && ping > at {
		wrong(verdict.Warn, ping, "TcpPingInterceptor stands below StaticMembershipInterceptor, whose members it then does not see",
			"put the TcpPingInterceptor before the StaticMembershipInterceptor")
	}
	if ping >= 0 && detector >= 0 && ping > detector {
		wrong(verdict.Warn, ping, "TcpPingInterceptor stands below TcpFailureDetector: it cannot have it check the members, and sends pings of its own instead",
			"put the TcpPingInterceptor before the TcpFailureDetector")
	}
	if encrypt >= 0 && gzip > encrypt {
		wrong(verdict.Warn, gzip, "GzipInterceptor stands below EncryptInterceptor: it compresses what is encrypted already, which does not get smaller",
			"put the GzipInterceptor before the EncryptInterceptor")
	}
	for i := range l.Interceptors {
		for j := range l.Interceptors[:i] {
			if c := &l.Interceptors[i]; c.class != nil && c.Class == l.Interceptors[j].Class {
				l.report(finding{id: "config.duplicate-element", status: verdict.Warn, at: c.at(),
					saw: fmt.Sprintf("a second %s, after the one at line %d: both work on each message", short(c.Class), l.Interceptors[j].at().Line)})
				break
			}
		}
	}
}

// missing reports interceptors that a stack written out by hand lacks: Tomcat
// adds its own two only where there is none at all.
func (l lint) missing() {
	say := func(at Position, class, saw string) {
		l.report(finding{id: "config.interceptor-missing", status: verdict.Warn, at: at, saw: saw,
			fix: []string{fmt.Sprintf("<Interceptor className=%q/>", class)}})
	}
	_, detector := l.interceptor(failureDetector)
	_, ping := l.interceptor(tcpPing)
	static, _ := l.interceptor(staticInterceptor)
	own := slices.ContainsFunc(l.Interceptors, func(c Component) bool { return c.class == nil })
	at := l.at(&l.Channel)
	switch {
	case detector >= 0 || own:
	case static != nil && len(static.Members) > 0:
		say(static.at(), failureDetector, "static members without a TcpFailureDetector above: all count as there from the start, dead or alive, and a start waits for one that is not")
	case l.Membership.is(mcastService):
		say(at, failureDetector, "no TcpFailureDetector: Tomcat adds it only where no <Interceptor> is given at all. Members are then added without a look at their receiver, and dropped when heartbeats are lost")
	}
	if static != nil && len(static.Members) > 0 && ping < 0 {
		say(static.at(), tcpPing, "static members without a TcpPingInterceptor above: a member that dies is noticed only when something is sent to it")
	}
	if l.Membership.is(staticService) && detector < 0 && !own {
		say(at, failureDetector, "static members without a TcpFailureDetector: they are added without a look at their receiver")
	}
}

// flags judges optionFlag, by which an interceptor picks its messages.
func (l lint) flags() {
	strict := l.Channel.flag("optionCheck")
	options, known := l.Self.num("channelSendOptions")
	for i := range l.Interceptors {
		c := &l.Interceptors[i]
		f, ok := c.num("optionFlag")
		if !ok || f == 0 {
			continue
		}
		for j := range l.Interceptors[:i] {
			g, ok := l.Interceptors[j].num("optionFlag")
			if ok && g != 0 && (f&g == f || f&g == g) && strict {
				l.report(finding{id: "config.option-flag", status: verdict.Fail, at: l.at(c, "optionFlag"), in: c, evidence: attributes(c, "optionFlag"),
					saw: fmt.Sprintf("optionFlag %d of %s and %d of %s (line %d) share bits, and optionCheck forbids that; Tomcat does not start (\"option flag conflict\")",
						f, short(c.Class), g, short(l.Interceptors[j].Class), l.Interceptors[j].at().Line)})
			}
		}
		picky := []string{fragmentation, orderInterceptor, interceptorPackage + "TwoPhaseCommitInterceptor"}
		if v, _ := c.Attribute("optionFlag"); known && v.Set() && slices.Contains(picky, c.Class) && options&f != f {
			l.report(finding{id: "config.option-flag", status: verdict.Warn, at: l.at(c, "optionFlag"), in: c, evidence: attributes(c, "optionFlag"),
				saw: fmt.Sprintf("%s works on messages with option 0x%x, and channelSendOptions %d does not have it: it works on none", short(c.Class), f, options),
				fix: []string{fmt.Sprintf(`channelSendOptions="%d"`, options|f)}})
		}
	}
}

// encryption judges key and algorithm (EncryptInterceptor.createEncryptionManager).
func (l lint) encryption() {
	for i := range l.Interceptors {
		if c := &l.Interceptors[i]; c.is(encryptInterceptor) && c.class != nil && !c.missing {
			l.encrypted(c)
		}
	}
}

func (l lint) encrypted(c *Component) {
	key, _ := c.Attribute("encryptionKey")
	x := finding{id: "config.encryption", status: verdict.Fail, in: c, fix: []string{`openssl rand -hex 16   # the same encryptionKey on every node`}}
	switch bits, err := parseKey(key.secret); {
	case !key.Known():
	case !key.Set() || key.Ignored != "" || key.secret == "":
		if key.Ignored != "" {
			x.causedBy = []verdict.ID{"config.value"}
		}
		x.at, x.saw = l.at(c, "encryptionKey"), "EncryptInterceptor has no key that it can use; Tomcat does not start (\"Encryption key is required\")"
		l.report(x)
	case err == nil && strings.HasPrefix(strings.ToUpper(c.text("encryptionAlgorithm")), "AES/") && !slices.Contains([]int{16, 24, 32}, len(bits)):
		x.at = l.at(c, "encryptionKey")
		x.saw = fmt.Sprintf("the key has %d bytes, and AES takes 16, 24 or 32: Tomcat starts, and every message fails (\"Invalid AES key length\")", len(bits))
		l.report(x)
	}
	alg, _ := c.Attribute("encryptionAlgorithm")
	if !alg.Known() {
		return
	}
	x = finding{id: "config.encryption", in: c, at: l.at(c, "encryptionAlgorithm"), evidence: []Value{alg},
		fix: []string{`encryptionAlgorithm="AES/GCM/NoPadding" on every node`}}
	switch refused, weak := judgeAlgorithm(alg.Text, l.version); {
	case refused:
		x.status = verdict.Fail
		x.saw = fmt.Sprintf("%s is not supported; Tomcat does not start (\"EncryptInterceptor does not support algorithm\")", alg.Text)
	case weak && alg.Set():
		x.status = verdict.Warn
		x.saw = fmt.Sprintf("%s does not notice when a message was changed on its way; Tomcat itself advises AES/GCM/NoPadding", alg.Text)
	default:
		return
	}
	l.report(x)
}

// judgeAlgorithm says whether Tomcat refuses a transformation or warns of it.
func judgeAlgorithm(s string, v Version) (refused, weak bool) {
	parts := strings.SplitN(strings.ToUpper(s), "/", 3)
	if len(parts) != 3 {
		return false, false
	}
	mode, padding := parts[1], parts[2]
	switch mode {
	case "NONE", "ECB", "PCBC", "CTS", "KW", "KWP", "CTR":
		return true, false
	case "CBC", "CFB", "OFB":
		return padding == "NOPADDING" && v.Has(release.GCMSince), true
	case "GCM":
		return padding == "PKCS5PADDING", false
	}
	return strings.HasPrefix(mode, "CFB") || strings.HasPrefix(mode, "OFB"), false
}

// keyExposed looks at who may read the file that holds the key.
func (l lint) keyExposed() {
	if !l.source.ModeKnown || l.source.Mode.Perm()&0o004 == 0 {
		return
	}
	keys := make([]Value, 0, 2)
	for i := range l.Interceptors {
		if k, ok := l.Interceptors[i].Attribute("encryptionKey"); ok {
			keys = append(keys, k)
		}
	}
	if k, ok := l.Channel.Attribute("pskKey"); ok {
		keys = append(keys, k)
	}
	for _, key := range keys {
		if key.From != FromFile || key.secret == "" || !key.Known() {
			continue
		}
		l.report(finding{id: "config.key-exposed", status: verdict.Fail, at: *key.Position,
			saw: fmt.Sprintf("the key stands in a file that every user of this host can read (mode %04o)", l.source.Mode.Perm()),
			fix: []string{"chmod o-r " + l.File.Name}})
		return
	}
}
