package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/cmd/internal/ui"
	"muster/internal/escape"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/sniff"
	"muster/sniff/analysis"
	"muster/sniff/capture"
	"muster/sniff/filter"
	"muster/tribes/decode"
)

// What is kept of a capture is bounded and little, what is read makes garbage. So it
// is collected less often than Go does by itself, but always soon enough to keep the
// whole process below 60 MB, also where the machine is busy.
const (
	gcPercent   = 250
	memoryLimit = 36 << 20
)

// collectLess sets them, unless the environment says otherwise, until undo.
func collectLess() (undo func()) {
	if os.Getenv("GOGC")+os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(gcPercent), debug.SetMemoryLimit(memoryLimit)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// runSniff opens the source, feeds it to a Sniffer, and reports.
func (a *app) runSniff(ctx context.Context, r *sniffRun) error {
	defer collectLess()()
	decoder := decode.Decoder{}
	if r.keyFile != "" {
		var err error
		if decoder.Encryption, err = a.readEncryption(r.keyFile, r.algorithm); err != nil {
			return err
		}
	}
	src, leave, err := a.openCapture(r)
	if err != nil {
		return err
	}
	defer leave()
	keep, err := openKeep(r, a.Out)
	if err != nil {
		src.Close()
		drain(src)
		return err
	}
	out := a.sniffOutput(r, src)
	sn := sniff.New(sniff.Options{
		Filter: r.filter, Keep: keep.packet(src), Event: out.event,
		Analysis: analysis.Options{DropTime: r.dropTime}, Decoder: decoder,
	})
	loop := &sniffLoop{sniffRun: r, src: src, sn: sn, out: out}
	out.begin(loop)
	err = loop.run(ctx)
	sn.Finish()
	err = errors.Join(err, out.end(), keep.close())
	if err != nil {
		return err
	}
	return a.sniffVerdict(ctx, loop)
}

// openCapture opens the file or the interfaces. leave gives up joined groups.
func (a *app) openCapture(r *sniffRun) (src capture.Source, leave func(), err error) {
	leave = func() {}
	switch {
	case r.read == "-":
		if f, ok := a.In.(*os.File); ok {
			src, err = capture.Stdin(f)
		} else {
			src, err = capture.NewReader(a.In)
		}
		if err != nil {
			err = fmt.Errorf("standard input: %w", err)
		}
		return src, leave, err
	case r.read != "":
		src, err = capture.Open(r.read)
		return src, leave, err
	}
	names, err := a.captureInterfaces(r)
	if err != nil {
		return nil, leave, err
	}
	program, err := r.filter.Program(filter.LinuxLayout, 1<<18)
	if err != nil {
		a.note("%v: packets are filtered outside of the kernel", err)
		program = nil
	}
	src, err = capture.Live(capture.LiveOptions{Interfaces: names, Program: program, Promiscuous: r.promiscuous, Ring: r.buffer << 20})
	if err != nil {
		return nil, leave, err
	}
	if r.join {
		if leave, err = a.joinGroups(r, names); err != nil {
			src.Close()
			drain(src)
			return nil, func() {}, err
		}
	}
	if !a.quiet {
		where := "all interfaces"
		if len(names) > 0 {
			where = strings.Join(names, ", ")
		}
		fmt.Fprintf(a.Err, "capturing on %s: %s\n", escape.Text(where), r.filter)
	}
	return src, leave, nil
}

// captureInterfaces names the interfaces to capture on; none means all.
func (a *app) captureInterfaces(r *sniffRun) ([]string, error) {
	if len(r.interfaces) == 0 {
		if len(r.groups) == 0 {
			return nil, nil
		}
		i, err := a.findInterface("", r.groups[0].Addr)
		if err != nil {
			return nil, hint.Wrap(err, "muster sniff -i any "+r.groups[0].String())
		}
		return []string{i.Name}, nil
	}
	var names []string
	for _, spec := range r.interfaces {
		if spec == "any" {
			return nil, nil
		}
		i, err := mcast.FindInterface(spec, netip.Addr{})
		if err != nil {
			return nil, err
		}
		names = append(names, i.Name)
	}
	return names, nil
}

// joinPort is where the sockets that join groups without a port listen: a join is
// of a group, and no port matters to it.
const joinPort = 65535

// joinGroups joins the groups on the interfaces; nobody reads the sockets, the
// capture sees it all.
func (a *app) joinGroups(r *sniffRun, names []string) (leave func(), err error) {
	var conns []*mcast.Conn
	leave = func() {
		for _, c := range conns {
			c.Close()
		}
	}
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		i, err := mcast.FindInterface(name, r.groups[0].Addr)
		if err == nil {
			var c *mcast.Conn
			c, err = mcast.Listen(mcast.Config{Interface: i, Groups: r.groups, Port: joinPort, TTL: -1})
			if err == nil {
				conns = append(conns, c)
				continue
			}
		}
		leave()
		return nil, fmt.Errorf("--join: %w", err)
	}
	return leave, nil
}

