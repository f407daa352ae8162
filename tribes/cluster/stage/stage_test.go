package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

var (
	here  = tribes.Member{Host: []byte{10, 77, 0, 11}, Port: 4000, SecurePort: -1, UDPPort: -1, ID: tribes.UniqueID{1}}
	there = tribes.Member{Host: []byte{10, 77, 0, 12}, Port: 4000, SecurePort: -1, UDPPort: -1, ID: tribes.UniqueID{2}}
	peer  = netip.MustParseAddrPort("10.77.0.11:50000")
)

// wire is a sender's stack and a receiver's, with what goes between them.
type wire struct {
	sent    []*channel.Message // as a connection would carry them
	got     []string
	options []tribes.Options
	fail    error // of the handler
	out, in *channel.Stack
	hold    bool // sent is not delivered
}

func newWire(out, in []channel.Stage) *wire {
	w := &wire{}
	w.in = channel.NewStack(channel.HandlerFunc(func(_ context.Context, m *channel.Message) error {
		w.got = append(w.got, string(m.Message))
		w.options = append(w.options, m.Options)
		return w.fail
	}), func(context.Context, *channel.Outgoing) {}, in...)
	w.out = channel.NewStack(nil, func(ctx context.Context, o *channel.Outgoing) {
		m := (&channel.Message{ChannelData: o.ChannelData, Peer: peer, Received: time.Now()}).Clone()
		w.sent = append(w.sent, m)
		if !w.hold {
			if err := w.in.HandleMessage(ctx, m.Clone()); err != nil {
				o.Fail(err)
			}
		}
	}, out...)
	return w
}

// say sends text and returns what became of it.
func (w *wire) say(options tribes.Options, text string) error {
	m := channel.Outgoing{
		ChannelData: channel.NewMessage(here, options, []byte(text)),
		To:          []*channel.Delivery{{Member: &there, Addr: netip.MustParseAddrPort("10.77.0.12:4000")}},
	}
	w.out.Send(context.Background(), &m)
	return m.To[0].Err
}

// replay delivers a sent message again.
func (w *wire) replay(m *channel.Message) error {
	return w.in.HandleMessage(context.Background(), m.Clone())
}

