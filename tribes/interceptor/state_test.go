package interceptor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestFragmentVectors(t *testing.T) {
	whole := one(t, "frag-none")
	if f, err := ParseFragment(whole.Bytes); err != nil || !f.Whole || !bytes.Equal(f.Data, whole.Unhex(t, "plain")) {
		t.Errorf("frag-none: %+v, %v", f, err)
	}
	if all := Fragments(whole.Unhex(t, "plain"), 10); len(all) != 1 || !bytes.Equal(all[0], whole.Bytes) {
		t.Errorf("frag-none again: %x", all)
	}
	assembled := one(t, "frag-assembled").Bytes
	cut := Fragments(assembled, 10)
	a := NewAssembler()
	for _, i := range []int{2, 0, 1} {
		v := one(t, fmt.Sprintf("frag-%d", i))
		f, err := ParseFragment(v.Bytes)
		if err != nil || int64(f.Index) != v.Int(t, "index") || int64(f.Count) != v.Int(t, "count") || f.Whole {
			t.Errorf("%s: %+v, %v", v.Name, f, err)
		}
		if !bytes.Equal(cut[i], v.Bytes) {
			t.Errorf("%s again: %x", v.Name, cut[i])
		}
		got, err := a.Add(v.Text(t, "uniqueId"), v.Bytes, time.Time{})
		if err != nil || (got != nil) != (i == 1) {
			t.Errorf("%s: %x, %v", v.Name, got, err)
		}
		if i == 1 && !bytes.Equal(got, assembled) {
			t.Errorf("assembled %x, want %x", got, assembled)
		}
	}
	if a.Pending() != 0 || a.bytes != 0 {
		t.Errorf("%d messages, %d bytes left", a.Pending(), a.bytes)
	}
}

