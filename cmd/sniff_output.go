package cmd

import (
	"fmt"
	"io"
	"os"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/sniff"
	"muster/sniff/capture"
)

// sniffOutput is one way to show a capture: lines, JSON, a summary, a screen, or
// nothing where the packets themselves go to stdout.
type sniffOutput struct {
	a       *app
	r       *sniffRun
	src     *sniff.Capture
	run     *sniff.Runner
	lines   *view.SniffLines
	json    *term.Lines
	jsonErr error
	screen  *sniffScreen
	event   func(*sniff.Event)
}

func (a *app) sniffOutput(r *sniffRun, src *sniff.Capture) *sniffOutput {
	o := &sniffOutput{a: a, r: r, src: src}
	names := o.names
	switch {
	case a.json && r.write != "-":
		o.json = term.NewLines(a.Out)
		if !r.summary {
			o.event = func(e *sniff.Event) {
				if o.jsonErr == nil {
					o.jsonErr = o.json.Write(view.NewSniffEvent(e, names, r.values))
					o.stopWhen(o.jsonErr)
				}
			}
		}
	case r.write == "-", r.summary, r.top:
	default:
		if len(src.Source.Interfaces()) <= 1 && (r.read != "" || len(r.interfaces) == 1 && r.interfaces[0] != "any" || len(r.groups) > 0 && len(r.interfaces) == 0) {
			names = nil
		}
		if r.read != "" {
			names = o.severalNames // a file tells its interfaces as they come
		}
		o.lines = view.NewSniffLines(a.Out, r.read == "" || r.read == "-", r.values, names)
		o.lines.Patient(r.read == "-") // what comes by a pipe can wait, a live capture cannot
		o.event = func(e *sniff.Event) {
			o.lines.Event(e)
			o.stopWhen(o.lines.Err())
		}
	}
	return o
}

// names gives an interface of the source its name.
func (o *sniffOutput) names(i int) string { return escape.Text(o.src.InterfaceName(i)) }

// severalNames names an interface where there are several.
func (o *sniffOutput) severalNames(i int) string {
	if len(o.src.Source.Interfaces()) < 2 {
		return ""
	}
	if name := o.names(i); name != "" {
		return name
	}
	return fmt.Sprintf("interface %d", i)
}

// begin is called before the first packet.
func (o *sniffOutput) begin(run *sniff.Runner) {
	o.run = run
	if o.r.top && !o.a.json {
		o.screen = newSniffScreen(o)
		o.screen.start()
	}
}

// stopWhen ends the capture where nobody takes the output any more.
func (o *sniffOutput) stopWhen(err error) {
	if err != nil {
		o.run.Stop()
	}
}

// end reports what was seen.
func (o *sniffOutput) end(res *sniff.Result) error {
	if o.screen != nil {
		o.screen.close()
	}
	if d := res.Stats.Damage; d != nil {
		o.a.note("the capture ends early: %v", d)
	}
	if left := res.Stats.Unkept.String(); left != "" && o.r.write != "" {
		o.a.note("--write keeps packets and interfaces; it left out %s", left)
	}
	switch {
	case o.json != nil:
		return o.endJSON(res)
	case o.r.summary || o.r.top:
		return view.SniffReport(o.a.Out, res)
	}
	if o.lines != nil {
		skipped, err := o.lines.Close()
		if err != nil {
			return fmt.Errorf("print packets: %w", err)
		}
		if skipped > 0 {
			o.a.note("%d lines were not printed: the reader was too slow", skipped)
		}
	}
	if o.a.quiet {
		return nil
	}
	return view.SniffClosing(o.a.Err, res)
}

func (o *sniffOutput) endJSON(res *sniff.Result) error {
	if o.jsonErr != nil {
		return fmt.Errorf("print packets: %w", o.jsonErr)
	}
	for _, v := range res.Verdicts {
		if err := o.json.Write(view.NewVerdict(v)); err != nil {
			return fmt.Errorf("print the verdicts: %w", err)
		}
	}
	return o.json.Write(view.NewSniffSummary(res))
}

// sniffKeep writes the packets that were kept.
type sniffKeep struct {
	w      *capture.Writer
	file   *os.File
	stream bool // somebody may be reading at the same time
}

// openKeep opens the file of -w; with an empty name nothing is kept.
func openKeep(r *sniffRun, stdout io.Writer) (*sniffKeep, error) {
	k := &sniffKeep{}
	var err error
	switch name := r.write; name {
	case "":
		return k, nil
	case "-":
		k.stream = r.read == "" || r.read == "-"
		k.w, err = capture.NewWriter(stdout, "muster")
	default:
		if k.file, err = os.Create(name); err != nil {
			return nil, fmt.Errorf("write packets: %w", err)
		}
		k.w, err = capture.NewWriter(k.file, "muster")
	}
	if err != nil {
		return nil, fmt.Errorf("write packets: %w", err)
	}
	return k, nil
}

// packet returns what Sniffer calls for each packet; nil where nothing is kept.
func (k *sniffKeep) packet(src capture.Source) func(*capture.Packet) error {
	if k.w == nil {
		return nil
	}
	return func(p *capture.Packet) error {
		err := k.w.Write(p, src.Interfaces()[p.Interface])
		if err == nil && k.stream {
			err = k.w.Flush()
		}
		if err != nil {
			return fmt.Errorf("write packets: %w", err)
		}
		return nil
	}
}

func (k *sniffKeep) close() error {
	if k.w == nil {
		return nil
	}
	if err := k.w.Flush(); err != nil {
		return fmt.Errorf("write packets: %w", err)
	}
	if k.file != nil {
		if err := k.file.Close(); err != nil {
			return fmt.Errorf("write packets: %w", err)
		}
	}
	return nil
}