func encrypt(t testing.TB, cfg EncryptConfig) *Encrypt {
	t.Helper()
	if cfg.Key == nil {
		cfg.Key = bytes.Repeat([]byte{0xca}, 16)
	}
	e, err := NewEncrypt(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Every algorithm, both forms, and beside each other stage: what goes in comes
// out, and nothing is seen of it between.
func TestWholeStack(t *testing.T) {
	for _, algorithm := range []string{"AES/GCM/NoPadding", "AES/CBC/PKCS5Padding", "AES/CFB/PKCS5Padding", "AES/OFB/PKCS5Padding"} {
		for _, form := range []Form{AutoForm, Timestamped, Bare} {
			stack := func() []channel.Stage {
				return []channel.Stage{
					&Dedup{}, encrypt(t, EncryptConfig{Algorithm: algorithm, Form: form}), &Gzip{}, NewTwoPhase(0),
					NewFragment(100, 0), NewOrder(0), NewDomain(nil, nil), &Throughput{},
				}
			}
			w := newWire(stack(), stack())
			var want []string
			for _, n := range []int{0, 1, 99, 100, 101, 5000} {
				text := strings.Repeat("secret", n)[:n]
				want = append(want, text)
				if err := w.say(tribes.ByteMessage, text); err != nil {
					t.Errorf("%s, form %d, %d bytes: %v", algorithm, form, n, err)
				}
			}
			if !slices.Equal(w.got, want) {
				t.Errorf("%s, form %d: got %d messages: %.100q", algorithm, form, len(w.got), w.got)
			}
			for _, m := range w.sent {
				if bytes.Contains(m.Message, []byte("secret")) {
					t.Errorf("%s, form %d: readable on the wire", algorithm, form)
				}
			}
		}
	}
}

func TestEncryptTellsWhatIsWrong(t *testing.T) {
	const java = "\xac\xed\x00\x05t\x00\x05hello"
	other := bytes.Repeat([]byte{7}, 16)
	for name, c := range map[string]struct {
		out   []channel.Stage
		in    EncryptConfig
		count func(EncryptStats) uint64
		want  string
		id    string
	}{
		"another key": {[]channel.Stage{encrypt(t, EncryptConfig{Key: other})}, EncryptConfig{},
			func(s EncryptStats) uint64 { return s.WrongKey }, "does not open with this key and AES/GCM/NoPadding", "tribes.key-mismatch"},
		"another algorithm": {[]channel.Stage{encrypt(t, EncryptConfig{Algorithm: "AES/CBC/PKCS5Padding"})}, EncryptConfig{Algorithm: "AES/GCM/NoPadding"},
			func(s EncryptStats) uint64 { return s.WrongKey }, "encrypted with AES/CBC/PKCS5Padding, not AES/GCM/NoPadding", "tribes.key-mismatch"},
		"not encrypted": {nil, EncryptConfig{},
			func(s EncryptStats) uint64 { return s.Unsealed }, "has no EncryptInterceptor", "tribes.key-mismatch"},
		"the older form": {[]channel.Stage{encrypt(t, EncryptConfig{Form: Bare})}, EncryptConfig{Form: Timestamped},
			func(s EncryptStats) uint64 { return s.WrongForm }, "no time stamp stands before it", "tribes.version-mix"},
		"the newer form": {[]channel.Stage{encrypt(t, EncryptConfig{})}, EncryptConfig{Form: Bare},
			func(s EncryptStats) uint64 { return s.WrongForm }, "a time stamp stands before it", "tribes.version-mix"},
		"clocks ten minutes apart": {[]channel.Stage{encrypt(t, EncryptConfig{})},
			EncryptConfig{Clock: func() time.Time { return time.Now().Add(10 * time.Minute) }},
			func(s EncryptStats) uint64 { return s.Skewed }, "before our clock", "tribes.clock-skew"},
	} {
		t.Run(name, func(t *testing.T) {
			e := encrypt(t, c.in)
			w := newWire(c.out, []channel.Stage{e})
			for range 3 {
				if err := w.say(0, java); err != nil {
					t.Errorf("the sender was told: %v", err)
				}
			}
			if len(w.got) != 0 || c.count(e.Stats()) != 3 || e.Stats().Opened != 0 {
				t.Errorf("handed up %q, %+v", w.got, e.Stats())
			}
			vs := Verdicts([]channel.Stage{e})
			if len(vs) != 1 || string(vs[0].ID) != c.id || vs[0].Status != "fail" || !strings.Contains(vs[0].Saw, c.want) ||
				!strings.Contains(vs[0].Saw, "3 of its messages") || !strings.HasPrefix(vs[0].Subject, "10.77.0.11:4000") {
				t.Errorf("verdicts %+v", vs)
			}
			// And those that fit are taken all the same.
			good := newWire([]channel.Stage{encrypt(t, EncryptConfig{Form: c.in.Form})}, nil)
			if c.in.Clock == nil {
				if err := good.say(0, java); err != nil {
					t.Fatal(err)
				}
				if err := w.replay(good.sent[0]); err != nil || len(w.got) != 1 {
					t.Errorf("one with the right key: %q, %v", w.got, err)
				}
			}
		})
	}
}

func TestEncryptReplay(t *testing.T) {
	e := encrypt(t, EncryptConfig{})
	w := newWire([]channel.Stage{encrypt(t, EncryptConfig{})}, []channel.Stage{e})
	if err := w.say(0, "once"); err != nil {
		t.Fatal(err)
	}
	forged := w.sent[0].Clone()
	forged.Timestamp++
	for _, m := range []*channel.Message{w.sent[0], forged} {
		if err := w.replay(m); err != nil || len(w.got) != 1 {
			t.Errorf("again: %q, %v", w.got, err)
		}
	}
	if s := e.Stats(); s.Replayed != 2 || len(e.Verdicts()) != 0 {
		t.Errorf("%+v, %+v", s, e.Verdicts())
	}
}

// AutoForm answers in the form that it hears.
func TestEncryptAutoForm(t *testing.T) {
	auto := encrypt(t, EncryptConfig{})
	old := newWire([]channel.Stage{encrypt(t, EncryptConfig{Form: Bare})}, []channel.Stage{auto})
	back := newWire([]channel.Stage{auto}, []channel.Stage{encrypt(t, EncryptConfig{Form: Bare})})
	if err := errors.Join(back.say(0, "too new"), old.say(0, "hello"), back.say(0, "and back")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(old.got, []string{"hello"}) || !slices.Equal(back.got, []string{"and back"}) {
		t.Errorf("there %q, back %q", old.got, back.got)
	}
}

// Without an algorithm either default is read and answered in kind; two members that
// cannot read each other are told, by how they encrypt.
func TestEncryptReadsBothDefaults(t *testing.T) {
	const java = "\xac\xed\x00\x05t\x00\x05hello"
	auto := encrypt(t, EncryptConfig{})
	older := EncryptConfig{Algorithm: "AES/CBC/PKCS5Padding", Form: Bare}
	newer := EncryptConfig{Algorithm: "AES/GCM/NoPadding", Form: Timestamped}
	old := newWire([]channel.Stage{encrypt(t, older)}, []channel.Stage{auto})
	back := newWire([]channel.Stage{auto}, []channel.Stage{encrypt(t, older)})
	if err := errors.Join(old.say(0, java), back.say(0, java)); err != nil || len(old.got) != 1 || len(back.got) != 1 {
		t.Fatalf("there %q, back %q, %v", old.got, back.got, err)
	}
	if vs := auto.Verdicts(); len(vs) != 0 {
		t.Errorf("of one member: %+v", vs)
	}
	// Many: what opens by chance in CBC must not be taken for it.
	mixed := newWire([]channel.Stage{encrypt(t, newer)}, []channel.Stage{auto})
	for i := range 600 {
		mixed.out.Send(t.Context(), &channel.Outgoing{ChannelData: channel.NewMessage(there, 0, []byte(java+"some more of it"[:i%16]))})
	}
	if len(mixed.got) != 600 {
		t.Errorf("%d of 600 messages of the newer form, %+v", len(mixed.got), auto.Stats())
	}
	var ids []string
	for _, v := range auto.Verdicts() {
		ids = append(ids, string(v.ID))
		if v.Status != "fail" || !strings.Contains(v.Saw, "10.77.0.11:4000") || !strings.Contains(v.Saw, "10.77.0.12:4000") {
			t.Errorf("%+v", v)
		}
	}
	if !slices.Equal(ids, []string{"tribes.version-mix", "tribes.key-mismatch"}) {
		t.Errorf("verdicts %q", ids)
	}
}

func TestEncryptRefuses(t *testing.T) {
	for _, cfg := range []EncryptConfig{
		{Algorithm: "AES/ECB/PKCS5Padding", Key: make([]byte, 16)}, {Algorithm: "AES", Key: make([]byte, 16)},
		{Key: make([]byte, 15)}, {},
	} {
		if _, err := NewEncrypt(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

func TestOrderPutsInOrder(t *testing.T) {
	in := NewOrder(0)
	w := newWire([]channel.Stage{NewOrder(0)}, []channel.Stage{in})
	w.hold = true
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprint(i))
		if err := w.say(0, want[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range rand.Perm(50) {
		m := w.sent[i].Clone()
		if err := w.in.HandleMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		clear(m.Message[:cap(m.Message)]) // as a connection that goes on reading does
	}
	if !slices.Equal(w.got, want) {
		t.Errorf("got %q", w.got)
	}
	if err := w.replay(w.sent[7]); err != nil || len(w.got) != 50 || in.Dropped() != 1 {
		t.Errorf("an old one: %v, %d dropped", err, in.Dropped())
	}
	in.Forget(&here)
	if err := w.replay(w.sent[0]); err != nil || len(w.got) != 51 {
		t.Errorf("the first one after the member was gone: %v, %d", err, len(w.got))
	}
}

func TestOrderGapEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire([]channel.Stage{NewOrder(0)}, []channel.Stage{NewOrder(0)})
		w.hold = true
		for _, s := range []string{"lost", "second"} {
			if err := w.say(0, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.replay(w.sent[1]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2999 * time.Millisecond)
		w.in.Tick(t.Context(), time.Now())
		if len(w.got) != 0 {
			t.Fatal("a gap was given up early")
		}
		time.Sleep(time.Millisecond)
		w.in.Tick(t.Context(), time.Now())
		if !slices.Equal(w.got, []string{"second"}) {
			t.Errorf("after 3 s: %q", w.got)
		}
	})
}

func TestOrderBoundsSenders(t *testing.T) {
	in := NewOrder(0)
	w := newWire([]channel.Stage{NewOrder(0)}, []channel.Stage{in})
	w.hold = true
	if err := w.say(0, "x"); err != nil {
		t.Fatal(err)
	}
	for i := range mostSequences + 100 {
		m := w.sent[0].Clone()
		m.Address.ID = tribes.UniqueID{3, byte(i >> 8), byte(i)}
		if err := w.in.HandleMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if len(in.in) != mostSequences || in.recent.Len() != mostSequences {
		t.Errorf("%d senders are kept", len(in.in))
	}
}

func TestDedup(t *testing.T) {
	d := &Dedup{}
	w := newWire(nil, []channel.Stage{d})
	if err := w.say(0, "x"); err != nil {
		t.Fatal(err)
	}
	if err := w.replay(w.sent[0]); err != nil || len(w.got) != 1 || d.Repeated() != 1 {
		t.Errorf("again: %v, %q", err, w.got)
	}
	// What failed is not done, and may come again.
	w.fail = errors.New("no")
	if err := w.say(0, "y"); err == nil {
		t.Error("the failure was lost")
	}
	w.fail = nil
	if err := w.replay(w.sent[1]); err != nil || len(w.got) != 3 {
		t.Errorf("after a failure: %v, %q", err, w.got)
	}
	// One id of two senders is two messages; no id is no reason to drop.
	m := w.sent[0].Clone()
	m.Address.ID = tribes.UniqueID{9}
	none := w.sent[0].Clone()
	none.ID = nil
	for i, m := range []*channel.Message{m, none, none} {
		if err := w.replay(m); err != nil || len(w.got) != 4+i {
			t.Errorf("%d: %v, %q", i, err, w.got)
		}
	}
	// However many come, each is new; the latest are known, and the first no more.
	const many = 4 * dedupSets * len(idSet{})
	before := len(w.got)
	say := func(i int) {
		m.ID = fmt.Appendf(m.ID[:0], "%016d", i)
		if err := w.replay(m); err != nil {
			t.Fatal(err)
		}
	}
	for i := range many {
		say(i)
	}
	if n := len(w.got) - before; n != many {
		t.Errorf("of %d messages %d were handed up", many, n)
	}
	before = len(w.got)
	for i := range 4096 {
		say(many - 1 - i)
	}
	if n := len(w.got) - before; n > 4 { // a set may be full by chance
		t.Errorf("of the latest 4096 messages %d are forgotten", n)
	}
	before = len(w.got)
	for i := range 100 {
		say(i)
	}
	if n := len(w.got) - before; n < 50 {
		t.Errorf("of the first 100 messages %d are forgotten", n)
	}
}

func TestDomain(t *testing.T) {
	d := NewDomain([]byte("b"), nil)
	w := newWire(nil, []channel.Stage{d})
	if err := w.say(0, "x"); err != nil || len(w.got) != 0 || d.Dropped() != 1 {
		t.Errorf("of another domain: %v, %q", err, w.got)
	}
	if vs := d.Verdicts(); len(vs) != 1 || vs[0].ID != "tribes.domain-filter" {
		t.Errorf("%+v", vs)
	}
	m := w.sent[0].Clone()
	m.Address.Domain = []byte("b")
	if err := w.replay(m); err != nil || len(w.got) != 1 {
		t.Errorf("of ours: %v, %q", err, w.got)
	}
}

func TestTwoPhaseHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := NewTwoPhase(0)
		w := newWire([]channel.Stage{NewTwoPhase(0)}, []channel.Stage{in})
		w.hold = true
		for range 2 {
			if err := w.say(0, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if len(w.sent) != 4 {
			t.Fatalf("%d messages", len(w.sent))
		}
		for i, want := range []int{0, 1, 1} {
			if err := w.replay(w.sent[i]); err != nil || len(w.got) != want {
				t.Errorf("message %d: %v, %q", i, err, w.got)
			}
		}
		time.Sleep(time.Minute + time.Second)
		w.in.Tick(t.Context(), time.Now())
		if err := w.replay(w.sent[3]); err != nil || len(w.got) != 1 {
			t.Errorf("confirmed too late: %v, %q", err, w.got)
		}
		if waiting, expired := in.Unconfirmed(); waiting != 0 || expired != 1 {
			t.Errorf("%d wait, %d expired", waiting, expired)
		}
	})
}

// A FAIL of one piece ends the message for that member.
func TestFragmentStopsAtFailure(t *testing.T) {
	n := 0
	out := channel.NewStack(nil, func(_ context.Context, m *channel.Outgoing) {
		if n++; n == 2 {
			m.Fail(errors.New("gone"))
		}
	}, NewFragment(10, 0))
	m := channel.Outgoing{ChannelData: channel.NewMessage(here, 0, make([]byte, 100)), To: []*channel.Delivery{{}}}
	out.Send(t.Context(), &m)
	if m.To[0].Err == nil {
		t.Error("the failure was lost")
	}
}

func TestFragmentFlag(t *testing.T) {
	w := newWire([]channel.Stage{NewFragment(10, 0x200)}, []channel.Stage{NewFragment(10, 0x200)})
	if err := errors.Join(w.say(0, strings.Repeat("x", 100)), w.say(0x200, strings.Repeat("y", 100))); err != nil {
		t.Fatal(err)
	}
	if len(w.sent) != 11 || len(w.got) != 2 || len(w.got[0]) != 100 || len(w.got[1]) != 100 {
		t.Errorf("%d sent, got %q", len(w.sent), w.got)
	}
}

// A guest that was not told the release reads what a GzipInterceptor of 6.0 to 8.5 sends,
// which no option marks, and answers in kind; what is not compressed stays as it is.
func TestGzipOfTheOlderForm(t *testing.T) {
	const java = "\xac\xed\x00\x05t\x00\x05hello"
	either := &Gzip{}
	old := newWire([]channel.Stage{&Gzip{Gzip: interceptor.Gzip{Always: true}}}, []channel.Stage{either})
	back := newWire([]channel.Stage{either}, []channel.Stage{&Gzip{Gzip: interceptor.Gzip{Always: true}}})
	plain := newWire(nil, []channel.Stage{either})
	newer := newWire([]channel.Stage{&Gzip{}}, []channel.Stage{either})
	err := errors.Join(old.say(0, java), back.say(0, java), plain.say(0, java), plain.say(tribes.ByteMessage, "\x1f\x8bno gzip"), newer.say(0, java))
	if err != nil || !slices.Equal(old.got, []string{java}) || !slices.Equal(back.got, []string{java}) || !slices.Equal(newer.got, []string{java}) ||
		!slices.Equal(plain.got, []string{java, "\x1f\x8bno gzip"}) {
		t.Errorf("%v: there %q, back %q, plain %q, newer %q", err, old.got, back.got, plain.got, newer.got)
	}
	if back.sent[0].Options&tribes.Gzip != 0 {
		t.Errorf("answered with options %v, which the older one does not read", back.sent[0].Options)
	}
}

func TestGzipBomb(t *testing.T) {
	w := newWire([]channel.Stage{&Gzip{}}, []channel.Stage{&Gzip{Limit: 1000}})
	if err := w.say(0, strings.Repeat("x", 1001)); err == nil || len(w.got) != 0 {
		t.Errorf("got %d, %v", len(w.got), err)
	}
}

// home is the member that stages belong to, in tests.
type home struct{ peers []tribes.Member }

func (h home) Message(o tribes.Options, p []byte) tribes.ChannelData {
	return channel.NewMessage(here, o, p)
}
func (h home) Peers() []tribes.Member { return h.peers }
func (h home) Deliveries(to []tribes.Member) []*channel.Delivery {
	var out []*channel.Delivery
	for i := range to {
		out = append(out, &channel.Delivery{Member: &to[i]})
	}
	return out
}

func TestPingAndSwallow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Ping{Interval: time.Second, Of: home{[]tribes.Member{there}}}
		e := encrypt(t, EncryptConfig{})
		w := newWire([]channel.Stage{p, encrypt(t, EncryptConfig{})}, []channel.Stage{e})
		for range 5 {
			w.out.Tick(t.Context(), time.Now())
			time.Sleep(500 * time.Millisecond)
		}
		if len(w.sent) != 3 || e.Stats().Opened != 3 || len(w.got) != 0 {
			t.Errorf("%d pings, %+v, got %q", len(w.sent), e.Stats(), w.got)
		}
	})
}

func TestStatic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("refused")
		alive := map[netip.AddrPort]error{netip.MustParseAddrPort("10.77.0.12:4000"): down}
		var changes []string
		s := NewStatic(home{[]tribes.Member{there}}, []tribes.Member{there}, 0, func(_ context.Context, at netip.AddrPort) error { return alive[at] })
		s.Changed = func(m tribes.Member, gone error) { changes = append(changes, fmt.Sprint(m.ID[0], gone)) }
		w := newWire([]channel.Stage{s}, nil)
		w.out.Tick(t.Context(), time.Now())
		if len(s.Members()) != 0 {
			t.Error("one that refuses is a member")
		}
		clear(alive)
		time.Sleep(5 * time.Second)
		w.out.Tick(t.Context(), time.Now())
		if len(s.Members()) != 1 {
			t.Error("one that answers is none")
		}
		tell := func(text string, from tribes.Member) {
			m := channel.Message{ChannelData: channel.NewMessage(from, 0, []byte(text))}
			if err := w.out.HandleMessage(t.Context(), &m); err != nil {
				t.Fatal(err)
			}
		}
		tell(tribes.StaticStop, here)
		tell(tribes.StaticStop, there)
		if len(s.Members()) != 0 {
			t.Error("one that stopped is a member")
		}
		tell(tribes.StaticStart, there)
		w.out.Stop(t.Context())
		if got := string(w.sent[len(w.sent)-1].Message); got != tribes.StaticStop {
			t.Errorf("said %q at the end", got)
		}
		if want := []string{"2 <nil>", "2 it says that it stops", "2 <nil>"}; !slices.Equal(changes, want) {
			t.Errorf("changes %q", changes)
		}
	})
}

