package cmd

import (
	"fmt"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/tribes/cluster/channel"
)

// probeLine is the answer of one address in JSON.
type probeLine struct {
	Type      string    `json:"type"` // probe
	Time      time.Time `json:"time"`
	Target    string    `json:"target"`
	Source    string    `json:"source,omitempty"`
	Outcome   string    `json:"outcome"` // acked, written, fail_acked, no_ack, refused, timeout, unreachable, closed, foreign, failed; over TLS also wrong_key, wrong_identity, wrong_protocol, no_psk, no_tls
	OK        bool      `json:"ok"`
	Connected bool      `json:"connected"`
	Acked     bool      `json:"acked"`
	ConnectMS float64   `json:"connect_ms"`
	AckMS     float64   `json:"ack_ms"`
	Foreign   string    `json:"foreign,omitempty"` // the protocol that answered instead
	TLS       string    `json:"tls,omitempty"`     // version and suite, after a handshake
	// Generation is the form in which it was asked, where its heartbeats or --release
	// told it
	Generation string   `json:"generation,omitempty"`
	Error      string   `json:"error,omitempty"`
	Meaning    string   `json:"meaning"`
	Hints      []string `json:"hints,omitempty"`
}

type probeSummary struct {
	Type   string `json:"type"`
	OK     bool   `json:"ok"`     // each target is there
	Target string `json:"target"` // as given; several with a blank between
	Asked  int    `json:"asked"`  // addresses
	Acked  int    `json:"acked"`
}

func newProbeLine(x *answer) probeLine {
	meaning, hints := x.meaning()
	l := probeLine{
		Type: "probe", Time: time.Now(), Target: x.Addr.String(), Outcome: string(x.Outcome), OK: x.OK(),
		Connected: x.Connect > 0, Acked: x.Outcome == channel.Acked,
		ConnectMS: ms(x.Connect), AckMS: ms(x.Answer), Foreign: x.Foreign, Meaning: meaning, Hints: hints,
	}
	if x.heard || x.release {
		l.Generation = x.form.String()
	}
	if x.Local.IsValid() {
		l.Source = x.Local.String()
	}
	if x.Err != nil {
		l.Error = x.Err.Error()
	}
	if x.TLS.Version != 0 {
		l.TLS = x.TLS.Version.String() + " " + x.TLS.Suite
	}
	return l
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (a *app) probeText(x *channel.Exchange, l probeLine) error {
	word := a.Out.Good("alive ")
	switch {
	case x.OK():
	case l.Connected: // something is there, and it did not show that it is a member that works
		word = a.Out.Bad("no ack")
	default:
		word = a.Out.Bad("dead  ")
	}
	var times []string
	if l.Connected {
		times = append(times, "connected in "+term.Seconds(x.Connect))
	}
	if x.Answer > 0 {
		times = append(times, "answered in "+term.Seconds(x.Answer))
	}
	line := fmt.Sprintf("%s  %s  %s", word, x.Addr, l.Meaning)
	if len(times) > 0 {
		line += " (" + strings.Join(times, ", ") + ")"
	}
	if _, err := fmt.Fprintln(a.Out, a.Out.Hang(escape.Text(line))); err != nil {
		return err
	}
	if !a.quiet {
		for _, h := range l.Hints {
			fmt.Fprintf(a.Err, "hint: %s\n", escape.Text(h))
		}
	}
	return nil
}
