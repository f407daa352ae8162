package tlspsk

// keys12 is what a TLS 1.2 handshake derives from its premaster secret.
type keys12 struct {
	suite          suite
	master         []byte
	client, server *half
}

// keys12 derives the keys from the transcript up to the ClientKeyExchange (RFC 5246
// sections 6.3 and 8.1, RFC 7627 section 4).
func (c *Conn) keys12(psk, clientRandom, serverRandom []byte, extended bool) *keys12 {
	h := c.suite.hash
	k := &keys12{suite: c.suite}
	if extended {
		k.master = prf(h, premaster(psk), "extended master secret", sum(h, c.transcript), 48)
	} else {
		k.master = prf(h, premaster(psk), "master secret", append(append([]byte{}, clientRandom...), serverRandom...), 48)
	}
	n := c.suite.keyLen
	block := prf(h, k.master, "key expansion", append(append([]byte{}, serverRandom...), clientRandom...), 2*n+8)
	k.client = newHalf(block[:n], block[2*n:2*n+4], false)
	k.server = newHalf(block[n:2*n], block[2*n+4:], false)
	return k
}

// verify is the verify_data of a Finished over the messages before it.
func (k *keys12) verify(transcript []byte, label string) []byte {
	return prf(k.suite.hash, k.master, label, sum(k.suite.hash, transcript), 12)
}

// finish12 sends ChangeCipherSpec and Finished.
func (c *Conn) finish12(k *keys12, out *half, label string) error {
	if err := c.write(recordChangeCipher, []byte{1}); err != nil {
		return err
	}
	c.out = out
	return c.send(message(typeFinished, k.verify(c.transcript, label)))
}