// drain reads a closed source to its end, which gives its memory back.
func drain(src capture.Source) {
	var p capture.Packet
	for src.Next(&p) == nil {
	}
}

// sniffLoop feeds packets until the end, a bound or an interrupt.
type sniffLoop struct {
	*sniffRun
	src capture.Source
	sn  *sniff.Sniffer
	out *sniffOutput
	mu  sync.Mutex // of sn, where a screen shows it at the same time
	// ended: a bound was reached, or the file's end. stopped: a key ended it, as
	// Ctrl-C does.
	ended   bool
	stopped atomic.Bool
}

func (l *sniffLoop) live() bool { return l.read == "" }

// interrupted reports whether somebody ended it.
func (l *sniffLoop) interrupted(ctx context.Context) bool {
	return ctx.Err() != nil || l.stopped.Load()
}

func (l *sniffLoop) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { l.src.Close() })
	defer stop()
	var timeout atomic.Bool
	if l.live() && l.duration > 0 {
		t := time.AfterFunc(l.duration, func() {
			timeout.Store(true)
			l.src.Close()
		})
		defer t.Stop()
	}
	err := l.packets()
	l.src.Close()
	drain(l.src)
	if timeout.Load() || !l.live() && !l.interrupted(ctx) {
		l.ended = true
	}
	return err
}

func (l *sniffLoop) packets() error {
	var p capture.Packet
	first := int64(0)
	for {
		err := l.src.Next(&p)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if first == 0 {
			first = p.Nanos
		}
		if !l.live() && l.duration > 0 && p.Nanos-first > int64(l.duration) {
			return nil
		}
		l.mu.Lock()
		err = l.sn.Packet(&p)
		done := l.reached()
		l.mu.Unlock()
		if err != nil || l.out.failed() {
			return err
		}
		if done {
			l.ended = true
			return nil
		}
	}
}

// reached reports whether a bound ends the capture now.
func (l *sniffLoop) reached() bool {
	if l.count > 0 && l.sn.Totals.Packets >= l.count {
		return true
	}
	return l.expect > 0 && l.live() && l.count == 0 && l.duration == 0 && l.out.members(l.sn) >= l.expect
}

// sniffVerdict turns what was seen into the exit status.
func (a *app) sniffVerdict(ctx context.Context, l *sniffLoop) error {
	vs := l.out.verdicts
	bounded := l.count > 0 || l.duration > 0 || l.expect > 0
	members := 0
	for _, m := range l.sn.Analysis.Members {
		if m.Heard() {
			members++
		}
	}
	switch s := verdict.Summarize(vs); {
	case l.expect > 0 && members < l.expect:
		if l.interrupted(ctx) && !l.ended {
			return errInterrupted
		}
		fmt.Fprintf(a.Err, "%s heard, %d expected\n", ui.Count(members, "member"), l.expect)
		return errNo
	case (l.summary || l.top || l.strict) && s.Status == verdict.Fail, l.strict && s.Status == verdict.Warn:
		return errNo
	case bounded && l.live() && !l.ended && l.interrupted(ctx):
		return errInterrupted
	}
	return nil
}
