package serverxml

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	f, err := Read(source(testFile("tomcat10-cluster.xml")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Settings()
	if err != nil {
		t.Fatal(err)
	}
	want := "{Multicast:true Group:228.0.0.4 Port:45564 Bind: TTL:-1 Frequency:500ms DropTime:3s Domain:[] DomainSet: Address:auto TCPPort:4000 AutoBind:100 Options:async " +
		"Encrypted:false EncryptionKey:[] EncryptionAlgorithm: EncryptionTimestamp:false Interceptors:[] Members:[] Provider: ReadTimeout:0s " +
		"TLS:{Secure:false Identity: Key:[] Protocol: Digest: SecurePort:0}}"
	if got := fmt.Sprintf("%+v", s); got != want {
		t.Errorf("defaults:\ngot  %s\nwant %s", got, want)
	}

	full := both(encrypt(`encryptionKey="`+key16+`"`), swap(`dropTime="3000"`, `dropTime="9000" ttl="3" bind="10.77.0.11" domain="{98,-1}"`, send8, `channelSendOptions="use_ack,sync"`))
	f, _ = Read(source(full(testFile("base.xml"))), Options{})
	s, err = f.Settings()
	if err != nil {
		t.Fatal(err)
	}
	key, _ := hex.DecodeString(key16)
	if s.TTL != 3 || s.Bind != "10.77.0.11" || !bytes.Equal(s.Domain, []byte{98, 255}) || s.DomainSet != "{98,-1}" || s.Options != 6 ||
		!bytes.Equal(s.EncryptionKey, key) || s.EncryptionAlgorithm != "AES/GCM/NoPadding" || !s.EncryptionTimestamp {
		t.Errorf("%+v", s)
	}

	f, _ = Read(source(swap("<Channel", `<Channel secure="true" pskIdentity="tribes" pskKey="`+key16+`"`, `autoBind=`, `securePort="4100" autoBind=`)(testFile("base.xml"))), Options{})
	s, err = f.Settings()
	if err != nil || !s.TLS.Usable() || !s.TLS.Secure || s.TLS.Identity != "tribes" || !bytes.Equal(s.TLS.Key, key) || s.TLS.SecurePort != 4100 {
		t.Errorf("TLS: %v, %d bytes of key, port %d, %v", s.TLS.Usable(), len(s.TLS.Key), s.TLS.SecurePort, err)
	}

	f, _ = Read(source(static(memberN("LocalMember", 1), memberN("Member", 2))(testFile("base.xml"))), Options{})
	s, err = f.Settings()
	if err != nil || len(s.Members) != 1 || s.Members[0].Host != "10.77.0.12" || s.Members[0].Port != 4000 || s.Members[0].UniqueID[15] != 2 {
		t.Errorf("static: %+v, %v", s.Members, err)
	}
}

// Verify that a membership service that is not started is no multicast: there is no
// group where the others could be met.
func TestSettingsMulticast(t *testing.T) {
	for options, want := range map[string]bool{"15": true, "7": true, "11": true, "3": false, "0": false} {
		f, err := Read(source(swap(send8, send8+` channelStartOptions="`+options+`"`)(testFile("base.xml"))), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s, err := f.Settings(); err != nil || s.Multicast != want {
			t.Errorf("channelStartOptions %s: multicast %v, %v", options, s.Multicast, err)
		}
	}
}

// Verify that nothing is guessed where the configuration does not say it.
func TestNoSettings(t *testing.T) {
	for _, c := range []struct {
		edit func(string) string
		want string
	}{
		{swap("228.0.0.4", "${group}"), "<Membership> address: not known: group is not resolved"},
		{swap("45564", "${port}"), "<Membership> port: not known: port is not resolved"},
		{swap("228.0.0.4", "cluster.example.com"), `"cluster.example.com" is a name, not an address`},
		{swap("45564", "99999"), "port 99999 does not exist"},
		{encrypt(""), "<Interceptor> encryptionKey: no usable key"},
		{func(string) string { return "<Server/>" }, "no <Cluster> in it"},
		{func(string) string { return "<Server>" }, "the file ends inside <Server>"},
	} {
		f, err := Read(source(c.edit(testFile("base.xml"))), Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Settings()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if strings.Contains(c.want, "not known") && !errors.Is(err, ErrUnresolved) {
			t.Errorf("%v is no ErrUnresolved", err)
		}
	}
}
