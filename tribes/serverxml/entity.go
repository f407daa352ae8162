package serverxml

import (
	"encoding/xml"
	"io"
	"strings"
)

// The bounds of what entities may become: their text can be made to grow without end.
const (
	maxEntityText  = 64 << 10
	maxEntityDepth = 8
)

// expand puts the internal entities that text refers to in their places. ok is false
// where one is external or unknown, refers to itself, or the whole grows too large.
func (p *parser) expand(text string, depth int) (_ string, ok bool) {
	if depth > maxEntityDepth {
		return "", false
	}
	var b strings.Builder
	at := 0
	for _, m := range entityReference().FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(text[at:m[0]])
		at = m[1]
		name := text[m[2]:m[3]]
		if predefined[name] {
			b.WriteString(text[m[0]:m[1]])
			continue
		}
		inner, internal := p.internal[name]
		if !internal {
			return "", false
		}
		if inner, ok = p.expand(inner, depth+1); !ok || b.Len()+len(inner) > maxEntityText {
			return "", false
		}
		b.WriteString(inner)
	}
	b.WriteString(text[at:])
	return b.String(), b.Len() <= maxEntityText
}

// predefined are XML's own entities.
var predefined = map[string]bool{"lt": true, "gt": true, "amp": true, "quot": true, "apos": true}

// settle makes the entities with text of their own known to the decoder, once all are
// declared.
func (p *parser) settle() {
	for i := range p.entities {
		e := &p.entities[i]
		text, internal := p.internal[e.Name]
		if !internal || e.System != "" {
			continue
		}
		text, ok := p.expand(text, 0)
		if !ok {
			continue
		}
		e.read = true
		p.content[e.Name] = text
		if plain, ok := characters(text); ok {
			p.values[e.Name] = plain
		}
	}
}

// characters is text without its character references; ok is false where it has
// elements in it.
func characters(text string) (plain string, ok bool) {
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return b.String(), err == io.EOF
		}
		c, ok := token.(xml.CharData)
		if !ok {
			return "", false
		}
		b.Write(c)
	}
}

// bring reads the elements of the entities that raw, which begins at offset, refers
// to: they stand where the reference stands.
func (p *parser) bring(offset int, raw []byte) error {
	if p.bringing || len(p.content) == 0 {
		return nil
	}
	for _, m := range entityReference().FindAllSubmatchIndex(raw, maxEntities) {
		text, known := p.content[string(raw[m[2]:m[3]])]
		if !known || !strings.Contains(text, "<") {
			continue
		}
		if err := p.fragment(offset+m[0], text); err != nil {
			return err
		}
	}
	return nil
}

// fragment reads the elements in text as if they stood at offset.
func (p *parser) fragment(offset int, text string) error {
	depth := len(p.open)
	d := xml.NewDecoder(strings.NewReader("<x>" + text + "</x>"))
	d.CharsetReader = p.dec.CharsetReader
	if _, err := d.Token(); err != nil {
		return p.syntax(offset, "%v", err)
	}
	p.bringing = true
	defer func() { p.bringing = false }()
	for {
		token, err := d.Token()
		if err != nil {
			return p.syntax(offset, "what an entity stands for is no XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := p.start(offset, nil, token); err != nil {
				return err
			}
		case xml.EndElement:
			if len(p.open) == depth {
				return nil
			}
			p.open = p.open[:len(p.open)-1]
		}
	}
}
