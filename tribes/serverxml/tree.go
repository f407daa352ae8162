package serverxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/internal/lazyregexp"
)

// node is an element with the places of its tag and attributes.
type node struct {
	name     string
	pos      Position
	attrs    []attr
	children []*node
	parent   *node
	text     string // between the tags, its first [maxNodeText] bytes
}

// maxNodeText bounds the text that is kept of an element: class names and words.
const maxNodeText = 256

type attr struct {
	name, value string
	pos         Position // of the name
	entity      string   // an entity of the DTD that the value refers to
}

func (n *node) attr(name string) (attr, bool) {
	for _, a := range n.attrs {
		if a.name == name {
			return a, true
		}
	}
	return attr{}, false
}

// all calls visit for n and everything below it.
func (n *node) all(visit func(*node)) {
	visit(n)
	for _, c := range n.children {
		c.all(visit)
	}
}

// Entity is an entity that the file's DTD declares, or a reference to one. What an
// external one stands for is never read.
type Entity struct {
	Position
	Name string `json:"name"`
	// System is the file or address that an external entity stands for.
	System string `json:"system,omitempty"`
	// Used: the text refers to it (and where, the first time).
	Used *Position `json:"used,omitempty"`

	read bool // its text is put in
}

// document is what could be read of a file.
type document struct {
	*text
	root     *node
	entities []Entity
	declared int        // all declarations, also those beyond maxEntities
	inactive []Position // "<Cluster" inside comments
	// after is what stands behind the root element and is no XML: Tomcat has
	// built its server by then, complains and starts.
	after *SyntaxError
}

// readDocument parses src. A *SyntaxError is one that stops Tomcat as well;
// every other error means that the file could not be judged.
func readDocument(src Source) (*document, error) {
	t, err := readText(src)
	if err != nil {
		return nil, err
	}
	// XML 1.1 differs in characters that no configuration holds; the decoder
	// knows 1.0 only.
	if m := xmlVersion11().FindSubmatchIndex(t.data[:min(len(t.data), 64)]); m != nil {
		t.data[m[3]-1] = '0'
	}
	d := &document{text: t}
	p := parser{document: d, dec: xml.NewDecoder(bytes.NewReader(t.data)), values: map[string]string{},
		internal: map[string]string{}, content: map[string]string{}}
	p.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // decoded already
	p.dec.Entity = p.values
	err = p.run()
	var bad *SyntaxError
	if errors.As(err, &bad) && d.root != nil && len(p.open) == 0 {
		d.after, err = bad, nil
	}
	if err != nil {
		return nil, err
	}
	if d.root == nil {
		return nil, t.syntax(len(t.data), "no element in it")
	}
	return d, nil
}

var xmlVersion11 = lazyregexp.New(`^<\?xml\s+version\s*=\s*["'](1\.1)["']`)

type parser struct {
	*document
	dec        *xml.Decoder
	values     map[string]string // of the entities, as the decoder puts them in; "" is known, and nothing
	internal   map[string]string // the text of entities that have one, as it is declared
	content    map[string]string // the same, with the entities in it
	bringing   bool              // elements of an entity are being read
	open       []*node
	elements   int
	attributes int
}

func (p *parser) run() error {
	for {
		begin := int(p.dec.InputOffset())
		token, err := p.dec.Token()
		end := int(p.dec.InputOffset())
		if err == io.EOF {
			if n := len(p.open); n > 0 {
				return p.syntax(len(p.data), "the file ends inside <%s> of line %d", p.open[n-1].name, p.open[n-1].pos.Line)
			}
			return nil
		}
		if err != nil {
			return p.refused(begin, err)
		}
		raw := p.data[begin:end]
		switch token := token.(type) {
		case xml.StartElement:
			err = p.start(begin, raw, token)
		case xml.EndElement:
			p.open = p.open[:len(p.open)-1]
		case xml.CharData:
			err = p.chars(begin, raw, token)
		case xml.Comment:
			for i := 0; ; {
				j := bytes.Index(raw[i:], []byte("<Cluster"))
				if j < 0 || len(p.inactive) == maxEntities {
					break
				}
				i += j + 1
				p.inactive = append(p.inactive, p.at(begin+i-1))
			}
		case xml.Directive:
			p.doctype(begin, raw)
		}
		if err != nil {
			return err
		}
	}
}

// refused words the decoder's error and finds its place.
func (p *parser) refused(begin int, err error) error {
	var s *xml.SyntaxError
	if !errors.As(err, &s) {
		return p.syntax(int(p.dec.InputOffset()), "%v", err)
	}
	at := int(p.dec.InputOffset())
	switch {
	case strings.Contains(s.Msg, "element") && len(p.open) > 0 && strings.Contains(s.Msg, "closed by"):
		at = begin
	case s.Msg == "unexpected EOF" && len(p.open) > 0:
		o := p.open[len(p.open)-1]
		return p.syntax(len(p.data), "the file ends inside <%s> of line %d", o.name, o.pos.Line)
	}
	return p.syntax(at, "%s", s.Msg)
}

