package view

import (
	"encoding/json"
	"net/netip"
	"testing"

	"muster/internal/vectors"
	"muster/tribes"
)

// The example of docs/cli.md, by field and by its order.
func TestMemberJSON(t *testing.T) {
	for _, c := range []struct{ vector, source, want string }{
		{"member-v1-ipv4-min", "10.77.0.11:45564", `{"generation":"v1","host":"192.168.0.101","host_hex":"c0a80065","port":4000,` +
			`"secure_port":-1,"udp_port":-1,"alive_ms":10035,"unique_id":"000102030405060708090a0b0c0d0e0f","domain":"","domain_hex":"",` +
			`"command":"","command_hex":"","payload_hex":"","shutdown":false,"bytes":77,"tomcat":"Tomcat 7.0 or later","source":"10.77.0.11:45564"}`},
		{"member-v1-all", "[::ffff:10.0.0.1]:7", `{"generation":"v1","host":"172.16.254.3","host_hex":"ac10fe03","port":65535,` +
			`"secure_port":4443,"udp_port":4100,"alive_ms":72623859790382856,"unique_id":"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",` +
			`"domain":"dom-\\xe9","domain_hex":"646f6d2de9","command":"BABY-ALEX","command_hex":"424142592d414c4558",` +
			`"payload_hex":"000102ff","shutdown":true,"bytes":95,"tomcat":"Tomcat 7.0 or later","source":"10.0.0.1:7"}`},
		{"member-v0-ipv4-min", "", `{"generation":"v0","host":"192.168.0.101","host_hex":"c0a80065","port":4000,"secure_port":-1,` +
			`"alive_ms":10035,"unique_id":"000102030405060708090a0b0c0d0e0f","domain":"","domain_hex":"","command":"","command_hex":"",` +
			`"payload_hex":"","shutdown":false,"bytes":69,"tomcat":"Tomcat 6.0"}`},
	} {
		m, _, err := tribes.ParseMember(vectors.One(t, "../../../tribes/testdata/tribes-vectors.json", c.vector).Bytes)
		if err != nil {
			t.Fatal(err)
		}
		var source netip.AddrPort
		if c.source != "" {
			source = netip.MustParseAddrPort(c.source)
		}
		got, err := json.Marshal(NewMember(&m, source))
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.vector, got, err, c.want)
		}
	}
}

func TestMemberWithoutAnAddress(t *testing.T) {
	if v := NewMember(&tribes.Member{Host: []byte{1, 2, 3}}, netip.AddrPort{}); v.Host != "" || v.HostHex != "010203" {
		t.Errorf("host %q, hex %s", v.Host, v.HostHex)
	}
}
