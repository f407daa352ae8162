package term

import (
	"bytes"
	"encoding/json"
	"testing"
)

// JSON lines are read by people too: nothing in a string may steer a terminal,
// and a program reads the same string all the same.
func TestLinesAreSafeAndExact(t *testing.T) {
	const hostile = "a\x1b[2J\u009b31m \u202eevil \x7f grün 日本 \U000e0001 \U0001f600 \\ \n"
	var b bytes.Buffer
	if err := NewLines(&b).Write(map[string]string{"type": hostile}); err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"a\u001b[2J\u009b31m \u202eevil \u007f grün 日本 \udb40\udc01 😀 \\ \n"}` + "\n"; b.String() != want {
		t.Errorf("\n got %q\nwant %q", b.String(), want)
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back["type"] != hostile {
		t.Errorf("read again: %q, %v", back["type"], err)
	}
}
