package capture

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// What a file holds beside packets is counted, and the description of an interface is written again.
func TestUnkept(t *testing.T) {
	block := func(kind uint32, body []byte) []byte {
		b := binary.LittleEndian.AppendUint32(nil, kind)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+12))
		return binary.LittleEndian.AppendUint32(append(b, pad(body)...), uint32(len(body)+12))
	}
	var file bytes.Buffer
	if _, err := NewWriter(&file, "test"); err != nil {
		t.Fatal(err)
	}
	itf := option(option([]byte{1, 0, 0, 0, 0, 0, 0, 0}, 2, []byte("eth0")), 3, []byte("the uplink"))
	file.Write(block(blockInterface, append(option(itf, optionComment, []byte("a comment")), 0, 0, 0, 0)))
	data := append(make([]byte, 12), 4, 0, 0, 0, 4, 0, 0, 0, 'a', 'b', 'c', 'd')
	file.Write(block(blockPacket, append(option(data, optionComment, []byte("look")), 0, 0, 0, 0)))
	file.Write(block(blockPacket, data))
	file.Write(block(blockNames, []byte{0, 0, 0, 0}))
	file.Write(block(blockStatistics, make([]byte, 12)))
	src, err := NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, "test")
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	for src.Next(&p) == nil {
		if err := w.Write(&p, src.Interfaces()[p.Interface]); err != nil {
			t.Fatal(err)
		}
	}
	if got := src.Stats().Unkept.String(); got != "2 comments, 1 table of names, 1 block of statistics" || p.Number != 2 {
		t.Errorf("%q after %d packets, %v", got, p.Number, src.Stats().Damage)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	again, err := NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	if again.Next(&p) != nil || again.Interfaces()[0].Description != "the uplink" || again.Stats().Unkept.String() != "" {
		t.Errorf("%+v, %+v", again.Interfaces(), again.Stats())
	}
}
