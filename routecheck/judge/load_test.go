package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

// saved are the facts of a host in few bytes.
func saved(t testing.TB, f *facts.Facts) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Save(&b); err != nil {
		t.Fatal(err)
	}
	var short bytes.Buffer
	if err := json.Compact(&short, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	return short.Bytes()
}

// TestLoadCut: a file that ends early is refused in a sentence, wherever it ends.
func TestLoadCut(t *testing.T) {
	text := saved(t, healthy().Facts)
	sentence := regexp.MustCompile(`^read facts: (the file is empty|the file ends in the middle, after \d+ bytes)$`)
	for n := range text {
		if _, err := facts.Load(bytes.NewReader(text[:n])); err == nil || !sentence.MatchString(err.Error()) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	if _, err := facts.Load(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

// TestLoadRefuses: what is no facts file, or one of another time, is told as such.
func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct{ text, says string }{
		{"", "the file is empty"},
		{"   \n", "ends in the middle"},
		{"<Server/>", "no JSON at byte 1"},
		{"[1,2]", "is a array and should be a"},
		{"{}", "no facts of a host"},
		{`{"version":1}`, "no facts of a host"},
		{`{"type":"verdict","id":"route.none","status":"fail"}`, "no facts of a host"},
		{`{"version":2,"os":"linux"}`, "their form is version 2, this muster knows up to 1"},
		{`{"version":99999999,"os":"linux","links":"of another form"}`, "their form is version 99999999"},
		{`{"version":0,"os":"linux"}`, "there is no version 0"},
		{`{"version":-1,"os":"linux"}`, "there is no version -1"},
		{`{"version":"1","os":"linux"}`, "version at byte"},
		{`{"version":1,"os":"linux","links":{"value":{}}}`, "links.value at byte"},
		{`{"version":1,"os":"linux","query":{"group":"nonsense"}}`, "read facts: "},
		{`{"version":1,"os":"linux"} and more`, "no JSON at byte"},
		{strings.Repeat("[", 1<<20), "exceeded max depth"},
		{`{"version":1,"os":"linux","links":{"value":` + strings.Repeat("[", 1<<16), "exceeded max depth"},
		{`{"version":1,"os":"` + strings.Repeat("x", 64<<20), "larger than 64 MiB"},
	} {
		_, err := facts.Load(strings.NewReader(tt.text))
		if err == nil || !strings.HasPrefix(err.Error(), "read facts: ") || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.60s: %v, want %q", tt.text, err, tt.says)
		}
	}
}

// TestLoadAnyValue: each value of a facts file, replaced by every other kind of
// value, makes a file that is refused or one that can be judged.
func TestLoadAnyValue(t *testing.T) {
	var tree any
	if err := json.Unmarshal(saved(t, healthy().Facts), &tree); err != nil {
		t.Fatal(err)
	}
	others := []any{nil, true, -1.0, 1e18, 0.5, "", "x", "::ffff:224.0.0.1/200", strings.Repeat("9", 1000), []any{}, map[string]any{}, []any{nil, 1.0, "x"}, map[string]any{"value": map[string]any{"x": 1.0}, "from": "x"}}
	loaded, refused := 0, 0
	try := func(where string) {
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		f, err := facts.Load(bytes.NewReader(text))
		if err != nil {
			refused++
			if !strings.HasPrefix(err.Error(), "read facts: ") {
				t.Errorf("%s: %v", where, err)
			}
			return
		}
		loaded++
		whole(t, where, f)
	}
	var walk func(where string, v any, set func(any))
	walk = func(where string, v any, set func(any)) {
		for i, o := range others {
			set(o)
			try(fmt.Sprintf("%s as other %d", where, i))
		}
		set(v)
		switch v := v.(type) {
		case map[string]any:
			for name, x := range v {
				walk(where+"."+name, x, func(o any) { v[name] = o })
			}
		case []any:
			for i, x := range v {
				if i < 2 {
					walk(fmt.Sprintf("%s[%d]", where, i), x, func(o any) { v[i] = o })
				}
			}
		}
	}
	walk("", tree, func(o any) { tree = o })
	if loaded < 500 || refused < 1000 {
		t.Errorf("%d files were loaded and %d refused: that is no test", loaded, refused)
	}
}

// whole judges facts, plain and redacted: whatever they hold, every check gives
// its verdict, and a complete one.
func whole(t testing.TB, where string, f *facts.Facts) {
	t.Helper()
	given := map[verdict.ID]bool{}
	for _, v := range Facts(f, nil) {
		given[v.ID] = true
		if v.Saw == "" || v.Title == "" {
			t.Errorf("%s: %+v is not complete", where, v)
		}
	}
	if len(given) != len(All) {
		t.Errorf("%s: %d of %d checks gave a verdict", where, len(given), len(All))
	}
	if err := Redact(f); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	Facts(f, nil)
}

// TestNoFacts: a host of which nothing is known passes nothing that would take
// facts.
func TestNoFacts(t *testing.T) {
	for _, os := range []string{"linux", "darwin", "windows", "freebsd", "plan9", "x"} {
		f, err := facts.Load(strings.NewReader(`{"version":1,"os":"` + os + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		whole(t, os, f)
		for _, v := range Facts(f, nil) {
			switch {
			case v.Status.Bad():
				t.Errorf("%s: %s is a %s: %s", os, v.ID, v.Status, v.Saw)
			case v.Status == verdict.Pass && !strings.HasPrefix(string(v.ID), "group.") && v.ID != "switch.mac-alias" && v.ID != "ipv6.scope" && !(os == "windows" && v.ID == "sock.bind-group"):
				t.Errorf("%s: %s passes, and nothing is known: %s", os, v.ID, v.Saw)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(saved(f, healthy().Facts))
	for _, x := range fixtures(f) {
		bad := healthy()
		x.bad(bad)
		f.Add(saved(f, bad.Facts))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if facts, err := facts.Load(bytes.NewReader(text)); err == nil {
			whole(t, "fuzz", facts)
		}
	})
}
