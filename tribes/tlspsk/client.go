package tlspsk

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"errors"
)

// curve is the group of a key exchange by its number (RFC 8446 section 4.2.7).
func curve(group int) ecdh.Curve {
	switch group {
	case groupX25519:
		return ecdh.X25519()
	case groupP256:
		return ecdh.P256()
	}
	return nil
}

// client sends a ClientHello for every version that is wanted and goes on in the one
// that the server chose.
func (c *Conn) client(cfg Config) error {
	hello := &clientHello{random: make([]byte, 32), shares: map[int][]byte{}, extended: cfg.has(TLS12)}
	rand.Read(hello.random)
	keys := map[int]*ecdh.PrivateKey{}
	suite := cfg.suite(TLS13)
	sched := newSchedule(suite.hash, cfg.Key)
	if cfg.has(TLS13) {
		hello.suites = append(hello.suites, int(suite.id))
		hello.versions = append(hello.versions, int(TLS13))
		hello.modes, hello.identities = []byte{pskDHE}, []string{cfg.Identity}
		for _, group := range []int{groupX25519, groupP256} {
			key, err := curve(group).GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			keys[group], hello.shares[group] = key, key.PublicKey().Bytes()
		}
	}
	if cfg.has(TLS12) {
		hello.suites = append(hello.suites, int(cfg.suite(TLS12).id), scsv)
		hello.versions = append(hello.versions, int(TLS12))
	}
	msg := hello.marshal(suite.hash)
	if cfg.has(TLS13) {
		hello.binders = [][]byte{sched.binder(msg[:hello.bindersAt])}
		msg = hello.marshal(suite.hash)
	}
	if err := c.send(msg); err != nil {
		return err
	}
	reply, err := c.expect(typeServerHello, "ServerHello")
	if err != nil {
		return err
	}
	answer, err := parseServerHello(reply)
	if err != nil {
		return fail(DecodeError, "reading the ServerHello: %v", err)
	}
	switch {
	case !cfg.has(answer.version):
		return fail(ProtocolVersion, "the other side answers in %s, which was not offered", answer.version)
	case answer.version == TLS13 && answer.retry():
		return fail(HandshakeFailure, "the other side asks for another group of the key exchange than X25519 and P-256")
	case answer.version == TLS13:
		return c.client13(cfg, sched, keys, answer)
	}
	return c.client12(cfg, hello, answer)
}

func (c *Conn) client13(cfg Config, sched *schedule, keys map[int]*ecdh.PrivateKey, answer *serverHello) error {
	c.suite = cfg.suite(TLS13)
	if !answer.psk {
		return ErrNoPSK
	}
	if answer.suite != int(c.suite.id) || answer.pskIndex != 0 || keys[answer.group] == nil {
		return fail(IllegalParameter, "the ServerHello chooses what was not offered")
	}
	c.info = Info{TLS13, c.suite.name, cfg.Identity}
	shared, err := exchange(keys[answer.group], answer.share)
	if err != nil {
		return err
	}
	sched.handshake(shared, c.transcript)
	c.in, c.out = c.suite.half13(sched.server), c.suite.half13(sched.client)
	if _, err := c.expect(typeEncryptedExtensions, "EncryptedExtensions"); err != nil {
		return err
	}
	before := sum(c.suite.hash, c.transcript)
	finished, err := c.next()
	if err != nil {
		return err
	}
	switch finished[0] {
	case typeFinished:
	case typeCertificate, typeCertificateRequest:
		return ErrNoPSK
	default:
		return fail(UnexpectedMessage, "a handshake message of type %d came in place of Finished", finished[0])
	}
	if !hmac.Equal(finished[4:], mac(c.suite.hash, sched.serverBind, before)) {
		return fail(DecryptError, "the other side's Finished does not fit")
	}
	sched.application(c.transcript)
	verify := mac(c.suite.hash, sched.clientFinish, sum(c.suite.hash, c.transcript))
	if err := c.send(message(typeFinished, verify)); err != nil {
		return err
	}
	c.readSecret, c.writeSecret = sched.serverApp, sched.clientApp
	c.in, c.out = c.suite.half13(sched.serverApp), c.suite.half13(sched.clientApp)
	return nil
}

// exchange makes the shared secret of the key exchange with the other side's share.
func exchange(key *ecdh.PrivateKey, share []byte) ([]byte, error) {
	public, err := key.Curve().NewPublicKey(share)
	if err != nil {
		return nil, fail(IllegalParameter, "the share of the key exchange is no point of its group")
	}
	shared, err := key.ECDH(public)
	if err != nil {
		return nil, fail(IllegalParameter, "the key exchange fails: %v", err)
	}
	return shared, nil
}

func (c *Conn) client12(cfg Config, hello *clientHello, answer *serverHello) error {
	c.suite = cfg.suite(TLS12)
	if answer.suite != int(c.suite.id) {
		return fail(IllegalParameter, "the ServerHello chooses a suite that was not offered: 0x%04x", answer.suite)
	}
	c.info = Info{TLS12, c.suite.name, cfg.Identity}
	msg, err := c.next()
	if err == nil && msg[0] == typeServerKeyExchange { // a hint of the identity, which is known
		msg, err = c.next()
	}
	switch {
	case err != nil:
		return err
	case msg[0] == typeCertificate:
		return ErrNoPSK
	case msg[0] != typeServerHelloDone:
		return fail(UnexpectedMessage, "a handshake message of type %d came in place of ServerHelloDone", msg[0])
	}
	if err := c.send(message(typeClientKeyExchange, putVec16(nil, []byte(cfg.Identity)))); err != nil {
		return err
	}
	k := c.keys12(cfg.Key, hello.random, answer.random, answer.extended)
	if err := c.finish12(k, k.client, "client finished"); err != nil {
		return err
	}
	// An old or wrong key shows here: the server cannot open our Finished.
	want := k.verify(c.transcript, "server finished")
	if err := c.changeCipher(); err != nil {
		return err
	}
	c.in = k.server
	got, err := c.expect(typeFinished, "Finished")
	if err != nil {
		return err
	}
	if !hmac.Equal(got[4:], want) {
		return fail(DecryptError, "the other side's Finished does not fit")
	}
	return nil
}

// IsAlert reports whether err is a fatal alert of the other side, and which.
func IsAlert(err error) (Alert, bool) {
	var a AlertError
	ok := errors.As(err, &a)
	return a.Alert, ok
}
