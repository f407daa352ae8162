package tribes

import "testing"

func TestMemberTextForms(t *testing.T) {
	m := Member{
		Host: []byte{192, 168, 0, 101}, Port: 4000, SecurePort: -1, UDPPort: -1, Alive: 7,
		ID:      UniqueID{0xff, 1},
		Payload: []byte("12345678"), Command: []byte("123456789"), Domain: []byte("1234567890"),
	}
	const tail = "id={-1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 }, payload={49 50 51 52 53 54 55 56 }, " +
		"command={49 50 51 52 53 54 55 56 57 ...(9)}, domain={49 50 51 52 53 54 55 56 57 ...(10)}"
	const class = "org.apache.catalina.tribes.membership.MemberImpl["
	for form, want := range map[TextForm]string{
		TextNow: class + "tcp://{192, 168, 0, 101}:4000,{192, 168, 0, 101},4000, alive=7, securePort=-1, UDP Port=-1, " + tail + "]",
		TextMid: class + "tcp://{192, 168, 0, 101}:4000,{192, 168, 0, 101},4000, alive=7, securePort=-1, UDP Port=-1, " + tail + ", ]",
		TextOld: class + "tcp://{-64, -88, 0, 101}:4000,{-64, -88, 0, 101},4000, alive=7," + tail + ", ]",
	} {
		if got := m.Text(form); got != want {
			t.Errorf("form %d:\n got %s\nwant %s", form, got, want)
		}
	}
	if got, want := m.Name(TextNow), "tcp://{192, 168, 0, 101}:4000"; got != want {
		t.Errorf("name = %s, want %s", got, want)
	}
	if got := (&Member{}).Hostname(TextNow); got != "{}" {
		t.Errorf("an empty host is %s, want {}", got)
	}
}
