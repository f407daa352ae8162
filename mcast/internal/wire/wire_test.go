package wire

import "testing"

func TestCode8(t *testing.T) {
	for code, want := range map[uint8]uint32{
		0: 0, 1: 1, 100: 100, 125: 125, 127: 127,
		0x80: 128, 0x8a: 208, 0x8f: 248, 0x90: 256, 0xff: 31744,
	} {
		if got := Decode8(code); got != want {
			t.Errorf("Decode8(%#x) = %d, want %d", code, got, want)
		}
	}
	for c := 0; c < 256; c++ {
		v := Decode8(uint8(c))
		if got := Encode8(v); got != uint8(c) {
			t.Errorf("Encode8(%d) = %#x, want %#x", v, got, c)
		}
		if c > 0 && v <= Decode8(uint8(c-1)) {
			t.Errorf("code %#x is not above the one before", c)
		}
		if c > 128 {
			if got := Encode8(v - 1); got != uint8(c-1) {
				t.Errorf("Encode8(%d) = %#x, want the code below, %#x", v-1, got, c-1)
			}
		}
	}
	if got := Encode8(1 << 30); got != 0xff {
		t.Errorf("Encode8 of too much = %#x, want 0xff", got)
	}
}

func TestCode16(t *testing.T) {
	for code, want := range map[uint16]uint32{
		0: 0, 1000: 1000, 32767: 32767, 0x8000: 32768, 0x8fff: 65528, 0x9000: 65536, 0xffff: 8387584,
	} {
		if got := Decode16(code); got != want {
			t.Errorf("Decode16(%#x) = %d, want %d", code, got, want)
		}
	}
	for c := 0; c < 65536; c++ {
		if got := Encode16(Decode16(uint16(c))); got != uint16(c) {
			t.Fatalf("Encode16(Decode16(%#x)) = %#x", c, got)
		}
	}
	if got := Encode16(1 << 30); got != 0xffff {
		t.Errorf("Encode16 of too much = %#x, want 0xffff", got)
	}
}

func TestChecksum(t *testing.T) {
	// An IGMPv2 general query, as it goes over the wire.
	b := []byte{0x11, 0x64, 0xee, 0x9b, 0, 0, 0, 0}
	if got := Checksum(Sum(0, b)); got != 0 {
		t.Errorf("checksum over a right message = %#x, want 0", got)
	}
	if got := Checksum(Sum(0, []byte{0x11, 0x64, 0, 0, 0, 0, 0})); got != 0xee9b {
		t.Errorf("checksum = %#x, want 0xee9b", got)
	}
}
