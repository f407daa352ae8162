package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/verdict"
)

// closing holds the promise that the last JSON line is the one summary, whatever
// happens: it keeps the summary that the command writes until its end is known,
// says what that was where the command did not, and writes one where a command
// could not get so far.
type closing struct {
	mu      sync.Mutex
	w       io.Writer
	began   time.Time
	summary []byte // held back
}

var summaryHead = []byte(`{"type":"summary"`)

// Write passes lines on, but for a summary at their end.
func (c *closing) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := len(b)
	if n := len(b); n > 0 && b[n-1] == '\n' {
		if last := bytes.LastIndexByte(b[:n-1], '\n') + 1; bytes.HasPrefix(b[last:], summaryHead) {
			at = last
		}
	}
	if len(c.summary) > 0 && at > 0 { // it was not the last line after all
		if _, err := c.w.Write(c.summary); err != nil {
			return 0, err
		}
		c.summary = nil
	}
	if at > 0 {
		if n, err := c.w.Write(b[:at]); err != nil {
			return n, err
		}
	}
	if at < len(b) {
		c.summary = append(c.summary, b[at:]...)
	}
	return len(b), nil
}

// end writes the summary of a command that ended with err.
func (c *closing) end(err error) error {
	for since := time.Now(); !c.mu.TryLock(); time.Sleep(5 * time.Millisecond) {
		if time.Since(since) > readerTime { // somebody still writes, to a reader that takes nothing
			return errors.New("nobody reads the output any more: the summary is not printed")
		}
	}
	defer c.mu.Unlock()
	line := c.summary
	c.summary = nil
	if len(line) == 0 {
		text := "" // the verdict is on stdout
		if err != nil && !errors.Is(err, errNo) {
			text = err.Error()
		}
		var b bytes.Buffer
		if e := term.NewLines(&b).Write(view.Unanswered{Type: "summary", Error: text}); e != nil {
			return e
		}
		line = b.Bytes()
	}
	_, e := c.w.Write(complete(line, wholeStatus(err), time.Since(c.began)))
	return e
}

// complete gives a summary the status of the whole and how long it took, where it has
// none.
func complete(line []byte, s verdict.Status, took time.Duration) []byte {
	var have map[string]json.RawMessage
	if json.Unmarshal(line, &have) != nil {
		return line
	}
	out := bytes.Clone(bytes.TrimSuffix(line, []byte("}\n")))
	if _, ok := have["status"]; !ok {
		out = fmt.Appendf(out, `,"status":%q`, s)
	}
	if _, ok := have["took_ms"]; !ok {
		out = fmt.Appendf(out, `,"took_ms":%d`, took.Milliseconds())
	}
	return append(out, "}\n"...)
}

// wholeStatus is the status that goes with an end.
func wholeStatus(err error) verdict.Status {
	switch exitStatus(err) {
	case exitOK:
		return verdict.Pass
	case exitNo:
		return verdict.Fail
	}
	return verdict.Unknown
}

// printsDocument: these print one document and no lines.
func printsDocument(c *cobra.Command) bool {
	switch c.CommandPath() {
	case "muster", "muster explain", "muster version", "muster tribes config", "muster completion", "muster help":
		return true
	}
	list := c.Flags().Lookup("list")
	return list != nil && list.Changed
}
