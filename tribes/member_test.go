package tribes

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestMemberVectors(t *testing.T) {
	for _, v := range vectors(t, "member-", "live-") {
		t.Run(v.Name, func(t *testing.T) {
			m, n, err := ParseMember(v.bytes)
			if err != nil {
				t.Fatal(err)
			}
			if n != len(v.bytes) {
				t.Errorf("took %d of %d bytes", n, len(v.bytes))
			}
			for name, got := range map[string]any{
				"alive": float64(m.Alive), "port": float64(m.Port), "securePort": float64(m.SecurePort),
				"udpPort": float64(m.UDPPort), "host": hex.EncodeToString(m.Host),
				"command": hex.EncodeToString(m.Command), "domain": hex.EncodeToString(m.Domain),
				"payload": hex.EncodeToString(m.Payload), "uniqueId": m.ID.String(), "total": float64(n),
			} {
				if want, ok := v.Fields[name]; ok && want != got {
					t.Errorf("%s = %v, want %v", name, got, want)
				}
			}
			again, err := m.AppendTo(nil)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, v.bytes) {
				t.Errorf("built again:\n got %x\nwant %x", again, v.bytes)
			}
		})
	}
}
