package membership

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"muster/tribes"
)

// as is a member that speaks a form whatever it hears.
func as(e *ether, id, host byte, form tribes.Generation) *node {
	m := local(id, host)
	m.Generation = form
	return runNode(e, host, ServiceConfig{Local: m, Check: yes, KeepForm: true})
}

// as55 sends the heartbeats of a Tomcat 5.5 until the function it returns is
// called.
func as55(t *testing.T, e *ether, host byte) (stop func()) {
	c := e.conn(host)
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		m := tribes.Member{Generation: tribes.V55, Host: []byte{10, 77, 0, host}, Port: 4001}
		for {
			m.Alive += 500
			b, err := m.AppendTo(nil)
			if err == nil {
				err = c.Send(b, group)
			}
			if err != nil {
				t.Error(err)
			}
			select {
			case <-end:
				return
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
	return func() { close(end); <-done }
}

// forms counts the heartbeats that n sent, by their form.
func (n *node) forms() (count [tribes.V55 + 1]int) {
	for _, m := range n.conn.sends() {
		count[m.Generation]++
	}
	return count
}

// Whoever listens first speaks as the members do, and they take each other for
// members.
func TestSpeaksTheFormOfTheMembers(t *testing.T) {
	for _, form := range []tribes.Generation{tribes.V0, tribes.V1} {
		synctest.Test(t, func(t *testing.T) {
			var e ether
			old := as(&e, 1, 11, form)
			time.Sleep(time.Second)
			guest := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: yes, Listen: 1100 * time.Millisecond})
			select {
			case <-guest.Begun():
				t.Error("it did not listen first")
			case <-time.After(time.Second):
			}
			time.Sleep(5 * time.Second)
			old.want(t, "added 02 heartbeat")
			guest.want(t, "added 01 heartbeat")
			if n := guest.forms(); n[form] < 8 || n[tribes.V0]+n[tribes.V1] != n[form] {
				t.Errorf("beside %s it sent %v", form, n)
			}
			guest.leave()
			old.leave()
			if sent := guest.conn.sends(); !sent[len(sent)-1].Shutdown() || sent[len(sent)-1].Generation != form {
				t.Errorf("its last word is %+v", sent[len(sent)-1])
			}
		})
	}
}

// Who was there first, and alone, follows those who come.
func TestFollowsTheFormOfWhoComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		guest := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: yes, Listen: time.Second})
		time.Sleep(3 * time.Second)
		old := as(&e, 1, 11, tribes.V0)
		time.Sleep(7 * time.Second)
		guest.want(t, "added 01 heartbeat")
		if told := old.told(); len(told) == 0 || told[len(told)-1] != "added 02 heartbeat" {
			t.Errorf("the other was told %q", told)
		}
		guest.leave()
		old.leave()
	})
}

// A member of another form cannot add us, so it is none of ours: it is told once,
// and nobody asks it over TCP.
func TestAnotherFormIsNoMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		new1, new2 := as(&e, 1, 11, tribes.V1), as(&e, 3, 13, tribes.V1)
		old := as(&e, 2, 12, tribes.V0)
		time.Sleep(time.Second)
		guest := runNode(&e, 14, ServiceConfig{Local: local(4, 14), Check: yes, Listen: time.Second})
		time.Sleep(20 * time.Second)
		for _, i := range guest.Members() {
			var form *FormError
			if other := i.Member.Generation == tribes.V0; other != errors.As(i.Err, &form) || other == (i.State == "member") {
				t.Errorf("%x is %s: %v", i.Member.ID[:1], i.State, i.Err)
			}
		}
		for n, want := range map[*node][]string{
			guest: {"added 01 heartbeat", "added 03 heartbeat", "suspect 02 other_form"},
			old:   {"suspect 01 other_form", "suspect 03 other_form", "suspect 04 other_form"},
		} {
			if got := slices.Sorted(slices.Values(n.told())); !slices.Equal(got, want) {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		for _, n := range []*node{guest, new1, new2, old} {
			n.leave()
		}
	})
}

// A Tomcat 5.5 that is there, or comes, is left alone: not a heartbeat more, and
// no goodbye.
func TestSendsNothingBesideTomcat55(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		stop := as55(t, &e, 11)
		time.Sleep(time.Second)
		guest := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: yes, Listen: time.Second})
		time.Sleep(10 * time.Second)
		<-guest.Begun()
		guest.leave()
		if refused := guest.Refused(); refused == nil || refused.Member.String() != "10.77.0.11:4001" || len(guest.conn.sends()) != 0 {
			t.Errorf("%v, sent %d", refused, len(guest.conn.sends()))
		}
		stop()
	})
	synctest.Test(t, func(t *testing.T) {
		var e ether
		guest := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: yes, Listen: time.Second})
		time.Sleep(5 * time.Second)
		stop := as55(t, &e, 11)
		time.Sleep(time.Millisecond)
		sent := len(guest.conn.sends())
		time.Sleep(5 * time.Second)
		guest.leave()
		if now := len(guest.conn.sends()); sent == 0 || now != sent {
			t.Errorf("%d heartbeats before a 5.5 came, %d at the end", sent, now)
		}
		stop()
	})
}

// One that only looks lists a 5.5 as any other.
func TestObservesTomcat55(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		stop := as55(t, &e, 11)
		watcher := runNode(&e, 12, ServiceConfig{})
		time.Sleep(2 * time.Second)
		if all := watcher.Members(); len(all) != 1 || all[0].Member.Generation != tribes.V55 || all[0].State != "member" {
			t.Errorf("%+v", all)
		}
		stop()
		time.Sleep(5 * time.Second)
		watcher.want(t, "added 00 heartbeat", "disappeared 00 expired")
		watcher.leave()
	})
}
