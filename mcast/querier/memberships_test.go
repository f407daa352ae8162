package querier

import (
	"encoding/binary"
	"testing"
	"time"
)

func TestParseIGMP(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the text is of a little-endian host")
	}
	got := ParseIGMP("Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"+
		"1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"+
		"2\teth0      :     2      V2\n\t\t\t\t040000E4     3 1:000000FA\t\t1\n\t\t\t\tXYZ     1 0:00000000\t\t0\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"+
		"junk\n\t\t\n", 10)
	want := []Membership{
		{Interface: 1, Device: "lo", Group: addr("224.0.0.1"), Users: 1, Version: 3},
		{Interface: 2, Device: "eth0", Group: addr("228.0.0.4"), Users: 3, Version: 2, Timer: true, Due: 2500 * time.Millisecond, Reporter: true},
		{Interface: 2, Device: "eth0", Group: addr("224.0.0.1"), Users: 1, Version: 2},
	}
	compare(t, got, want)
	if n := len(ParseIGMP("2\teth0 : 9 V3\n\t010000E0 1 0:0 0\n\t010000E0 1 0:0 0\n", 1)); n != 1 {
		t.Errorf("%d, want the first only", n)
	}
}

func TestParseIGMP6(t *testing.T) {
	got := ParseIGMP6("1    lo              ff020000000000000000000000000001     1 0000000C 0\n"+
		"2    eth0            ff150000000000000000000000004321     2 00000007 150\n"+
		"2    eth0            ff15     2 00000006 150\nx y z\n", 10)
	want := []Membership{
		{Interface: 1, Device: "lo", Group: addr("ff02::1"), Users: 1},
		{Interface: 2, Device: "eth0", Group: addr("ff15::4321"), Users: 2, Timer: true, Due: 1500 * time.Millisecond, Reporter: true},
	}
	compare(t, got, want)
}

func compare(t *testing.T, got, want []Membership) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}

func TestReported(t *testing.T) {
	for group, want := range map[string]bool{
		"224.0.0.1": false, "224.0.0.251": false, "224.0.1.1": true, "228.0.0.4": true,
		"ff02::1": false, "ff01::1": false, "ff02::1:ff00:1": true, "ff15::1": true,
	} {
		if Reported(addr(group)) != want {
			t.Errorf("%s: %v", group, !want)
		}
	}
}

func TestUnusedGroup(t *testing.T) {
	taken := []Membership{}
	for i := range 255 {
		taken = append(taken, Membership{Group: addr("233.252.0.0").Next()})
		taken[i].Group = addr("233.252.0.0")
		for range i {
			taken[i].Group = taken[i].Group.Next()
		}
	}
	if g := unusedGroup(false, taken); g != addr("233.252.0.255") {
		t.Errorf("%s is joined", g)
	}
	if g := unusedGroup(true, nil); g.String()[:11] != "ff05::db8:0" || !g.IsMulticast() {
		t.Errorf("%s is not for documentation", g)
	}
}

// Verify that no table, however broken, does harm.
func FuzzParse(f *testing.F) {
	f.Add("2\teth0 : 9 V3\n\t010000E0 1 1:0 0\n")
	f.Add("2    eth0            ff150000000000000000000000004321     2 00000006 150\n")
	f.Fuzz(func(t *testing.T, text string) {
		if n := len(ParseIGMP(text, 3)) + len(ParseIGMP6(text, 3)); n > 6 {
			t.Errorf("%d memberships", n)
		}
	})
}