func TestReadableTellsOfEncrypted(t *testing.T) {
	r := NewReadable(nil)
	w := newWire([]channel.Stage{encrypt(t, EncryptConfig{})}, []channel.Stage{r})
	if err := w.say(0, "\xac\xed\x00\x05t\x00\x05hello"); err != nil || len(w.got) != 1 {
		t.Errorf("handed up %d, %v", len(w.got), err)
	}
	if vs := r.Verdicts(); len(vs) != 1 || vs[0].ID != "tribes.key-mismatch" || !strings.Contains(vs[0].Saw, "encrypted") {
		t.Errorf("%+v", vs)
	}
	r = NewReadable(nil)
	w = newWire(nil, []channel.Stage{r})
	for _, say := range []struct {
		o    tribes.Options
		text string
	}{
		{0, "\xac\xed\x00\x05t\x00\x05hello, and some more of it"}, {tribes.ByteMessage, strings.Repeat("x", 100)}, {0, "short"},
		{0, tribes.StaticStart}, {0, tribes.CoordinationHeader + strings.Repeat("x", 100)}, {0, ""},
	} {
		if err := w.say(say.o, say.text); err != nil {
			t.Fatal(err)
		}
	}
	if vs := r.Verdicts(); len(vs) != 0 || len(w.got) != 6 {
		t.Errorf("%d, %+v", len(w.got), vs)
	}
}
