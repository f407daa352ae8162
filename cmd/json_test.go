package cmd

import (
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/cmd/internal/view"
	"muster/docs"
	"muster/internal/jsondoc"
)

// jsonLines are what each command prints with --json, line by line: the command
// (with the option that makes it another output), the word in the line's "type",
// and the struct. docs/json.md has them all.
var jsonLines = []struct {
	command string
	typ     string
	value   any
}{
	{"*", "summary", view.Unanswered{}},
	{"check", "verdict", view.Verdict{}},
	{"check", "summary", view.VerdictSummaryLine{}},
	{"discover", "product", view.DiscoverMember{}},
	{"discover", "verdict", view.Verdict{}},
	{"discover", "summary", view.DiscoverSummary{}},
	{"doctor", "member", view.DoctorMember{}},
	{"doctor", "verdict", view.Verdict{}},
	{"doctor", "remark", view.Verdict{}},
	{"doctor", "summary", view.DoctorSummary{}},
	{"compare", "row", view.CompareRow{}},
	{"compare", "verdict", view.Verdict{}},
	{"compare", "summary", view.CompareSummary{}},
	{"explain", "index", indexDocument{}},
	{"explain", "page", pageDocument{}},
	{"explain", "group", groupDocument{}},
	{"explain", "matches", matchesDocument{}},
	{"explain", "advisory", advisoryDocument{}},
	{"listen", "datagram", view.Datagram{}},
	{"listen", "summary", view.TrafficSummary{}},
	{"mesh", "node_added", view.MeshEvent{}},
	{"mesh", "node_left", view.MeshEvent{}},
	{"mesh", "node_gone", view.MeshEvent{}},
	{"mesh", "node_back", view.MeshEvent{}},
	{"mesh", "node_restarted", view.MeshEvent{}},
	{"mesh", "arrow_stopped", view.MeshEvent{}},
	{"mesh", "arrow_resumed", view.MeshEvent{}},
	{"mesh", "clock_jumped", view.MeshEvent{}},
	{"mesh", "matrix_complete", view.MeshEvent{}},
	{"mesh", "problem", view.MeshEvent{}},
	{"mesh", "node", view.MeshNode{}},
	{"mesh", "arrow", view.MeshDirection{}},
	{"mesh", "verdict", view.Verdict{}},
	{"mesh", "summary", view.MeshSummary{}},
	{"node", "sent", nodeLine{}},
	{"node", "received", nodeLine{}},
	{"node", "summary", nodeSummary{}},
	{"ping", "reply", view.PingReply{}},
	{"ping", "responder", view.PingResponder{}},
	{"ping", "verdict", view.Verdict{}},
	{"ping", "summary", view.PingSummary{}},
	{"ping --ttl", "ttl", view.PingSweepRow{}},
	{"ping --ttl", "summary", view.PingSweepSummary{}},
	{"ping --size", "size", view.PingSweepRow{}},
	{"ping --size", "summary", view.PingSweepSummary{}},
	{"ping --respond", "asker", view.PingAsker{}},
	{"ping --respond", "summary", view.RespondSummary{}},
	{"querier", "query", view.QuerierQuery{}},
	{"querier", "querier", view.QuerierRow{}},
	{"querier", "interface", view.QuerierLink{}},
	{"querier", "membership", view.QuerierMembership{}},
	{"querier", "verdict", view.Verdict{}},
	{"querier", "summary", view.QuerierSummary{}},
	{"send", "summary", sendSummary{}},
	{"smoke", "step", view.SmokeStep{}},
	{"smoke", "verdict", view.Verdict{}},
	{"smoke", "summary", view.SmokeSummary{}},
	{"sniff", "packet", view.SniffPacket{}},
	{"sniff", "message", view.SniffMessage{}},
	{"sniff", "ack", view.SniffMessage{}},
	{"sniff", "fail_ack", view.SniffMessage{}},
	{"sniff", "invalid", view.SniffMessage{}},
	{"sniff", "verdict", view.Verdict{}},
	{"sniff", "summary", view.SniffSummary{}},
	{"tribes config", "config", view.ConfigDocument{}},
	{"tribes logs", "node", view.LogNode{}},
	{"tribes logs", "event", view.LogEvent{}},
	{"tribes logs", "pair", view.LogPair{}},
	{"tribes logs", "verdict", view.Verdict{}},
	{"tribes logs", "summary", view.LogSummary{}},
	{"tribes decode", "heartbeat", view.DecodedLine{}},
	{"tribes decode", "frame", view.DecodedLine{}},
	{"tribes decode", "message", view.DecodedLine{}},
	{"tribes decode", "ack", view.DecodedLine{}},
	{"tribes decode", "fail_ack", view.DecodedLine{}},
	{"tribes decode", "incomplete", view.DecodedLine{}},
	{"tribes decode", "invalid", view.DecodedLine{}},
	{"tribes decode", "java", view.DecodedJava{}},
	{"tribes decode", "summary", view.DecodedSummary{}},
	{"tribes join", "joined", joinedLine{}},
	{"tribes join", "member_added", view.MemberEvent{}},
	{"tribes join", "member_alive", view.MemberEvent{}},
	{"tribes join", "member_suspect", view.MemberEvent{}},
	{"tribes join", "member_disappeared", view.MemberEvent{}},
	{"tribes join", "verdict", view.Verdict{}},
	{"tribes join", "summary", joinSummaryLine{}},
	{"tribes members", "member", view.MemberRow{}},
	{"tribes members", "verdict", view.Verdict{}},
	{"tribes members", "member_added", view.MemberEvent{}},
	{"tribes members", "member_alive", view.MemberEvent{}},
	{"tribes members", "member_suspect", view.MemberEvent{}},
	{"tribes members", "member_disappeared", view.MemberEvent{}},
	{"tribes members", "summary", membershipSummary{}},
	{"tribes members --dns", "named", view.NamedMember{}},
	{"tribes members --dns", "verdict", view.Verdict{}},
	{"tribes members --dns", "summary", providerSummary{}},
	{"tribes probe", "probe", probeLine{}},
	{"tribes probe", "verdict", view.Verdict{}},
	{"tribes probe", "summary", probeSummary{}},
	{"tribes send", "sent", sentLine{}},
	{"tribes send", "summary", tribesSendSummary{}},
	{"tribes send --bench", "bench", benchLine{}},
	{"tribes send --bench", "summary", benchSummary{}},
	{"tribes sessions", "joined", joinedLine{}},
	{"tribes sessions", "member_added", view.MemberEvent{}},
	{"tribes sessions", "member_alive", view.MemberEvent{}},
	{"tribes sessions", "member_suspect", view.MemberEvent{}},
	{"tribes sessions", "member_disappeared", view.MemberEvent{}},
	{"tribes sessions", "session_created", view.SessionEvent{}},
	{"tribes sessions", "session_changed", view.SessionEvent{}},
	{"tribes sessions", "session_accessed", view.SessionEvent{}},
	{"tribes sessions", "session_expired", view.SessionEvent{}},
	{"tribes sessions", "session_renamed", view.SessionEvent{}},
	{"tribes sessions", "session_moved", view.SessionEvent{}},
	{"tribes sessions", "session_placed", view.SessionEvent{}},
	{"tribes sessions", "session_fetched", view.SessionEvent{}},
	{"tribes sessions", "state_asked", view.SessionEvent{}},
	{"tribes sessions", "state_sent", view.SessionEvent{}},
	{"tribes sessions", "state_complete", view.SessionEvent{}},
	{"tribes sessions", "state_none", view.SessionEvent{}},
	{"tribes sessions", "map_started", view.SessionEvent{}},
	{"tribes sessions", "map_stopped", view.SessionEvent{}},
	{"tribes sessions", "ack", view.SessionEvent{}},
	{"tribes sessions", "fail_ack", view.SessionEvent{}},
	{"tribes sessions", "unreadable", view.SessionEvent{}},
	{"tribes sessions", "session", view.SessionRow{}},
	{"tribes sessions", "context", view.ContextRow{}},
	{"tribes sessions", "node", view.NodeRow{}},
	{"tribes sessions", "verdict", view.Verdict{}},
	{"tribes sessions", "summary", sessionsSummary{}},
	{"version", "version", versionDocument{}},
}

