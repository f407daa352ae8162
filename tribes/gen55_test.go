package tribes

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// beat55 is a heartbeat that a Tomcat 5.5.15 sent.
const beat55 = "00000000000001f900000fa10a4d000b000000157463703a2f2f31302e37372e302e31313a3430303100000008636174616c696e61"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMember55(t *testing.T) {
	b := unhex(t, beat55)
	m, n, err := ParseMember(append(bytes.Clone(b), "more"...))
	if err != nil || n != len(b) || n != m.Len() {
		t.Fatalf("took %d of %d bytes, Len %d: %v", n, len(b), m.Len(), err)
	}
	at, ok := m.AddrPort()
	if m.Generation != V55 || m.Alive != 505 || !ok || at.String() != "10.77.0.11:4001" || string(m.Domain) != "catalina" || m.Shutdown() {
		t.Errorf("%+v", m)
	}
	for _, label := range [][]byte{m.Label, nil} {
		m.Label = label
		if again, err := m.AppendTo(nil); err != nil || !bytes.Equal(again, b) {
			t.Errorf("built again:\n got %x, %v\nwant %x", again, err, b)
		}
	}
	m.Host = make([]byte, 16)
	if _, err := m.AppendTo(nil); err == nil {
		t.Error("an IPv6 address went into a record of 5.5")
	}
	for n := range b {
		if _, _, err := ParseMember(b[:n]); err == nil || IsMember(b[:n]) && !errors.Is(err, ErrIncomplete) {
			t.Errorf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}

func TestMember55Bad(t *testing.T) {
	for name, c := range map[string]struct {
		make  func([]byte) []byte
		field string
	}{
		"the name of another port":       {set(10, 0x0f, 0xa2), "name"},
		"port 0, whose name is cut":      {set(8, 0, 0, 0, 0), "port"},
		"a port beyond all":              {set(8, 0, 1, 0x0f, 0xa1), "port"},
		"a domain longer than the rest":  {set(41, 0x7f, 0xff, 0xff, 0xff), "domain"},
		"a negative length of a domain":  {set(41, 0xff, 0xff, 0xff, 0xff), "domain"},
		"a name of more than a host has": {set(16, 0, 0, 2, 0), "begin marker"},
		"a name that is none":            {set(20, 'h'), "begin marker"},
	} {
		_, _, err := ParseMember(c.make(unhex(t, beat55)))
		var p *ParseError
		if !errors.As(err, &p) || p.Field != c.field {
			t.Errorf("%s: %v, want an error that blames the %s", name, err, c.field)
		}
	}
}

func TestFrame55(t *testing.T) {
	data := []byte("\xac\xed\x00\x05p")
	for _, flag := range []CompressFlag{CompressForbidden, CompressAllowed, CompressDefault} {
		b := AppendFrame55(nil, flag, data)
		if yes, more := IsFrame55(b); !yes || more {
			t.Errorf("flag %d: IsFrame55 = %v, %v", flag, yes, more)
		}
		got, d, n, err := ParseFrame55(append(bytes.Clone(b), 'x'), 5)
		if err != nil || got != flag || n != len(b) || n != Frame55Overhead+len(data) || !bytes.Equal(d, data) {
			t.Errorf("flag %d: %d, %x, %d bytes, %v", flag, got, d, n, err)
		}
		if _, _, _, err := ParseFrame55(b, 4); err == nil || errors.Is(err, ErrIncomplete) {
			t.Errorf("over the limit: %v", err)
		}
		for cut := range b {
			if yes, _ := IsFrame55(b[:cut]); yes && cut < 17 {
				t.Errorf("%d bytes are told for a frame of 5.5", cut)
			}
			if _, _, _, err := ParseFrame55(b[:cut], 100); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%d of %d bytes: %v", cut, len(b), err)
			}
		}
		b[len(b)-1]++
		if _, _, _, err := ParseFrame55(b, 100); err == nil || errors.Is(err, ErrIncomplete) {
			t.Errorf("a wrong end: %v", err)
		}
	}
	for name, b := range map[string]string{
		"an ack": Ack, "no data": string(AppendFrame(nil, nil)), "one byte": string(AppendFrame(nil, []byte{1})),
		"two bytes": string(AppendFrame(nil, []byte{1, 2})), "a heartbeat": "TRIBES-B\x01\x00aaaaaaaaaaaaaa",
	} {
		if yes, more := IsFrame55([]byte(b)); yes || more {
			t.Errorf("%s: IsFrame55 = %v, %v", name, yes, more)
		}
	}
}

func TestScannerOf55(t *testing.T) {
	sent := string(AppendFrame55(nil, CompressDefault, []byte("\xac\xed\x00\x05p"))) + string(AppendFrame(nil, []byte{7})) +
		string(AppendFrame55(nil, CompressAllowed, []byte("\x1f\x8b\x08.."))) + Ack + Ack55 + Ack55
	want := []PieceKind{PieceMessage55, PieceMessage, PieceMessage55, PieceAck, PieceAck55, PieceAck55}
	for _, r := range []io.Reader{strings.NewReader(sent), iotest.OneByteReader(strings.NewReader(sent))} {
		s := NewScanner(0)
		kinds, offsets, err := scan(s, r)
		if !errors.Is(err, io.EOF) || !equal(kinds, want) || s.Buffered() != 0 {
			t.Errorf("%v at %v, %d bytes left: %v", kinds, offsets, s.Buffered(), err)
		}
	}
}

func FuzzFrame55(f *testing.F) {
	f.Add(AppendFrame55(nil, CompressDefault, []byte("\xac\xed\x00\x05p")))
	f.Add(AppendFrame55(nil, CompressAllowed, []byte("\x1f\x8b\x08")))
	f.Add([]byte(Ack))
	f.Fuzz(func(t *testing.T, b []byte) {
		flag, data, n, err := ParseFrame55(b, 1<<16)
		if err != nil {
			wantParseError(t, err, len(b))
			return
		}
		if again := AppendFrame55(nil, flag, data); !bytes.Equal(again, b[:n]) {
			t.Fatalf("built again:\n got %x\nwant %x", again, b[:n])
		}
		if yes, _ := IsFrame55(b); yes != (len(data) > 1 && (string(data[:2]) == javaBegin || string(data[:2]) == gzipBegin)) {
			t.Fatalf("IsFrame55 = %v of %x", yes, b)
		}
	})
}
