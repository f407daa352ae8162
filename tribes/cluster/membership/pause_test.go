package membership

import (
	"testing"
	"testing/synctest"
	"time"
)

// A member that pauses says goodbye once, is silent, and comes back under its id.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a := runNode(&e, 11, ServiceConfig{Local: local(1, 11), Check: yes})
		b := runNode(&e, 12, ServiceConfig{Local: local(2, 12), Check: yes})
		time.Sleep(3 * time.Second)
		b.Pause()
		b.Pause()
		said := len(b.conn.sends())
		time.Sleep(time.Minute)
		if now := b.conn.sends(); len(now) != said || !now[said-1].Shutdown() {
			t.Errorf("%d heartbeats went out while paused, the last before it is a goodbye: %v", len(now)-said, now[said-1].Shutdown())
		}
		b.Resume()
		time.Sleep(3 * time.Second)
		b.Pause()
		b.leave() // the goodbye was said
		synctest.Wait()
		a.leave()
		a.want(t, "added 02 heartbeat", "disappeared 02 shutdown", "added 02 heartbeat", "disappeared 02 shutdown")
	})
}
