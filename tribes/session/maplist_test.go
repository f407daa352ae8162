package session

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"testing"

	"muster/internal/vectors"
	"muster/tribes"
	"muster/tribes/javaser"
)

// The state that a Tomcat 10.1.60 gave a starting BackupManager of the nine
// steps: one session, whose only node has no backup.
func TestMapListOfATomcat(t *testing.T) {
	text, err := os.ReadFile("testdata/map-state.hex")
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := ParseMapList(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Type != MapProxy || !list[0].Is([]byte("localhost#-map")) || list[0].Primary.Port != 4000 || len(list[0].Nodes) != 0 {
		t.Fatalf("%+v", list)
	}
	if key, err := ParseMapKey(list[0].Key); err != nil || key != "AD7718F0D160C99EB59B37A5F3D804E4.n2" {
		t.Errorf("key %q, %v", key, err)
	}
	again, err := AppendMapList(nil, list)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("written again it is\n%x, %v, want\n%x", again, err, b)
	}
	for n := range b {
		if _, err := ParseMapList(b[:n]); err == nil {
			t.Fatalf("the first %d bytes are read as a whole list", n)
		}
	}
}

func TestMapListOfMany(t *testing.T) {
	class := MemberImplClass(0x8476f37b32953667)
	one := &Member{Member: tribes.Member{Host: []byte{10, 0, 0, 1}, Port: 4000, ID: tribes.UniqueID{1}}, Class: class}
	two := &Member{Member: tribes.Member{Host: []byte{10, 0, 0, 2}, Port: 4000, ID: tribes.UniqueID{2}}, Class: class}
	var list []*MapMessage
	for range 1000 {
		list = append(list, &MapMessage{Type: MapProxy, MapID: []byte("m"), Key: []byte{1}, Primary: one, Nodes: []*Member{two}})
	}
	b, err := AppendMapList(nil, list)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(b) / len(list); got > 150 {
		t.Errorf("%d bytes an entry: the members are written again and again", got)
	}
	read, err := ParseMapList(b)
	if err != nil || len(read) != len(list) || read[999].Primary.ID != one.ID || read[999].Nodes[0].ID != two.ID {
		t.Errorf("%d entries, %v", len(read), err)
	}
	if empty, err := AppendMapList(nil, nil); err != nil {
		t.Error(err)
	} else if read, err := ParseMapList(empty); err != nil || len(read) != 0 {
		t.Errorf("an empty list is read as %v, %v", read, err)
	}
}

func TestMapState(t *testing.T) {
	v := vectors.One(t, "../testdata/tribes-vectors.json", "ser-map-state-enum")
	state, err := ParseMapState(v.Bytes)
	if err != nil || state != v.Text(t, "constant") {
		t.Errorf("%q, %v", state, err)
	}
	if b, err := AppendMapState(nil, state); err != nil || !bytes.Equal(b, v.Bytes) {
		t.Errorf("written %x, %v, want %x", b, err, v.Bytes)
	}
}

func TestMapContentOfAnotherType(t *testing.T) {
	number, err := AppendMapValue(nil, (&javaser.Boxes{}).Integer(7))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseMapKey(number); err == nil {
		t.Error("a number is a key")
	}
	if _, err := ParseMapState(number); err == nil {
		t.Error("a number is a state")
	}
	if _, err := ParseMapList(number); err == nil {
		t.Error("a number is a list")
	}
	if _, err := ParseMapKey(nil); !errors.Is(err, javaser.ErrIncomplete) {
		t.Errorf("no key: %v", err)
	}
}
