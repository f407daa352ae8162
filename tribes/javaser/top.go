package javaser

import "encoding/binary"

// Top returns the name and the serialVersionUID of the class of the object that a
// stream begins with, without reading the rest; ok is false for anything else. It
// allocates nothing: name is a part of b.
func Top(b []byte) (name []byte, suid int64, ok bool) {
	const object = "\xac\xed\x00\x05sr" // magic, version, TC_OBJECT, TC_CLASSDESC
	const at = len(object) + 2
	if len(b) < at || string(b[:len(object)]) != object {
		return nil, 0, false
	}
	end := at + int(binary.BigEndian.Uint16(b[len(object):]))
	if len(b) < end+8 {
		return nil, 0, false
	}
	return b[at:end], int64(binary.BigEndian.Uint64(b[end:])), true
}
