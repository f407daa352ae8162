package tlspsk

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
)

// server answers a ClientHello in the newest version that both sides have.
func (c *Conn) server(cfg Config) error {
	msg, err := c.expect(typeClientHello, "ClientHello")
	if err != nil {
		return err
	}
	hello, err := parseClientHello(msg)
	if err != nil {
		return fail(DecodeError, "reading the ClientHello: %v", err)
	}
	// A client without supported_versions speaks 1.2 at most (RFC 8446 section 4.2.1).
	offers := func(v Version) bool {
		return hello.offers(hello.versions, int(v)) || v == TLS12 && len(hello.versions) == 0
	}
	switch {
	case cfg.has(TLS13) && offers(TLS13):
		return c.server13(cfg, hello, msg)
	case cfg.has(TLS12) && offers(TLS12):
		return c.server12(cfg, hello)
	}
	return fail(ProtocolVersion, "the other side offers no version that is wanted here")
}

func (c *Conn) server13(cfg Config, hello *clientHello, msg []byte) error {
	c.suite = cfg.suite(TLS13)
	if !hello.offers(hello.suites, int(c.suite.id)) {
		return fail(HandshakeFailure, "the other side does not offer %s", c.suite.name)
	}
	if len(hello.identities) == 0 {
		return fail(HandshakeFailure, "the other side offers no pre-shared key")
	}
	index := -1
	for i, id := range hello.identities {
		if subtle.ConstantTimeCompare([]byte(id), []byte(cfg.Identity)) == 1 {
			index = i
			break
		}
	}
	if index < 0 {
		return fail(HandshakeFailure, "the other side has another pskIdentity")
	}
	sched := newSchedule(c.suite.hash, cfg.Key)
	if !hmac.Equal(hello.binders[index], sched.binder(msg[:hello.bindersAt])) {
		return fail(IllegalParameter, "the other side has another pskKey")
	}
	dhe := false
	for _, m := range hello.modes {
		dhe = dhe || m == pskDHE
	}
	group := groupX25519
	if hello.shares[group] == nil {
		group = groupP256
	}
	if !dhe || hello.shares[group] == nil {
		return fail(HandshakeFailure, "the other side offers no key exchange with X25519 or P-256")
	}
	key, err := curve(group).GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	shared, err := exchange(key, hello.shares[group])
	if err != nil {
		return err
	}
	answer := &serverHello{
		random: make([]byte, 32), sessionID: hello.sessionID, suite: int(c.suite.id), version: TLS13,
		group: group, share: key.PublicKey().Bytes(), psk: true, pskIndex: index,
	}
	rand.Read(answer.random)
	if err := c.send(answer.marshal()); err != nil {
		return err
	}
	if len(hello.sessionID) > 0 { // a client in the mode for middleboxes
		if err := c.write(recordChangeCipher, []byte{1}); err != nil {
			return err
		}
	}
	c.info = Info{TLS13, c.suite.name, cfg.Identity}
	sched.handshake(shared, c.transcript)
	c.in, c.out = c.suite.half13(sched.client), c.suite.half13(sched.server)
	if err := c.send(message(typeEncryptedExtensions, []byte{0, 0})); err != nil {
		return err
	}
	verify := mac(c.suite.hash, sched.serverBind, sum(c.suite.hash, c.transcript))
	if err := c.send(message(typeFinished, verify)); err != nil {
		return err
	}
	sched.application(c.transcript)
	want := mac(c.suite.hash, sched.clientFinish, sum(c.suite.hash, c.transcript))
	c.out = c.suite.half13(sched.serverApp)
	got, err := c.expect(typeFinished, "Finished")
	if err != nil {
		return err
	}
	if !hmac.Equal(got[4:], want) {
		return fail(DecryptError, "the other side's Finished does not fit")
	}
	c.in = c.suite.half13(sched.clientApp)
	c.readSecret, c.writeSecret = sched.clientApp, sched.serverApp
	return nil
}

func (c *Conn) server12(cfg Config, hello *clientHello) error {
	c.suite = cfg.suite(TLS12)
	if !hello.offers(hello.suites, int(c.suite.id)) {
		return fail(HandshakeFailure, "the other side does not offer %s", c.suite.name)
	}
	answer := &serverHello{
		random: make([]byte, 32), suite: int(c.suite.id), version: TLS12,
		extended: hello.extended, renegotiation: hello.renegotiation,
	}
	rand.Read(answer.random)
	c.info = Info{TLS12, c.suite.name, cfg.Identity}
	if err := c.send(answer.marshal()); err != nil {
		return err
	}
	if err := c.send(message(typeServerHelloDone, nil)); err != nil {
		return err
	}
	msg, err := c.expect(typeClientKeyExchange, "ClientKeyExchange")
	if err != nil {
		return err
	}
	r := reader{b: msg[4:]}
	id := r.vec16()
	if r.end() != nil {
		return fail(DecodeError, "reading the ClientKeyExchange: %v", r.end())
	}
	key := cfg.Key
	other := string(id.b) != cfg.Identity
	if other {
		// What follows fails as with a wrong key (RFC 4279 section 2), so that a stranger
		// does not learn which identities there are.
		key = make([]byte, len(cfg.Key))
		rand.Read(key)
	}
	k := c.keys12(key, hello.random, answer.random, answer.extended)
	want := k.verify(c.transcript, "client finished")
	if err := c.changeCipher(); err != nil {
		return err
	}
	c.in = k.client
	got, err := c.expect(typeFinished, "Finished")
	switch {
	case err != nil && other:
		return fail(DecryptError, "the other side has another pskIdentity")
	case err != nil:
		return err
	case !hmac.Equal(got[4:], want):
		return fail(DecryptError, "the other side has another pskKey")
	}
	return c.finish12(k, k.server, "server finished")
}
