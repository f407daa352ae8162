package serverxml

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestTLSAttributes: what each combination of the TLS attributes does. Nothing that
// comes out of it has the key.
func TestTLSAttributes(t *testing.T) {
	const key = "5ec2e70f5ec2e70f5ec2e70f5ec2e70f5ec2e70f5ec2e70f5ec2e70f5ec2e70f"
	const recv = `port="4000"`
	const with = `pskIdentity="tribes" pskKey="` + key + `"`
	for i, c := range []struct {
		channel, receiver, options string
		release                    string
		want                       string // ids and statuses
		saw                        string
	}{
		{`secure="true" ` + with, `securePort="4100"`, "8", "11.0.30", "", ""},
		{with, `securePort="4100"`, "8", "11.0.30", "config.tls warn", "messages without option 16 go to the plain one: with channelSendOptions 8 sessions go in clear"},
		{with, `securePort="4100"`, "24", "11.0.30", "config.tls warn", "the plain port stays open"},
		{with, ``, "8", "11.0.30", "config.tls warn", "no port for TLS opens, and everything goes in clear"},
		{`secure="true" ` + with, ``, "8", "11.0.30", "config.tls fail", "nobody can send to this member"},
		{`secure="true"`, `securePort="4100"`, "8", "11.0.30", "config.tls fail", "closes the plain port, and without pskIdentity and pskKey no other opens"},
		{`pskKey="` + key + `"`, `securePort="4100"`, "8", "11.0.30", "config.tls fail", "a pskKey without a pskIdentity"},
		{`pskIdentity="tribes"`, `securePort="4100"`, "8", "11.0.30", "config.tls fail", "a pskIdentity without a pskKey"},
		{``, `securePort="4100"`, "8", "11.0.30", "config.tls warn", "nothing listens there"},
		{`secure="true" pskProtocol="TLSv1.2" ` + with, `securePort="4100"`, "8", "11.0.30", "", ""},
		{`secure="true" pskProtocol="TLSv1.2" pskDigest="SHA384" ` + with, `securePort="4100"`, "8", "11.0.30", "config.tls warn", "pskDigest is for TLSv1.3"},
		{`secure="true" pskProtocol="TLSv1.1" ` + with, `securePort="4100"`, "8", "11.0.30", "config.tls fail", "neither TLSv1.3 nor TLSv1.2"},
		{`secure="true" pskDigest="SHA384" ` + with, `securePort="4100"`, "8", "11.0.30", "", ""},
		{`secure="true" pskDigest="SHA512" ` + with, `securePort="4100"`, "8", "11.0.30", "config.tls fail", "neither SHA256 nor SHA384"},
		{`secure="true" pskIdentity="tribes" pskKey="` + key[:16] + `"`, `securePort="4100"`, "8", "11.0.30", "config.tls warn", "the pskKey has 8 bytes"},
		{`secure="true" pskIdentity="tribes" pskKey="` + strings.Repeat(key, 17) + `"`, `securePort="4100"`, "8", "11.0.30", "config.tls fail", "the pskKey has 544 bytes"},
		{`secure="true" pskIdentity="tribes" pskKey="` + key + `zz"`, `securePort="4100"`, "8", "11.0.30", "config.tls fail, config.value fail", "hexadecimal"},
		{`secure="true" pskIdentity="tribes" pskKey="` + key[1:] + `"`, `securePort="4100"`, "8", "11.0.30", "config.tls fail, config.value fail", "digit"},
		{`secure="true" ` + with, `securePort="4000"`, "8", "11.0.30", "config.tls fail", "port and securePort are both 4000"},
		{`secure="true" ` + with, `securePort="4100"`, "8", "11.0.29", "config.advisory fail", "CVE-2026-133325"},
		{`secure="true" pskProtocol="TLSv1.2" ` + with, `securePort="4100"`, "8", "11.0.29", "", ""},
		{with, `securePort="4100"`, "8", "11.0.21", "config.attribute warn, config.attribute fail", "TLS of the channel came with Tomcat 11.0.28: nothing is encrypted"},
	} {
		content := swap(`group.GroupChannel">`, `group.GroupChannel" `+c.channel+`>`, recv, recv+" "+c.receiver, send8, `channelSendOptions="`+c.options+`"`)(testFile("base.xml"))
		f, err := Read(Source{Name: "server.xml", Data: strings.NewReader(content)}, Options{Version: releaseOf(t, c.release)})
		if err != nil {
			t.Fatal(err)
		}
		for _, cl := range f.Clusters {
			cl.Describe()
		}
		got := Check([]*File{f}, Given{})
		var said strings.Builder
		for _, x := range got {
			fmt.Fprintln(&said, x.ID, x.Saw)
		}
		if s := brief(got); s != c.want || !strings.Contains(said.String(), c.saw) {
			t.Errorf("row %d %s / %s: %q, want %q with %q\n%s", i+1, c.channel, c.receiver, s, c.want, c.saw, said.String())
		}
		all, err := json.Marshal([]any{f, got})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(all)), key[1:15]) {
			t.Errorf("row %d: the key is shown: %s", i+1, all)
		}
	}
}