func (p *parser) start(begin int, raw []byte, e xml.StartElement) error {
	p.elements++
	p.attributes += len(e.Attr)
	switch {
	case p.elements > maxElements:
		return p.tooMuch(begin, "more than %d elements", maxElements)
	case p.attributes > maxAttributes:
		return p.tooMuch(begin, "more than %d attributes", maxAttributes)
	case len(p.open) >= maxDepth:
		return p.tooMuch(begin, "elements nested deeper than %d", maxDepth)
	case len(p.open) == 0 && p.root != nil:
		return p.syntax(begin, "a second root element <%s>", e.Name.Local)
	}
	n := &node{name: e.Name.Local, pos: p.at(begin)}
	places := attributePlaces(raw)
	seen := make(map[string]bool, len(e.Attr))
	for i, a := range e.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			continue
		}
		x := attr{name: a.Name.Local, value: a.Value, pos: n.pos}
		if i < len(places) {
			x.pos = p.at(begin + places[i].name)
			x.entity = p.reference(begin+places[i].value, raw[places[i].value:places[i].end])
			if seen[places[i].text] {
				return p.syntax(begin+places[i].name, "attribute %q was already given in this element", places[i].text)
			}
			seen[places[i].text] = true
		}
		n.attrs = append(n.attrs, x)
	}
	if len(p.open) == 0 {
		p.root = n
	} else {
		n.parent = p.open[len(p.open)-1]
		n.parent.children = append(n.parent.children, n)
	}
	p.open = append(p.open, n)
	return nil
}

// tooMuch is no mistake of the file: we only stop here.
func (p *parser) tooMuch(offset int, format string, args ...any) error {
	return fmt.Errorf("read %s: at %s: %s: no configuration of Tomcat has that, and it is not read further",
		p.name, p.at(offset), fmt.Sprintf(format, args...))
}

func (p *parser) chars(begin int, raw []byte, token xml.CharData) error {
	if len(p.open) == 0 {
		if i := bytes.IndexFunc(raw, func(r rune) bool { return !strings.ContainsRune(" \t\r\n\ufeff", r) }); i >= 0 {
			return p.syntax(begin+i, "text outside the root element")
		}
		return nil
	}
	// No text of server.xml matters, but names in a web.xml.
	n := p.open[len(p.open)-1]
	if room := maxNodeText - len(n.text); room > 0 {
		n.text += string(token[:min(len(token), room)])
	}
	p.reference(begin, raw)
	return p.bring(begin, raw)
}

var entityReference = lazyregexp.New(`&([A-Za-z_:][A-Za-z0-9._:-]*);`)

// reference notes a use of a declared entity in raw and returns its name.
func (p *parser) reference(offset int, raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return ""
	}
	found := ""
	for _, m := range entityReference().FindAllSubmatchIndex(raw, maxEntities) {
		name := string(raw[m[2]:m[3]])
		if _, ok := p.values[name]; !ok {
			continue
		}
		if _, read := p.content[name]; !read {
			found = name
		}
		for i := range p.entities {
			if e := &p.entities[i]; e.Name == name && e.Used == nil {
				at := p.at(offset + m[0])
				e.Used = &at
			}
		}
	}
	return found
}

var entityDeclaration = lazyregexp.New(
	`<!ENTITY\s+(%\s+)?([^\s"'>]{1,100})\s+(?:(SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+)?("[^"]*"|'[^']*')`)

// doctype notes the entities that a DOCTYPE declares. From then on the decoder accepts
// references to them: it puts their text in, and nothing for those that stand for a file.
func (p *parser) doctype(begin int, raw []byte) {
	for _, m := range entityDeclaration().FindAllSubmatchIndex(raw, -1) {
		p.declared++
		if m[2] >= 0 || len(p.entities) == maxEntities { // a parameter entity stays inside the DTD
			continue
		}
		e := Entity{Position: p.at(begin + m[0]), Name: string(raw[m[4]:m[5]])}
		if m[6] >= 0 {
			e.System = string(raw[m[8]+1 : m[9]-1])
		} else if _, again := p.values[e.Name]; !again { // the first declaration counts
			p.internal[e.Name] = string(raw[m[8]+1 : m[9]-1])
		}
		p.values[e.Name] = ""
		p.entities = append(p.entities, e)
	}
	p.settle()
}

// place is where an attribute stands in the bytes of its tag.
type place struct {
	name, value, end int
	text             string
}

// attributePlaces finds the attributes in a tag that the decoder has accepted.
func attributePlaces(tag []byte) []place {
	var out []place
	i := bytes.IndexAny(tag, " \t\r\n")
	for i >= 0 && i < len(tag) {
		for i < len(tag) && strings.IndexByte(" \t\r\n/>", tag[i]) >= 0 {
			i++
		}
		begin := i
		for i < len(tag) && strings.IndexByte(" \t\r\n=", tag[i]) < 0 {
			i++
		}
		name := string(tag[begin:i])
		for i < len(tag) && tag[i] != '"' && tag[i] != '\'' {
			i++
		}
		if i >= len(tag) {
			break
		}
		quote := tag[i]
		value := i + 1
		for i++; i < len(tag) && tag[i] != quote; i++ {
		}
		out = append(out, place{begin, value, min(i, len(tag)), name})
		i++
	}
	return out
}