func TestFragmentSizes(t *testing.T) {
	for _, c := range []struct{ n, size, want int }{{0, 10, 1}, {10, 10, 1}, {11, 10, 2}, {20, 10, 2}, {21, 10, 3}, {5, 1, 5}, {102401, 0, 2}} {
		m := bytes.Repeat([]byte("x"), c.n)
		all := Fragments(m, c.size)
		if len(all) != c.want {
			t.Errorf("%d bytes in slices of %d: %d", c.n, c.size, len(all))
		}
		a := NewAssembler()
		var got []byte
		for _, i := range rand.Perm(len(all)) {
			var err error
			if got, err = a.Add("k", all[i], time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, m) {
			t.Errorf("%d bytes came back as %d", c.n, len(got))
		}
	}
}

func TestFragmentBad(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":           nil,
		"no trailer":        {0, 0, 0, 1, 1},
		"number 3 of 3":     {0, 0, 0, 3, 0, 0, 0, 3, 1},
		"number -1":         {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3, 1},
		"number 0 of 0":     {0, 0, 0, 0, 0, 0, 0, 0, 1},
		"number 0 of -2^31": {0, 0, 0, 0, 0x80, 0, 0, 0, 1},
	} {
		if f, err := ParseFragment(b); err == nil {
			t.Errorf("%s: %+v", name, f)
		}
		if _, err := NewAssembler().Add("k", b, time.Time{}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAssemblerBounds(t *testing.T) {
	now := time.Unix(0, 0)
	part := func(i, n int, size int) []byte {
		f := Fragments(make([]byte, n), 1)[i]
		return append(make([]byte, size), f[1:]...)
	}
	a := &Assembler{Expire: time.Minute, MaxBytes: 1000, MaxMessages: 3}
	for i := range 3 {
		if _, err := a.Add(fmt.Sprint(i), part(0, 2, 10), now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Add("one more", part(0, 2, 10), now); err == nil {
		t.Error("a fourth message was begun")
	}
	if _, err := a.Add("0", part(0, 2, 10), now); err != nil {
		t.Errorf("a fragment twice: %v", err)
	}
	if _, err := a.Add("0", part(1, 3, 10), now); err == nil {
		t.Error("a fragment of another count was taken")
	}
	if _, err := a.Add("0", part(1, 2, 900), now); err == nil {
		t.Error("more bytes than may be held were taken")
	}
	if n := a.Drop(now.Add(time.Minute)); n != 0 {
		t.Errorf("%d dropped too early", n)
	}
	if got, err := a.Add("fresh", part(0, 2, 10), now.Add(time.Minute+1)); err != nil || got != nil {
		t.Errorf("after the others expired: %v", err)
	}
	if a.Pending() != 1 || a.bytes != 10+fragmentCost {
		t.Errorf("%d pending, %d bytes", a.Pending(), a.bytes)
	}
	b := &Assembler{MaxBytes: 1000, MaxMessages: 3}
	if _, err := b.Add("k", part(0, 2, 1000), now); err == nil || b.Pending() != 0 {
		t.Errorf("what is refused leaves %d behind", b.Pending())
	}
}

func TestOrderer(t *testing.T) {
	start := time.Unix(0, 0)
	o := NewOrderer[string]()
	for _, step := range []struct {
		counter int32
		after   time.Duration
		due     string
		old     bool
	}{
		{2, 0, "", false},
		{3, time.Second, "", false},
		{1, 2 * time.Second, "1 2 3", false},
		{3, 2 * time.Second, "", true},
		{5, 3 * time.Second, "", false},
		{6, 5 * time.Second, "", false},
		{7, 6 * time.Second, "5 6 7", false}, // 4 was waited for 3 s
		{4, 6 * time.Second, "", true},
		{8, 6 * time.Second, "8", false},
		{0, 6 * time.Second, "", true},
		{-5, 6 * time.Second, "", true},
	} {
		due, old := o.Add(step.counter, fmt.Sprint(step.counter), start.Add(step.after))
		if strings.Join(due, " ") != step.due || old != step.old {
			t.Errorf("%d at %v: %v, old %v; want %s, %v", step.counter, step.after, due, old, step.due, step.old)
		}
	}
	if _, old := o.Add(10, "10", start.Add(time.Minute)); old || o.Held() != 1 {
		t.Errorf("%d held", o.Held())
	}
	if due := o.Due(start.Add(time.Minute + 2*time.Second)); due != nil {
		t.Errorf("%v due after 2 s", due)
	}
	if due := o.Due(start.Add(time.Minute + 3*time.Second)); strings.Join(due, " ") != "10" {
		t.Errorf("%v due after 3 s", due)
	}
}

func TestOrdererBound(t *testing.T) {
	o := &Orderer[int]{Expire: time.Hour, Max: 3}
	var due []int
	for c := int32(2); c < 10; c++ {
		d, _ := o.Add(c, int(c), time.Unix(0, 0))
		due = append(due, d...)
	}
	if fmt.Sprint(due) != "[2 3 4 5 6 7 8 9]" || o.Held() != 0 {
		t.Errorf("%v, %d held", due, o.Held())
	}
	if d, _ := o.Add(1<<31-1, 0, time.Unix(0, 0)); d != nil {
		t.Errorf("the last counter: %v", d)
	}
	if d := o.Due(time.Unix(7200, 0)); len(d) != 1 {
		t.Errorf("the last counter, waited for: %v", d)
	}
	if _, old := o.Add(-1<<31, 0, time.Unix(7200, 0)); !old {
		t.Error("the counter went around")
	}
}

// FuzzFragment: what parses is cut the same way again, and no fragments make
// the Assembler hold more than it may.
func FuzzFragment(f *testing.F) {
	for _, v := range load(f, "frag-") {
		f.Add(v.Bytes, uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		a := &Assembler{Expire: time.Minute, MaxBytes: 4096, MaxMessages: 4}
		for i := range 8 {
			if _, err := a.Add(fmt.Sprint(i), b, time.Unix(0, 0)); err != nil && a.Pending() > 4 {
				t.Fatal(err)
			}
		}
		if a.bytes > 4096 || a.Pending() > 4 {
			t.Fatalf("%d bytes of %d messages", a.bytes, a.Pending())
		}
		var got []byte
		assemble := NewAssembler()
		for _, piece := range Fragments(b, int(size)) {
			var err error
			if got, err = assemble.Add("k", piece, time.Unix(0, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, b) {
			t.Fatalf("%x came back as %x", b, got)
		}
	})
}
