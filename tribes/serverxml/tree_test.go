package serverxml

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func source(s string) Source { return Source{Name: "server.xml", Data: strings.NewReader(s)} }

func TestPositions(t *testing.T) {
	d, err := readDocument(source("<?xml version='1.0' encoding=\"UTF-8\"?>\r\n" +
		"<!-- ümlaut -->\n<Server a='1'\n  b = \"2>3\"\tc='x'><Ü d=\"\"/><E\n/></Server>\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	d.root.all(func(n *node) {
		got = append(got, fmt.Sprintf("%s %s", n.name, n.pos))
		for _, a := range n.attrs {
			got = append(got, fmt.Sprintf("%s=%s %s", a.name, a.value, a.pos))
		}
	})
	want := "Server 3:1, a=1 3:9, b=2>3 4:3, c=x 4:13, Ü 4:19, d= 4:22, E 4:28"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
}

func TestBadXML(t *testing.T) {
	nested := strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65)
	for _, c := range []struct {
		name, in, want string
		broken         bool // Tomcat refuses it too
	}{
		{"empty", "", "1:1: no element in it", true},
		{"cut short", "<Server>\n <Service>\n", "3:1: the file ends inside <Service> of line 2", true},
		{"wrong end", "<Server>\n<Service></Server>", "2:10: element <Service> closed by </Server>", true},
		{"twice", "<Server a='1' b='2'\n a='3'/>", `2:2: attribute "a" was already given`, true},
		{"no quotes", "<Server a=1/>", "unquoted or missing attribute value", true},
		{"undeclared entity", "<Server>&cluster;</Server>", "invalid character entity &cluster;", true},
		{"no UTF-8", "<Server>\n\xe4</Server>", "2:1: this byte (0xe4) is no UTF-8", true},
		{"not ASCII", "<?xml version='1.0' encoding='US-ASCII'?><Server>ä</Server>", "this byte (0xc3) is none of it", true},
		{"half a character", "\xff\xfe<\x00a", "half a character", true},
		{"unknown encoding", "<?xml version='1.0' encoding='EBCDIC-CP-DE'?><Server/>", `encoding "EBCDIC-CP-DE" is not known here`, false},
		{"too large", "<Server>" + strings.Repeat(" ", maxBytes) + "</Server>", "larger than 4 MiB", false},
		{"too deep", nested, "nested deeper than 64", false},
		{"too many elements", "<a>" + strings.Repeat("<b/>", maxElements) + "</a>", "more than 50000 elements", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readDocument(source(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			var s *SyntaxError
			if errors.As(err, &s) != c.broken {
				t.Errorf("a *SyntaxError: %v, want %v: %v", !c.broken, c.broken, err)
			}
		})
	}
}

// Verify that what stands behind the end does not hide what stands before it.
func TestAfterTheEnd(t *testing.T) {
	for in, want := range map[string]string{
		"<Server/>\n<Server/>": "server.xml:2:1: a second root element <Server>",
		"<Server/> x":          "server.xml:1:11: text outside the root element",
		"<Server/><":           "server.xml:1:11: unexpected EOF",
	} {
		d, err := readDocument(source(in))
		if err != nil || d.after == nil || d.after.Error() != want {
			t.Errorf("%q: %v, %v; want %s", in, err, d.after, want)
		}
	}
}

// Verify that Latin-1, UTF-16 and a byte order mark read as the same file.
func TestEncodings(t *testing.T) {
	for name, in := range map[string]string{
		"UTF-8":       "<Server a='ä'/>",
		"with a mark": "\xef\xbb\xbf<?xml version='1.1' encoding='utf-8'?><Server a='ä'/>",
		"Latin-1":     "<?xml version='1.0' encoding='ISO-8859-1'?><Server a='\xe4'/>",
		"UTF-16LE":    "\xff\xfe<\x00S\x00e\x00r\x00v\x00e\x00r\x00 \x00a\x00=\x00'\x00\xe4\x00'\x00/\x00>\x00",
		"UTF-16BE":    "\xfe\xff\x00<\x00S\x00e\x00r\x00v\x00e\x00r\x00 \x00a\x00=\x00'\x00\xe4\x00'\x00/\x00>",
	} {
		d, err := readDocument(source(in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a, _ := d.root.attr("a"); a.value != "ä" {
			t.Errorf("%s: a=%q", name, a.value)
		}
	}
}

const laughs = `<?xml version="1.0"?>
<!DOCTYPE Server [
 <!ENTITY lol "lol">
 <!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">
 <!ENTITY cluster SYSTEM "file:///etc/passwd">
 <!ENTITY pub PUBLIC "-//x//y" "http://example.com/x">
 <!ENTITY % param SYSTEM "other.dtd">
]>
<Server a="&lol2;">
  &cluster;
  <Service>&lol2;</Service>
</Server>`

// Verify that no file of a DTD is followed, and that all of it is told.
func TestEntities(t *testing.T) {
	d, err := readDocument(source(laughs))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range d.entities {
		s := fmt.Sprintf("%s %s %q", e.Name, e.Position, e.System)
		if e.Used != nil {
			s += " used " + e.Used.String()
		}
		got = append(got, s)
	}
	want := `lol 3:2 "", lol1 4:2 "", lol2 5:2 "" used 10:12, cluster 6:2 "file:///etc/passwd" used 11:3, pub 7:2 "http://example.com/x"`
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
	if a := d.root.attrs[0]; a.value != strings.Repeat("lol", 100) || a.entity != "" {
		t.Errorf("attribute is %q with entity %q", a.value, a.entity)
	}
	if d.declared != 6 {
		t.Errorf("%d declarations, want 6", d.declared)
	}
}
