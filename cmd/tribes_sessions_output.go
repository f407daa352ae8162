package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/tribes/decode"
	"muster/tribes/replication"
)

// sessions is one run of 'tribes sessions'. What takes messages must never wait
// for who reads the output: lines go through a Tail.
type sessions struct {
	a       *app
	o       *sessionsOptions
	decoder decode.Decoder
	began   time.Time
	live    *term.Live
	tail    *term.Tail
	block   string // as it was last drawn

	mu     sync.Mutex // of what follows
	view   *replication.View
	peak   int
	enough func() // is called when --expect sessions are there
	// What is known at the end.
	ended           bool // by its own bound, not by a person
	ok              bool
	answers, missed uint64
}

func (a *app) newSessions(o *sessionsOptions, dropTime time.Duration) *sessions {
	w := &sessions{a: a, o: o, began: time.Now(), view: replication.New(replication.Config{DropTime: dropTime}), enough: func() {}}
	w.live = term.NewLive(a.Out)
	w.tail = term.NewTail(printer{w.live})
	w.tail.Patient = o.read != ""
	return w
}

// printer writes lines above the block of a terminal.
type printer struct{ live *term.Live }

func (p printer) Write(b []byte) (int, error) {
	p.live.Print(string(b))
	return len(b), p.live.Err()
}

// message takes a message as it was seen.
func (w *sessions) message(s replication.Seen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events(w.view.Message(s))
}

// events shows what happened; the caller has the lock.
func (w *sessions) events(all []replication.Event) {
	for i := range all {
		w.event(&all[i])
	}
	w.peak = max(w.peak, w.view.Len())
	if w.o.expect > 0 && w.peak >= w.o.expect {
		w.enough()
	}
}

func (w *sessions) event(e *replication.Event) {
	if w.a.json {
		w.jsonLine(view.NewSessionEvent(e, w.o.values))
		return
	}
	if w.a.quiet || e.Kind == replication.Ack && !w.a.verbose {
		return
	}
	w.tail.Put(func(b []byte) []byte {
		return append(append(b, view.SessionEventText(w.a.Out, e, w.o.values)...), '\n')
	})
}

// jsonLine writes one, if the reader is not too slow.
func (w *sessions) jsonLine(v any) {
	w.tail.Put(func(b []byte) []byte {
		buf := bytes.NewBuffer(b)
		_ = term.NewLines(buf).Write(v) // into memory, of types that JSON has
		return buf.Bytes()
	})
}

// drawEvery is how often the block below the list is drawn again.
const drawEvery = time.Second

// draw shows the contexts and nodes below the list, on a terminal.
func (w *sessions) draw() {
	if w.a.json || w.a.quiet {
		return
	}
	w.mu.Lock()
	block := view.SessionBlock(w.a.Out, w.view)
	w.mu.Unlock()
	if block != w.block {
		w.block = block
		w.live.Show(block)
	}
}

// lastLines is how long the reader has for the lines that wait at the end.
const lastLines = 2 * time.Second

// close reports what was found at that time. Whoever reads takes all of it; if
// nobody does any more, that is told and nothing waits.
func (w *sessions) close(now time.Time) error {
	w.mu.Lock()
	found := w.view.Findings(now)
	w.a.judged(found)
	summary := verdict.Summarize(found).OrPass(w.view.Counts.Messages > 0 && w.view.Counts.Unreadable == 0)
	w.ok = w.peak >= w.o.expect && summary.Status != verdict.Fail && (!w.o.strict || summary.Status != verdict.Warn)
	w.mu.Unlock()
	written, skipped, err := w.tail.CloseWithin(lastLines)
	if !written {
		return errors.New("nobody reads the output any more: what is known of the sessions is not printed")
	}
	if err == nil {
		err = w.live.Close()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		err = w.report(found, summary, skipped)
	}
	if readerGone(err) {
		return nil
	}
	return err
}

func (w *sessions) report(found []verdict.Verdict, summary verdict.Summary, skipped uint64) error {
	notes := w.notes()
	if w.a.json {
		return w.reportJSON(found, summary, notes, skipped)
	}
	if err := view.SessionReport(w.a.Out, w.view); err != nil {
		return err
	}
	if text := view.VerdictsText(w.a.Out, found); text != "" {
		if _, err := fmt.Fprintf(w.a.Out, "\n%s", text); err != nil {
			return err
		}
	}
	if skipped > 0 {
		notes = append(notes, fmt.Sprintf("%s not printed: the reader was too slow", term.Count(skipped, "line")))
	}
	for _, n := range notes {
		w.a.note("%s", escape.Text(n))
	}
	c := w.view.Counts
	if len(w.view.Contexts()) > 0 {
		if _, err := fmt.Fprintln(w.a.Out); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(w.a.Out, w.a.Out.Hang(fmt.Sprintf("%s at the end, %d at most; %s about sessions.\n",
		term.Count(w.view.Len(), "session"), w.peak, term.Count(c.Messages, "message"))))
	if err == nil && w.peak < w.o.expect {
		_, err = fmt.Fprintf(w.a.Out, "%s: %d sessions were expected\n", w.a.Out.Bad("too few"), w.o.expect)
	}
	return err
}

func (w *sessions) reportJSON(found []verdict.Verdict, summary verdict.Summary, notes []string, skipped uint64) error {
	lines := term.NewLines(w.a.Out)
	for _, c := range w.view.Contexts() {
		for _, s := range c.Sessions() {
			if err := lines.Write(view.NewSessionRow(w.view, c, s)); err != nil {
				return err
			}
		}
	}
	for _, c := range w.view.Contexts() {
		if err := lines.Write(view.NewContextRow(c)); err != nil {
			return err
		}
	}
	for _, n := range w.view.Nodes() {
		if err := lines.Write(view.NewNodeRow(n)); err != nil {
			return err
		}
	}
	for _, v := range found {
		if err := lines.Write(view.NewVerdict(v)); err != nil {
			return err
		}
	}
	n := w.view.Counts
	return lines.Write(sessionsSummary{
		Type: "summary", OK: w.ok, Sessions: w.view.Len(), Most: w.peak, Expected: w.o.expect, Messages: n.Messages, Copies: n.Copies,
		Unreadable: n.Unreadable, Encrypted: n.Sealed, Acks: n.Acks, FailAcks: n.FailAcks, Answers: w.answers, Dropped: n.Dropped,
		Missed: w.missed, Skipped: skipped, Summary: summary, Notes: notes, TookMS: time.Since(w.began).Milliseconds(),
	})
}
