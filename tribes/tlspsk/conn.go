package tlspsk

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// ErrNoPSK is the answer of a server that has certificates in place of the pre-shared
// key: whoever it is, it has not proved that it has the key.
var ErrNoPSK = errors.New("the other side answers without the pre-shared key, with a certificate or nothing: it has not proved that it has the key")

// ErrNotTLS is in the error of a handshake with something that does not speak TLS.
var ErrNotTLS = errors.New("what answers does not speak TLS")

// Info says what a finished handshake agreed on.
type Info struct {
	Version  Version
	Suite    string
	Identity string
}

// Conn is a TLS connection. Read and Write may be called at the same time; each alone
// from one goroutine.
type Conn struct {
	net.Conn
	info        Info
	established bool

	raw    *bufio.Reader
	in     *half
	hand   []byte // handshake bytes that were read and not used
	data   []byte // application bytes that were read and not returned
	readOK error  // what every further Read returns

	writeMu sync.Mutex
	out     *half
	closed  bool

	// transcript is every handshake message so far.
	transcript []byte
	// secrets of TLS 1.3, for KeyUpdate.
	readSecret, writeSecret []byte
	suite                   suite
}

// Client makes the handshake as the side that connects. The connection stays the
// caller's to close when it fails.
func Client(ctx context.Context, c net.Conn, cfg Config) (*Conn, error) {
	return start(ctx, c, cfg, (*Conn).client)
}

// Server makes the handshake as the side that accepts.
func Server(ctx context.Context, c net.Conn, cfg Config) (*Conn, error) {
	return start(ctx, c, cfg, (*Conn).server)
}

func start(ctx context.Context, nc net.Conn, cfg Config, handshake func(*Conn, Config) error) (*Conn, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	c := &Conn{Conn: nc, raw: bufio.NewReaderSize(nc, 5+maxRecord)}
	err := handshake(c, cfg)
	if !stop() && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		c.alertFor(err)
		return nil, err
	}
	c.established = true
	c.transcript = nil
	return c, nil
}

// Info says what the handshake agreed on.
func (c *Conn) Info() Info { return c.info }

// alertFor tells the other side why the connection ends, where it was our decision.
func (c *Conn) alertFor(err error) {
	var f *failure
	switch {
	case errors.As(err, &f):
		_ = c.writeAlert(f.alert)
	case errors.Is(err, ErrNoPSK):
		_ = c.writeAlert(HandshakeFailure)
	}
}

func (c *Conn) writeAlert(a Alert) error {
	level := byte(2)
	if a == CloseNotify {
		level = 1
	}
	return c.write(recordAlert, []byte{level, byte(a)})
}

// write sends data in as many records as it takes.
func (c *Conn) write(kind byte, data []byte) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	var b []byte
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), maxPlain)
		b = append(b, c.out.seal(kind, data[:n])...)
		data = data[n:]
	}
	_, err := c.Conn.Write(b)
	return err
}

// send writes a handshake message and remembers it.
func (c *Conn) send(msg []byte) error {
	c.transcript = append(c.transcript, msg...)
	return c.write(recordHandshake, msg)
}

// record reads the next record that means something here.
func (c *Conn) record() (byte, []byte, error) {
	for {
		outer, head, body, err := readRecord(c.raw)
		if err != nil {
			return 0, nil, err
		}
		if c.established && c.in.v13 && outer != recordData {
			return 0, nil, fail(UnexpectedMessage, "a record in clear after the handshake")
		}
		kind, plain, err := c.in.open(outer, head, body)
		if err != nil {
			return 0, nil, err
		}
		if kind == recordAlert {
			if len(plain) != 2 {
				return 0, nil, fail(DecodeError, "an alert of %d bytes", len(plain))
			}
			switch a := Alert(plain[1]); {
			case a == CloseNotify:
				return 0, nil, io.EOF
			case plain[0] == 1 && c.in != nil && !c.in.v13:
				continue // a warning of TLS 1.2
			default:
				return 0, nil, AlertError{a}
			}
		}
		return kind, plain, nil
	}
}

// maxHandshake bounds one handshake message: the longest that is due is a ClientHello
// or a certificate chain that is to be refused.
const maxHandshake = 1 << 16

