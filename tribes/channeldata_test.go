package tribes

import (
	"bytes"
	"encoding/hex"
	"testing"

	"muster/internal/vectors"
)

func TestChannelDataVectors(t *testing.T) {
	for _, v := range load(t, "channeldata-", "frame-bytes-", "frame-java-", "frame-norpc", "frame-tcp-ping",
		"frame-static-", "frame-get-all", "frame-reply-", "failure-detector-", "broadcast-datagram") {
		t.Run(v.Name, func(t *testing.T) {
			data, framed := v.Bytes, IsFrame(v.Bytes)
			if framed {
				var n int
				var err error
				if data, n, err = ParseFrame(v.Bytes, DefaultFrameLimit); err != nil || n != len(v.Bytes) {
					t.Fatalf("frame: took %d of %d bytes: %v", n, len(v.Bytes), err)
				}
			}
			c, err := ParseChannelData(data)
			if err != nil {
				t.Fatal(err)
			}
			compareChannelData(t, v, c, data)
			build := c.AppendTo
			if framed {
				build = c.AppendFrameTo
			}
			if again, err := build(nil); err != nil || !bytes.Equal(again, v.Bytes) {
				t.Errorf("built again:\n got %x, %v\nwant %x", again, err, v.Bytes)
			}
		})
	}
}

func compareChannelData(t *testing.T, v vectors.Vector, c ChannelData, data []byte) {
	t.Helper()
	got := map[string]any{
		"options": float64(c.Options), "timestamp": float64(c.Timestamp),
		"uniqueId": hex.EncodeToString(c.ID), "addrLen": float64(c.Address.Len()),
		"msgLen": float64(len(c.Message)), "message": hex.EncodeToString(c.Message),
		"dataLen": float64(len(data)), "total": float64(len(data) + FrameOverhead),
	}
	for name, want := range v.Fields {
		if have, known := got[name]; known && have != want {
			t.Errorf("%s = %v, want %v", name, have, want)
		}
	}
	if c.Len() != len(data) {
		t.Errorf("Len = %d, the data has %d bytes", c.Len(), len(data))
	}
}

func TestPayloadConstants(t *testing.T) {
	for name, c := range map[string]string{
		"payload-tcp-failure-detector": FailureDetectorTest, "payload-tcp-ping": TCPPing,
		"static-MEMBER_START": StaticStart, "static-MEMBER_STOP": StaticStop,
		"const-COORD_HEADER": CoordinationHeader, "const-COORD_REQUEST": CoordinationRequest,
		"const-COORD_CONF": CoordinationConfirm, "const-COORD_ALIVE": CoordinationAlive,
	} {
		if v := one(t, name); c != string(v.Bytes) {
			t.Errorf("%s is %x, want %x", name, c, v.Bytes)
		}
	}
	v := one(t, "twophase-1")
	id := one(t, "twophase-0").Unhex(t, "uniqueId")
	if got := TwoPhaseBegin + string(id) + TwoPhaseEnd; got != string(v.Bytes) {
		t.Errorf("two phase: %x, want %x", got, v.Bytes)
	}
}

func TestChannelDataBad(t *testing.T) {
	good := one(t, "channeldata-bytes-ack").Bytes
	with55 := append([]byte{}, good[:32]...)
	with55 = append(appendSized(with55, unhex(t, beat55)), 0, 0, 0, 0)
	for name, b := range map[string][]byte{
		"message id length negative":  set(12, 0xff, 0xff, 0xff, 0xf0)(bytes.Clone(good)),
		"message id past the end":     set(12, 0x7f, 0xff, 0xff, 0xff)(bytes.Clone(good)),
		"no address":                  set(32, 0, 0, 0, 0)(bytes.Clone(good)),
		"a 5.5's address":             with55,
		"message length negative":     set(113, 0xff, 0xff, 0xff, 0xff)(bytes.Clone(good)),
		"message past the end":        set(113, 0, 0, 0, 6)(bytes.Clone(good)),
		"bytes after the message":     append(bytes.Clone(good), 0),
		"ends in the options":         good[:3],
		"ends before the message":     good[:113],
		"address cut by its length":   set(32, 0, 0, 0, 76)(bytes.Clone(good)),
		"nothing at all":              nil,
		"an ack is no channel data":   []byte(ackData),
		"bytes after the address end": set(32, 0, 0, 0, 77+20)(bytes.Clone(good)),
	} {
		if _, err := ParseChannelData(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The messages of Tomcat 6.0 have a v0 record as their sender.
func TestChannelDataOfV0(t *testing.T) {
	c, err := ParseChannelData(one(t, "channeldata-bytes-ack").Bytes)
	if err != nil {
		t.Fatal(err)
	}
	c.Address.Generation = V0
	b, err := c.AppendTo(nil)
	if err != nil || len(b) != c.Len() {
		t.Fatalf("%d bytes, Len says %d: %v", len(b), c.Len(), err)
	}
	d, err := ParseChannelData(b)
	if err != nil || d.Address.Generation != V0 || !d.Address.Same(&c.Address) || !bytes.Equal(d.Message, c.Message) {
		t.Errorf("read again: %+v, %v", d, err)
	}
}

// Tomcat reads the record in the address field and not what follows it there.
func TestChannelDataToleratesMoreInItsAddress(t *testing.T) {
	c, err := ParseChannelData(one(t, "channeldata-bytes-ack").Bytes)
	if err != nil {
		t.Fatal(err)
	}
	b := one(t, "channeldata-bytes-ack").Bytes
	b = append(bytes.Clone(b[:36+77]), append([]byte{1, 2, 3}, b[36+77:]...)...)
	b[35] += 3
	d, err := ParseChannelData(b)
	if err != nil || !d.Address.Same(&c.Address) || string(d.Message) != string(c.Message) {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestChannelDataAppendRefusesItsAddress(t *testing.T) {
	c := ChannelData{Address: Member{Host: make([]byte, 200)}}
	if _, err := c.AppendTo(nil); err == nil {
		t.Error("AppendTo: no error for a host of 200 bytes")
	}
	if _, err := c.AppendFrameTo(nil); err == nil {
		t.Error("AppendFrameTo: no error for a host of 200 bytes")
	}
}
