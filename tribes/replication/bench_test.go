package replication

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// BenchmarkView takes the creation and a change of three attributes of each of
// 100,000 sessions, decoded from their bytes as they came, and reports what they
// hold in memory.
func BenchmarkView(b *testing.B) {
	const sessions = 100_000
	v := session.NewDelta(session.Gen85, app, "", nil, 1)
	data := make([][2][]byte, sessions)
	for i := range data {
		id := fmt.Sprintf("%032X.n1", i)
		d := session.Delta{SessionID: id}
		for k := range 3 {
			d.Actions = append(d.Actions, session.Action{Name: fmt.Sprint("attribute", k), Value: javaser.NewString("some text of a user")})
		}
		var err error
		if v.Data, err = d.Append(nil); err != nil {
			b.Fatal(err)
		}
		v.SessionID = id
		for k, m := range []*session.Message{session.NewCreated(session.Gen85, app, id, 1), v} {
			if data[i][k], err = m.Append(nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportAllocs()
	var held uint64
	for b.Loop() {
		before := heap()
		view := New(Config{})
		for i := range data {
			for k := range data[i] {
				c := &tribes.ChannelData{Timestamp: 1, ID: []byte{byte(k), byte(i), byte(i >> 8), byte(i >> 16)}, Address: member(1), Message: data[i][k]}
				content := decode.Message(c)
				view.Message(Seen{Time: time.UnixMilli(1), Data: c, Content: &content})
			}
		}
		held = heap() - before
		if view.Len() != sessions {
			b.Fatal(view.Len())
		}
	}
	b.ReportMetric(float64(held)/sessions, "B/session")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/sessions/2, "ns/message")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