// next reads a whole handshake message and remembers it.
func (c *Conn) next() ([]byte, error) {
	for spare := 0; ; {
		if len(c.hand) >= 4 {
			n := 4 + int(c.hand[1])<<16 + int(c.hand[2])<<8 + int(c.hand[3])
			if n > maxHandshake {
				return nil, fail(DecodeError, "a handshake message of %d bytes", n)
			}
			if len(c.hand) >= n {
				msg := c.hand[:n:n]
				c.hand = c.hand[n:]
				if !c.established {
					c.transcript = append(c.transcript, msg...)
				}
				return msg, nil
			}
		}
		kind, plain, err := c.record()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		switch {
		case err != nil:
			return nil, err
		case kind == recordHandshake && len(plain) > 0:
			c.hand = append(c.hand, plain...)
		case kind == recordChangeCipher && spare < 1 && len(c.hand) == 0 && c.info.Version != TLS12:
			spare++ // for middleboxes (RFC 8446 appendix D.4)
		default:
			return nil, fail(UnexpectedMessage, "a record of type %d in the middle of the handshake", kind)
		}
	}
}

// expect reads the next message, which must be of one kind.
func (c *Conn) expect(kind byte, name string) ([]byte, error) {
	msg, err := c.next()
	if err == nil && msg[0] != kind {
		err = fail(UnexpectedMessage, "a handshake message of type %d came in place of %s", msg[0], name)
	}
	return msg, err
}

// changeCipher reads the record that says that what follows is encrypted (TLS 1.2).
func (c *Conn) changeCipher() error {
	kind, plain, err := c.record()
	if err == nil && (kind != recordChangeCipher || len(plain) != 1 || len(c.hand) > 0) {
		err = fail(UnexpectedMessage, "a record of type %d came in place of ChangeCipherSpec", kind)
	}
	return err
}

// Read implements net.Conn. After the other side's close_notify it is io.EOF; an end
// without one is io.ErrUnexpectedEOF.
func (c *Conn) Read(p []byte) (int, error) {
	for len(c.data) == 0 {
		if c.readOK != nil {
			return 0, c.readOK
		}
		kind, plain, err := c.record()
		if err == nil {
			switch kind {
			case recordData:
				c.data = plain
			case recordHandshake:
				err = c.after(plain)
			default:
				err = fail(UnexpectedMessage, "a record of type %d among the data", kind)
			}
		}
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				return 0, err // not remembered: the caller may wait on
			}
			c.alertFor(err)
			c.readOK = err
			return 0, err
		}
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	return n, nil
}

// maxTickets bounds what a peer may send after the handshake that is not data.
const maxTickets = 64

// after takes what TLS 1.3 sends after the handshake: tickets, which are not kept, and
// changes of the keys.
func (c *Conn) after(plain []byte) error {
	if !c.in.v13 {
		return fail(UnexpectedMessage, "a renegotiation, which is not known here")
	}
	c.hand = append(c.hand, plain...)
	for n := 0; len(c.hand) > 0; n++ {
		if n > maxTickets {
			return fail(UnexpectedMessage, "more than %d session tickets at once", maxTickets)
		}
		msg, err := c.next()
		if err != nil {
			return err
		}
		switch {
		case msg[0] == typeNewSessionTicket:
		case msg[0] == typeKeyUpdate && len(msg) == 5:
			c.readSecret = expandLabel(c.suite.hash, c.readSecret, "traffic upd", nil, c.suite.hash.Size())
			c.in = c.suite.half13(c.readSecret)
			if msg[4] == 1 {
				if err := c.updateWrite(); err != nil {
					return err
				}
			}
		default:
			return fail(UnexpectedMessage, "a handshake message of type %d after the handshake", msg[0])
		}
	}
	return nil
}

func (c *Conn) updateWrite() error {
	if err := c.write(recordHandshake, message(typeKeyUpdate, []byte{0})); err != nil {
		return err
	}
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.writeSecret = expandLabel(c.suite.hash, c.writeSecret, "traffic upd", nil, c.suite.hash.Size())
	c.out = c.suite.half13(c.writeSecret)
	return nil
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.write(recordData, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close says goodbye and closes the connection below.
func (c *Conn) Close() error {
	c.Conn.SetWriteDeadline(time.Now().Add(time.Second))
	_ = c.writeAlert(CloseNotify)
	c.writeMu.Lock()
	c.closed = true
	c.writeMu.Unlock()
	return c.Conn.Close()
}

// half13 is a direction's protection under a traffic secret (RFC 8446 section 7.3).
func (s suite) half13(secret []byte) *half {
	return newHalf(expandLabel(s.hash, secret, "key", nil, s.keyLen), expandLabel(s.hash, secret, "iv", nil, 12), true)
}
