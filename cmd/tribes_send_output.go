package cmd

import (
	"fmt"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// sentLine is what became of a message at one receiver.
type sentLine struct {
	Type        string    `json:"type"` // sent
	Time        time.Time `json:"time"`
	Target      string    `json:"target"`
	UniqueID    string    `json:"unique_id,omitempty"` // of the member, with --all
	Source      string    `json:"source,omitempty"`
	Options     int32     `json:"options"`
	OptionsText string    `json:"options_text"`
	Bytes       int       `json:"bytes"` // of the message
	Outcome     string    `json:"outcome"`
	OK          bool      `json:"ok"`
	Attempts    int       `json:"attempts"`
	ConnectMS   float64   `json:"connect_ms"` // 0 over a connection that stood
	AckMS       float64   `json:"ack_ms"`
	TookMS      float64   `json:"took_ms"` // over all attempts
	Error       string    `json:"error,omitempty"`
	Hints       []string  `json:"hints,omitempty"`
}

// tribesSendSummary closes the JSON of tribes send.
type tribesSendSummary struct {
	Type     string   `json:"type"` // summary
	OK       bool     `json:"ok"`
	Members  int      `json:"members"` // receivers that were sent to
	Expected int      `json:"expected"`
	Seen     int      `json:"seen"`    // with --all: members of other hosts that were heard
	Missing  []string `json:"missing"` // expected by name, and not heard
	Sent     int      `json:"sent"`    // messages, to each receiver
	Acked    int      `json:"acked"`
	Failed   int      `json:"failed"`
}

func newSentLine(d *channel.Delivery, options tribes.Options, size int) sentLine {
	l := sentLine{
		Type: "sent", Time: time.Now(), Target: d.Addr.String(), Options: int32(options), OptionsText: options.String(), Bytes: size,
		Outcome: string(d.Outcome), OK: d.Err == nil, Attempts: d.Attempts, ConnectMS: ms(d.Connect), AckMS: ms(d.Answer), TookMS: ms(d.Took),
	}
	if d.Local.IsValid() {
		l.Source = d.Local.String()
	}
	if d.Err != nil {
		l.Error = d.Err.Error()
		x := d.Exchange
		x.Addr = d.Addr
		_, l.Hints = probeMeaning(&x)
	}
	return l
}

func (a *app) sentText(l sentLine) error {
	word := a.Out.Good(fmt.Sprintf("%-10s", l.Outcome))
	text := fmt.Sprintf("%s, options %s", term.Count(l.Bytes, "byte"), l.OptionsText)
	switch {
	case !l.OK:
		word = a.Out.Bad(fmt.Sprintf("%-10s", l.Outcome))
		text = l.Error
	case l.AckMS > 0:
		text += fmt.Sprintf(", ack in %s", term.Seconds(time.Duration(l.AckMS*float64(time.Millisecond))))
	default:
		text += ", not acked: nobody asked for an ack"
	}
	if l.ConnectMS > 0 {
		text += fmt.Sprintf(" (connected in %s)", term.Seconds(time.Duration(l.ConnectMS*float64(time.Millisecond))))
	}
	if l.Attempts > 1 && l.Outcome != string(channel.Refused) && l.Outcome != string(channel.Timeout) && l.Outcome != string(channel.Unreachable) {
		text += fmt.Sprintf(", %d attempts", l.Attempts)
	}
	if _, err := fmt.Fprintln(a.Out, a.Out.Hang(fmt.Sprintf("%s  %s  %s", word, l.Target, escape.Text(text)))); err != nil {
		return err
	}
	if !a.quiet {
		for _, h := range l.Hints {
			fmt.Fprintf(a.Err, "hint: %s\n", escape.Text(h))
		}
	}
	return nil
}
