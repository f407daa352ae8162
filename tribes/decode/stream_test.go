package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"muster/internal/vectors"
)

const vectorFile = "../testdata/tribes-vectors.json"

// found lists what Stream finds as TYPE@OFFSET+BYTES.
func found(t testing.TB, r io.Reader, form Form, limit int) (string, error) {
	t.Helper()
	var all []string
	err := Stream(r, form, limit, func(i Item) error {
		all = append(all, fmt.Sprintf("%s@%d+%d", i.Type, i.Offset, i.Bytes))
		return nil
	})
	return strings.Join(all, " "), err
}

// However a reader cuts the bytes, the same is found.
func TestStreamAnySplit(t *testing.T) {
	one := func(name string) []byte { return vectors.One(t, vectorFile, name).Bytes }
	in := bytes.Join([][]byte{one("two-frames"), one("ack"), one("fail-ack"), one("member-v0-ipv4-min"),
		one("frame-get-all-sessions"), one("member-v1-ipv6"), one("frame-bytes-ack")[:99]}, nil)
	const want = "frame@0+140 frame@140+135 ack@275+21 fail_ack@296+21 heartbeat@317+69 frame@386+484 heartbeat@870+89 incomplete@959+99"
	for name, r := range map[string]io.Reader{
		"at once":      bytes.NewReader(in),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(in)),
		"half by half": iotest.HalfReader(bytes.NewReader(in)),
		"data and EOF": iotest.DataErrReader(bytes.NewReader(in)),
	} {
		if got, err := found(t, r, Auto, 0); got != want || err != nil {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, want)
		}
	}
}

// A fault of the input is an error, not a verdict on the bytes before it.
func TestStreamFaultOfTheInput(t *testing.T) {
	fault := errors.New("cable pulled")
	beat := vectors.One(t, vectorFile, "member-v1-ipv4-min").Bytes
	for name, c := range map[string]struct{ in, want string }{
		"in the first bytes":  {"FL", ""},
		"in a frame":          {"FLT2002\x00\x00\x00\x09", ""},
		"behind a heartbeat":  {string(beat), "heartbeat@0+77"},
		"in the second thing": {string(beat) + "TRIBES", "heartbeat@0+77"},
	} {
		got, err := found(t, io.MultiReader(strings.NewReader(c.in), iotest.ErrReader(fault)), Auto, 0)
		if got != c.want || !errors.Is(err, fault) {
			t.Errorf("%s: %s, %v; want %s and the fault", name, got, err, c.want)
		}
	}
}

func TestStreamStopsWhereFoundStops(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	err := Stream(bytes.NewReader(vectors.One(t, vectorFile, "two-frames").Bytes), Auto, 0, func(Item) error { n++; return stop })
	if n != 1 || !errors.Is(err, stop) {
		t.Errorf("called %d times, %v", n, err)
	}
}

// What follows a frame that is whole but holds nonsense can still be read.
func TestStreamGoesOnBehindAWholeFrame(t *testing.T) {
	bad := vectors.One(t, vectorFile, "bad-frame-address-length-0").Bytes
	got, err := found(t, io.MultiReader(bytes.NewReader(bad), bytes.NewReader(vectors.One(t, vectorFile, "ack").Bytes)), Auto, 0)
	if want := fmt.Sprintf("invalid@0+%d ack@%d+21", len(bad), len(bad)); got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestHexLines(t *testing.T) {
	var got []string
	err := HexLines(strings.NewReader("61 62:63\r\n\n  \t\n64\n6\n6g\n65 66\n67"), func(n int, r io.Reader) error {
		b, err := io.ReadAll(r)
		got = append(got, fmt.Sprintf("%d %s %v", n, b, err))
		return nil
	})
	want := "1 abc <nil>|4 d <nil>|5  column 2: the number of hex digits is odd|6  column 2: 'g' is no hex digit|7 ef <nil>|8 g <nil>"
	if s := strings.Join(got, "|"); s != want || err != nil {
		t.Errorf("%v\n got %s\nwant %s", err, s, want)
	}
	// What is left unread of a line does not become the next.
	lines := 0
	if err := HexLines(strings.NewReader("616263\n64\n"), func(int, io.Reader) error { lines++; return nil }); err != nil || lines != 2 {
		t.Errorf("%d lines, %v", lines, err)
	}
	fault := errors.New("no disk")
	if err := HexLines(iotest.ErrReader(fault), nil); !errors.Is(err, fault) {
		t.Errorf("err = %v", err)
	}
}

// FuzzStream: whatever the bytes are, each is told once and in order, and the
// window never holds more than came.
func FuzzStream(f *testing.F) {
	for _, v := range vectors.Load(f, vectorFile, "member-", "frame-", "two-frames", "bad-", "channeldata-") {
		f.Add(v.Bytes, uint8(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, form uint8) {
		var at int64
		err := Stream(bytes.NewReader(b), Form(form%5), 1<<16, func(i Item) error {
			if i.Offset < at || i.Offset+i.Bytes > int64(len(b)) {
				t.Fatalf("%s at %d+%d behind %d of %d", i.Type, i.Offset, i.Bytes, at, len(b))
			}
			at = i.Offset + i.Bytes
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		again, err := found(t, iotest.OneByteReader(bytes.NewReader(b)), Form(form%5), 1<<16)
		whole, err2 := found(t, bytes.NewReader(b), Form(form%5), 1<<16)
		if again != whole || err != nil || err2 != nil {
			t.Fatalf("byte by byte %s, at once %s", again, whole)
		}
	})
}
