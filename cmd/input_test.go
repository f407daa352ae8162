package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"muster/cmd/internal/term"
)

func TestInterruptibleReadsAll(t *testing.T) {
	want := strings.Repeat("abc", 100_000)
	got, err := io.ReadAll(interruptible(t.Context(), strings.NewReader(want)))
	if err != nil || string(got) != want {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	fault := errors.New("no disk")
	got, err = io.ReadAll(interruptible(t.Context(), io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(fault))))
	if !errors.Is(err, fault) || string(got) != "abc" {
		t.Errorf("%q, %v", got, err)
	}
}

// Ctrl-C ends a decode whose input stays silent: what came before is told, with
// the summary, and exit status 130.
func TestDecodeInterrupted(t *testing.T) {
	in, feed := io.Pipe()
	defer feed.Close()
	s, out, _ := term.Test("")
	s.In = in
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() { done <- Run(ctx, []string{"tribes", "decode", "--hex"}, s) }()
	if _, err := feed.Write([]byte("464c543230303200000003060203544c4632303033\n464c")); err != nil {
		t.Fatal(err)
	}
	if _, err := feed.Write([]byte("54")); err != nil { // taken only when the first bytes are
		t.Fatal(err)
	}
	cancel()
	if status := <-done; status != 130 {
		t.Errorf("status %d", status)
	}
	if lines := bytes.Count(out.Bytes(), []byte("\n")); lines < 1 || !strings.Contains(out.String(), `{"type":"summary"`) {
		t.Errorf("%s", out)
	}
}
