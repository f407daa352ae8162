package verdict

import "testing"

func TestHedge(t *testing.T) {
	vs := []Verdict{
		New("addr.duplicate-ip", Fail, Definite, "10.77.0.12", "two hosts have it"),
		New("tribes.duplicate-id", Fail, Definite, "10.77.0.12", "one id from two hosts"),
		New("config.differs", Warn, Definite, "", "nothing of this explains it"),
	}
	Hedge(vs)
	for i, want := range []Confidence{Definite, Likely, Definite} {
		if vs[i].Confidence != want {
			t.Errorf("%s: %s, want %s", vs[i].ID, vs[i].Confidence, want)
		}
	}
	vs[0].Status, vs[1].Confidence = Pass, Definite
	if Hedge(vs); vs[1].Confidence != Definite {
		t.Error("a pass explains nothing")
	}
}
