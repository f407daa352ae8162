package view

import (
	"fmt"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/tribes/logs"
)

// LogsText is what tribes logs prints for people: the nodes, the timeline, who saw
// whom, what is wrong and what no log tells.
type LogsText struct {
	All   bool // every event, not only what changed the cluster or went wrong
	Quiet bool // the verdicts alone

	day string // of the last line of the timeline
}

// Render writes it.
func (t *LogsText) Render(s *term.Stream, r *logs.Result) error {
	var b strings.Builder
	if !t.Quiet {
		for _, n := range r.Nodes {
			b.WriteString(nodeLine(s, n))
		}
		for _, n := range r.Notes {
			fmt.Fprintf(&b, "note   %s\n", wrapAfter(s, escape.Text(n), 7, 7))
		}
		b.WriteString("\n")
		t.events(s, &b, r, r.Events)
		b.WriteString("\n")
		b.WriteString(pairLines(s, r))
	}
	b.WriteString(VerdictsText(s, r.Verdicts))
	if !t.Quiet {
		b.WriteString("\nA log does not tell:\n")
		for _, q := range r.Silent {
			fmt.Fprintf(&b, "  %s\n      %s\n", wrapAfter(s, q.Ask, 2, 2), s.Dim(q.Command))
		}
	}
	_, err := fmt.Fprint(s, b.String())
	return err
}

func nodeLine(s *term.Stream, n *logs.Node) string {
	var parts []string
	if n.Addr.IsValid() {
		a := n.Addr.String()
		if n.AddrGuessed {
			a += " (by whom the others saw)"
		}
		parts = append(parts, a)
	}
	if n.Release != "" {
		parts = append(parts, "Tomcat "+escape.Text(n.Release))
	}
	if n.Frequency > 0 {
		parts = append(parts, "a heartbeat each "+n.Frequency.String())
	}
	if !n.First.IsZero() {
		parts = append(parts, fmt.Sprintf("%s to %s", n.First.Format("2006-01-02 15:04:05"), n.Last.Format("15:04:05")))
	}
	if len(n.Lives) > 1 {
		parts = append(parts, fmt.Sprintf("%d starts", len(n.Lives)))
	}
	name := escape.Text(n.Name)
	text := strings.Join(parts, ", ") + "  " + s.Dim(escape.Text(strings.Join(n.Files, " ")))
	return fmt.Sprintf("%s  %s\n", s.Style().Bold(true).Render(name), wrapAfter(s, text, len(name)+1, len(name)+2))
}

// minor are the events that say nothing new where all is well.
var minor = map[logs.Kind]bool{logs.Listening: true, logs.Waiting: true, logs.Manager: true, logs.Deploying: true, logs.Release: true, logs.StateAlone: true, logs.MapStarted: true}

// Update writes what is new in logs that are followed: at the beginning all that is
// there, then lines of the timeline and verdicts.
func (t *LogsText) Update(s *term.Stream, u logs.Update) error {
	if u.First {
		if err := t.Render(s, u.Result); err != nil || t.Quiet {
			return err
		}
		_, err := fmt.Fprintf(s, "\n%s\n", s.Dim("following, until Ctrl-C"))
		return err
	}
	var b strings.Builder
	if !t.Quiet {
		t.events(s, &b, u.Result, u.Events)
	}
	if len(u.Verdicts) > 0 {
		b.WriteString(VerdictsText(s, u.Verdicts))
	}
	_, err := fmt.Fprint(s, b.String())
	return err
}

// events writes lines of the timeline.
func (t *LogsText) events(s *term.Stream, b *strings.Builder, r *logs.Result, events []*logs.Event) {
	width := 0
	for _, n := range r.Nodes {
		width = max(width, len(n.Name))
	}
	for _, e := range events {
		if minor[e.Kind] && !t.All {
			continue
		}
		if d := e.Time.Format(time.DateOnly); d != t.day && !e.Time.IsZero() && e.Time.Year() > 1 {
			t.day = d
			fmt.Fprintf(b, "%s\n", s.Dim(d))
		}
		fmt.Fprintf(b, "%s  %-*s  %s\n", e.Time.Format("15:04:05.000"), width, escape.Text(e.Node), wrapAfter(s, eventText(s, e), 15+width, 16+width))
	}
}

