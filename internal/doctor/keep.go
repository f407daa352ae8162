package doctor

import (
	"bytes"

	"muster/sniff/capture"
)

// keeper keeps the first packets of a capture for the bundle.
type keeper struct {
	buf bytes.Buffer
	w   *capture.Writer
}

func newKeeper(version string) *keeper {
	k := &keeper{}
	k.w, _ = capture.NewWriter(&k.buf, "muster "+version) // writing to memory does not fail
	return k
}

// packet keeps p where there is room.
func (k *keeper) packet(src capture.Source) func(*capture.Packet) error {
	return func(p *capture.Packet) error {
		if k.buf.Len()+len(p.Data) > maxWireBytes {
			return nil
		}
		return k.w.Write(p, src.Interfaces()[p.Interface])
	}
}

func (k *keeper) bytes() *bytes.Buffer {
	if err := k.w.Flush(); err != nil {
		return &bytes.Buffer{}
	}
	return &k.buf
}