const (
	jsonPage = "../docs/json.md"
	// jsonAdvice ends each failure of the page.
	jsonAdvice = "\nto put it right: every kind of line a command prints with --json stands in jsonLines (cmd/json_test.go); then\n" +
		"'go test ./cmd -run TestJSONPage -update' adds to docs/json.md what is missing and takes out what is gone, with the\n" +
		"comments of the structs as the meanings; read the page and write what the comments left empty"
)

// TestJSONPage holds docs/json.md to the structs that are printed.
func TestJSONPage(t *testing.T) {
	have, err := jsondoc.Parse(docs.JSON)
	if err != nil {
		t.Fatal(err, jsonAdvice)
	}
	var values []any
	want := &jsondoc.Page{Intro: have.Intro}
	for _, l := range jsonLines {
		values = append(values, l.value)
		want.Lines = append(want.Lines, jsondoc.Line{Command: l.command, Type: l.typ, Object: jsondoc.NameOf(l.value)})
	}
	objects, sources, err := jsondoc.Of(values...)
	if err != nil {
		t.Fatal(err, jsonAdvice)
	}
	want.Objects = objects
	slices.SortFunc(want.Objects, func(a, b jsondoc.Object) int { return strings.Compare(a.Name, b.Name) })
	keepWords(want, have)
	typeWords(want)
	if *updateConfigGolden {
		commentWords(t, want, sources)
		if err := os.WriteFile(jsonPage, []byte(want.Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want.Markdown() != docs.JSON {
		t.Errorf("docs/json.md is not what the structs are:\n%s%s", difference(docs.JSON, want.Markdown()), jsonAdvice)
	}
	for _, missing := range wordless(want) {
		t.Errorf("docs/json.md does not say what %s is%s", missing, jsonAdvice)
	}
}

// TestJSONStructs: no struct of the command line with JSON names is forgotten.
func TestJSONStructs(t *testing.T) {
	var values []any
	for _, l := range jsonLines {
		values = append(values, l.value)
	}
	_, sources, err := jsondoc.Of(values...)
	if err != nil {
		t.Fatal(err)
	}
	reached := map[jsondoc.Source]bool{}
	for _, s := range sources {
		reached[s] = true
	}
	for _, dir := range []string{".", "internal/view"} {
		structs, err := jsondoc.Structs(dir)
		if err != nil {
			t.Fatal(err)
		}
		for name := range structs {
			if s := (jsondoc.Source{Package: path.Join("muster/cmd", dir), Type: name}); !reached[s] {
				t.Errorf("%s.%s has JSON names, but no line that a command prints leads to it%s", s.Package, name, jsonAdvice)
			}
		}
	}
}

// TestJSONCommands: every command that runs has its lines on the page, and no
// line is of a command that there is not.
func TestJSONCommands(t *testing.T) {
	listed := map[string]bool{}
	for _, l := range jsonLines {
		command, flag, _ := strings.Cut(l.command, " --")
		if command == "*" {
			continue
		}
		listed[command] = true
		c, rest, err := Root().Find(strings.Fields(command))
		if err != nil || len(rest) > 0 {
			t.Errorf("there is no command %q", command)
		} else if flag != "" && c.Flags().Lookup(flag) == nil {
			t.Errorf("muster %s has no --%s", command, flag)
		}
	}
	for _, group := range []string{"", "tribes"} {
		c, _, err := Root().Find(strings.Fields(group))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range c.Commands() {
			name := strings.TrimPrefix(c.CommandPath(), "muster ")
			if c.HasSubCommands() || c.Hidden || name == "help" || name == "completion" {
				continue
			}
			if !listed[name] {
				t.Errorf("muster %s prints nothing that docs/json.md tells%s", name, jsonAdvice)
			}
		}
	}
}

// keepWords puts into want what people wrote on the page before.
func keepWords(want, have *jsondoc.Page) {
	for i := range want.Lines {
		l := &want.Lines[i]
		for _, old := range have.Lines {
			if old.Command == l.Command && old.Type == l.Type && old.Object == l.Object {
				l.When = old.When
			}
		}
	}
	for i := range want.Objects {
		o := &want.Objects[i]
		old, ok := have.Object(o.Name)
		if !ok {
			continue
		}
		o.Text = old.Text
		for j := range o.Fields {
			f := &o.Fields[j]
			for _, g := range old.Fields {
				if g.Name == f.Name {
					f.Meaning = g.Meaning
				}
			}
		}
	}
}

// typeWords says of each line's type what it is, and of what is embedded that it is.
func typeWords(p *jsondoc.Page) {
	for i := range p.Objects {
		o := &p.Objects[i]
		var types []string
		for _, l := range p.Lines {
			if word := "`" + l.Type + "`"; l.Object == o.Name && !slices.Contains(types, word) {
				types = append(types, word)
			}
		}
		for j := range o.Fields {
			switch f := &o.Fields[j]; {
			case f.Name == "type" && len(types) > 0:
				f.Meaning = strings.Join(types, ", ")
			case f.Name == jsondoc.Embedded:
				f.Meaning = "its fields are fields of this"
			}
		}
	}
}

// commentWords fills what the page does not say with the comments of the structs.
func commentWords(t *testing.T, want *jsondoc.Page, sources map[string]jsondoc.Source) {
	t.Helper()
	for i := range want.Objects {
		o := &want.Objects[i]
		s := sources[o.Name]
		structs, err := jsondoc.Structs(filepath.Join("..", strings.TrimPrefix(s.Package, "muster/")))
		if err != nil {
			t.Fatal(err)
		}
		says := structs[s.Type]
		if o.Text == "" {
			o.Text = says[""]
		}
		for j := range o.Fields {
			if f := &o.Fields[j]; f.Meaning == "" {
				f.Meaning = says[f.Name]
			}
		}
	}
}

// wordless are the places of the page that say nothing.
func wordless(p *jsondoc.Page) []string {
	var out []string
	for _, l := range p.Lines {
		if l.When == "" {
			out = append(out, "the line "+l.Type+" of muster "+l.Command)
		}
	}
	for _, o := range p.Objects {
		if o.Text == "" {
			out = append(out, "the object "+o.Name)
		}
		for _, f := range o.Fields {
			if f.Meaning == "" {
				out = append(out, "the field "+f.Name+" of "+o.Name)
			}
		}
	}
	return out
}

// difference lists the lines that only one of two texts has.
func difference(have, want string) string {
	var b strings.Builder
	a, c := strings.Split(have, "\n"), strings.Split(want, "\n")
	for _, l := range a {
		if !slices.Contains(c, l) {
			b.WriteString("on the page only: " + l + "\n")
		}
	}
	for _, l := range c {
		if !slices.Contains(a, l) {
			b.WriteString("of the structs:   " + l + "\n")
		}
	}
	if b.Len() == 0 {
		return "the order differs\n"
	}
	return b.String()
}

// TestJSONPageFails: a field more, a field less and another type are seen.
func TestJSONPageFails(t *testing.T) {
	type before struct {
		Type string `json:"type"`
		N    int    `json:"n"`
	}
	type after struct {
		Type string  `json:"type"`
		N    float64 `json:"n"`
		More []bool  `json:"more,omitempty"`
	}
	for _, v := range []any{before{}, after{}} {
		objects, _, err := jsondoc.Of(v)
		if err != nil {
			t.Fatal(err)
		}
		if want := reflect.TypeOf(v).NumField(); len(objects) != 1 || len(objects[0].Fields) != want {
			t.Fatalf("%v: %+v", reflect.TypeOf(v), objects)
		}
		p := &jsondoc.Page{Lines: []jsondoc.Line{{Command: "x", Type: "summary", Object: objects[0].Name}}, Objects: objects}
		again, err := jsondoc.Parse(p.Markdown())
		if err != nil || again.Markdown() != p.Markdown() {
			t.Errorf("the page does not read as it is written (%v):\n%s", err, p.Markdown())
		}
		for line, ok := range map[string]bool{
			`{"type":"summary","n":1}`:                            true,
			`{"type":"summary","n":1.5}`:                          len(objects[0].Fields) == 3,
			`{"type":"summary","n":1,"more":[true]}`:              len(objects[0].Fields) == 3,
			`{"type":"summary","n":1,"more":["true"]}`:            false,
			`{"type":"summary"}`:                                  false,
			`{"type":"other","n":1}`:                              false,
			`{"type":"summary","n":1,"unheard_of":1}`:             false,
			`{"type":"summary","n":null}`:                         false,
			`{"type":"summary","n":1} and what is no JSON at all`: false,
		} {
			if err := again.Check("x", []byte(line)); (err == nil) != ok {
				t.Errorf("%v, %s: %v", objects[0].Name, line, err)
			}
		}
	}
}
