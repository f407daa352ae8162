package ui

import (
	"encoding/json"
	"io"
	"sync"
)

// Lines writes JSON lines: one object, one line, one write, so that a reader
// sees each as soon as it is known and lines of several goroutines never mix.
type Lines struct {
	mu  sync.Mutex
	enc *json.Encoder
}

// NewLines writes to w.
func NewLines(w io.Writer) *Lines {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &Lines{enc: enc}
}

// Write appends v, a struct whose JSON begins with "type", as one line.
func (l *Lines) Write(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.enc.Encode(v)
}

// Document writes v as one indented JSON document, for the commands that print
// a single one.
func Document(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
