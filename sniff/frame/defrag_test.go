package frame

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// fragments cuts data into pieces of at most size bytes.
func fragments(data []byte, size int, id uint32) []*Frame {
	var out []*Frame
	for at := 0; at < len(data); at += size {
		piece := data[at:min(at+size, len(data))]
		out = append(out, &Frame{IP: 4, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("228.0.0.4"), Proto: ProtoUDP,
			Fragment: true, MoreFragments: at+size < len(data), FragOffset: at, FragID: id, Body: piece, BodyLen: len(piece)})
	}
	return out
}

func payload(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestDefragment(t *testing.T) {
	want := payload(8000)
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 50 {
		d := NewDefragmenter()
		list := fragments(want, 1480, uint32(round))
		list = append(list, list[r.IntN(len(list))]) // one comes twice
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		done := 0
		for _, f := range list {
			if got, ok := d.Add(f, 0); ok {
				done++
				if !bytes.Equal(got, want) {
					t.Fatal("put together wrongly")
				}
			}
		}
		if done != 1 || d.Complete != 1 || d.held != 0 && len(d.waiting) == 0 {
			t.Fatalf("round %d: %d datagrams, %+v", round, done, d)
		}
	}
}

func TestDefragmentRefuses(t *testing.T) {
	mk := func(off, n int, more bool) *Frame {
		b := payload(n)
		return &Frame{IP: 4, Fragment: true, FragOffset: off, MoreFragments: more, Body: b, BodyLen: n}
	}
	cut := mk(0, 16, true)
	cut.Cut = true
	for name, list := range map[string][]*Frame{
		"overlap":                {mk(0, 16, true), mk(8, 16, true), mk(24, 8, false)},
		"end inside":             {mk(0, 32, true), mk(8, 8, false)},
		"two ends":               {mk(16, 8, false), mk(24, 8, false), mk(0, 16, true), mk(16, 8, true)},
		"beyond the end":         {mk(0, 8, false), mk(8, 8, true)},
		"length no multiple":     {mk(0, 15, true), mk(16, 8, false)},
		"snapped":                {cut, mk(16, 8, false)},
		"longer than a datagram": {mk(65528, 16, false), mk(0, 65528, true)},
	} {
		d := NewDefragmenter()
		for i, f := range list {
			if _, ok := d.Add(f, 0); ok && i > 0 {
				t.Errorf("%s: put together all the same", name)
			}
		}
	}
}

// A flood of first fragments keeps the memory bounded and is counted; what is
// older than 30 s is given up.
func TestDefragmentBounded(t *testing.T) {
	d := NewDefragmenter()
	for i := range 20000 {
		f := fragments(payload(60000), 59200, uint32(i))[0]
		d.Add(f, int64(i))
		if len(d.waiting) > maxDatagrams || d.held > maxHeld+maxDatagram {
			t.Fatalf("%d datagrams of %d bytes are held", len(d.waiting), d.held)
		}
	}
	if d.Incomplete+d.Forgotten+uint64(len(d.waiting)) != 20000 {
		t.Errorf("%d given up and %d waiting of 20000", d.Incomplete+d.Forgotten, len(d.waiting))
	}
	d.Expire(20000 + fragTimeout + 1)
	if len(d.waiting) != 0 || d.held != 0 {
		t.Errorf("%d still waiting with %d bytes", len(d.waiting), d.held)
	}
}

// The first of two fragments of an IPv6 datagram carries an extension header
// behind the fragment header.
func TestDefragmentExtension(t *testing.T) {
	body := append(unhex("11 00 0104 00000000"), unhex("b1fc b1fc 000d 0000 68656c6c6f")...)
	d := NewDefragmenter()
	var f Frame
	for at := 0; at < len(body); at += 8 {
		end := min(at+8, len(body))
		f = Frame{IP: 6, Proto: extDestOpts, Fragment: true, MoreFragments: end < len(body), FragOffset: at, Body: body[at:end], BodyLen: end - at}
		if whole, ok := d.Add(&f, 0); ok {
			if err := f.Transport(whole); err != nil || f.Proto != ProtoUDP || string(f.Payload) != "hello" {
				t.Fatalf("%v: proto %d, %q", err, f.Proto, f.Payload)
			}
			return
		}
	}
	t.Fatal("never whole")
}