// eventText is an event in the cluster's words.
func eventText(s *term.Stream, e *logs.Event) string {
	who := e.Member.String()
	if e.Peer != "" {
		who = e.Peer
	}
	who = escape.Text(who)
	detail, app := escape.Text(e.Detail), escape.Text(e.App)
	text := map[logs.Kind]string{
		logs.Starting: "the cluster starts", logs.Started: "the server is up", logs.Stopping: "the server stops in order",
		logs.StartFailed: s.Bad("the cluster does not start"), logs.Bound: "the receiver listens at " + who,
		logs.Listening: "the membership service runs", logs.Waiting: "waits for members",
		logs.Added: who + " came", logs.Gone: who + " is gone", logs.Suspect: s.Doubt(who + " is missed; its receiver is asked"),
		logs.Alive: who + " answered and stays", logs.Dead: s.Bad(who + " did not answer"), logs.AlreadyGone: who + " was no member",
		logs.NotNotified: s.Doubt(who + " was found by TCP, its heartbeats were not heard"), logs.StateAsked: "asks " + who + " for the sessions of " + app,
		logs.StateReceived: "has the sessions of " + app, logs.StateTimeout: s.Bad("got no sessions of " + app),
		logs.StateNoApp: s.Doubt("the other has no " + app), logs.StateAlone: "nobody to ask for the sessions of " + app,
		logs.SendFailing: s.Doubt("a message to " + who + " fails and is tried again"), logs.SendFailed: s.Bad("a message to " + who + " was not sent"),
		logs.Manager: app + " takes part in the cluster", logs.Deploying: app + " is deployed", logs.MapStarted: app + " has a replicated map",
		logs.NoManager: s.Doubt("a message for " + app + ", which has no manager here"), logs.NoDecrypt: s.Bad("a message does not decrypt"),
		logs.Replay: s.Bad("a message is taken for a replay"), logs.NoDecode: s.Bad("a message is no object"), logs.Content: s.Bad("cannot travel: " + detail),
		logs.Foreign: s.Doubt("foreign bytes came"), logs.Refused: s.Doubt(who + " is of another domain and refused"),
		logs.McastFailed: s.Bad("a heartbeat was not sent"), logs.JoinFailed: s.Bad("the group was not joined"),
		logs.Recovering: s.Doubt("the membership service is started again"), logs.Recovered: "the membership service runs again",
		logs.Setting: s.Doubt("not understood: " + detail), logs.Overload: s.Doubt("no thread, queue or buffer is left"),
		logs.NoReplies: "a replicated map asked and nobody answered", logs.Release: "Tomcat " + detail,
	}[e.Kind]
	if text == "" {
		text = escape.Text(e.Text)
	}
	if e.Cause != "" {
		text += ": " + escape.Text(shorten(e.Cause, 120))
	}
	if e.Count > 1 {
		text += fmt.Sprintf(" (%d times, to %s)", e.Count, e.Until.Format("15:04:05"))
	}
	return text
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// pairLines say who saw whom, a line for each direction that the logs tell.
func pairLines(s *term.Stream, r *logs.Result) string {
	var b strings.Builder
	for i := range r.Pairs {
		p := &r.Pairs[i]
		if p.Added+p.Lost+p.Kept+p.SendFailures == 0 {
			fmt.Fprintf(&b, "%s never saw %s\n", escape.Text(p.From.Name), escape.Text(p.Of.Name))
			continue
		}
		text := fmt.Sprintf("%s saw %s come %s, lost it %s, missed and kept it %s", escape.Text(p.From.Name), escape.Text(p.Of.Name), count(p.Added), count(p.Lost), count(p.Kept))
		if p.SendFailures > 0 {
			text += fmt.Sprintf("; %d messages to it failed", p.SendFailures)
		}
		b.WriteString(wrapAfter(s, text, 0, 4) + "\n")
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

func count(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
