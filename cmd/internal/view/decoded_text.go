package view

import (
	"fmt"
	"strings"

	"muster/internal/escape"
)

// print writes the line for people.
func (d *Decoded) print(l DecodedLine) error {
	var b strings.Builder
	d.head(&b, l.Input, l.Offset, l.Type)
	switch {
	case l.Error != "":
		fmt.Fprintf(&b, ": %s", d.out.Bad(escape.Text(l.Error)))
	case l.Member != nil:
		fmt.Fprintf(&b, ", %d bytes: %s", l.Bytes, describeMember(l.Member))
		if l.Trailing > 0 {
			fmt.Fprintf(&b, ", then %d bytes that Tomcat ignores", l.Trailing)
		}
		fmt.Fprintf(&b, "\n  %s", d.out.Dim(escape.Text(l.Text)))
	case l.Message != nil:
		m := l.Message
		fmt.Fprintf(&b, ", %d bytes: %s, message of %d bytes, options %s", l.Bytes, m.Kind, m.Bytes, m.OptionsText)
		fmt.Fprintf(&b, "\n  from %s\n  message id %s", describeMember(&m.Sender), m.UniqueID)
		for _, line := range describeMessage(m) {
			fmt.Fprintf(&b, "\n  %s", line)
		}
		if m.Error != "" {
			fmt.Fprintf(&b, "\n  %s", d.out.Bad(escape.Text(m.Error)))
		}
	case l.Bytes > 0:
		fmt.Fprintf(&b, ", %d bytes", l.Bytes)
	}
	b.WriteByte('\n')
	_, err := d.out.Write([]byte(b.String()))
	return err
}

func (d *Decoded) printJava(l DecodedJava) error {
	var b strings.Builder
	d.head(&b, l.Input, l.Offset, l.Type)
	fmt.Fprintf(&b, ", %d bytes", l.Bytes)
	if l.Class != "" {
		fmt.Fprintf(&b, ": %s", escape.Text(l.Class))
	}
	lines := describeObject(&l.Object)
	if len(lines) == 0 {
		lines = []string{"value " + valueText(l.Value)}
	}
	for _, line := range lines {
		fmt.Fprintf(&b, "\n  %s", line)
	}
	if l.Error != "" {
		fmt.Fprintf(&b, "\n  %s", d.out.Bad(escape.Text(l.Error)))
	}
	b.WriteByte('\n')
	_, err := d.out.Write([]byte(b.String()))
	return err
}

func (d *Decoded) head(b *strings.Builder, input int, offset int64, kind string) {
	if input > 0 {
		fmt.Fprintf(b, "input %d, ", input)
	}
	fmt.Fprintf(b, "offset %d: %s", offset, strings.ReplaceAll(kind, "_", " "))
}
