package testscripts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/cmd"
	"muster/docs"
	"muster/internal/jsondoc"
	"muster/internal/verdict"
)

// undocumented is the status of a muster whose JSON docs/json.md does not have.
const undocumented = 99

// documented runs muster. What it prints with --json, in whichever script, is held
// against docs/json.md: the types of the lines, their fields and the fields' types.
func documented(args []string) int {
	if !slices.Contains(args, "--json") && !(len(args) > 1 && args[1] == "decode" && !slices.Contains(args, "--text")) {
		return cmd.Main(args)
	}
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return undocumented
	}
	stdout := os.Stdout
	var seen bytes.Buffer
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		if _, err := io.Copy(io.MultiWriter(stdout, &seen), r); err != nil {
			r.Close() // whoever read it has gone: muster sees it at its next write
		}
	}()
	os.Stdout = w
	status := cmd.Main(args)
	os.Stdout = stdout
	w.Close()
	<-copied
	if status == 0 || status == 1 || seen.Len() > 0 {
		err := checkJSON(args, seen.Bytes())
		if err == nil {
			err = checkTitles(seen.Bytes())
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "muster %s: its JSON is not as docs/json.md says: %v\n"+
				"(to put it right: jsonLines in cmd/json_test.go, then go test ./cmd -run TestJSONPage -update)\n", strings.Join(args, " "), err)
			return undocumented
		}
	}
	return status
}

func checkJSON(args []string, output []byte) error {
	page, err := jsondoc.Parse(docs.JSON)
	if err != nil {
		return err
	}
	c, _, err := cmd.Root().Find(args)
	if err != nil {
		return err
	}
	return page.Check(strings.TrimPrefix(c.CommandPath(), "muster "), output)
}

// checkTitles holds each verdict of the output, wherever it stands in a document, to the
// title and the page of its id in the catalogue.
func checkTitles(output []byte) error {
	dec := json.NewDecoder(bytes.NewReader(output))
	for v, whole := nextValue(dec); whole; v, whole = nextValue(dec) {
		if err := titles(v); err != nil {
			return err
		}
	}
	return nil
}

// nextValue reads the next document; false where the script cut it, as checkJSON knows.
func nextValue(dec *json.Decoder) (v any, whole bool) {
	whole = dec.Decode(&v) == nil
	return v, whole
}

func titles(v any) error {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := titles(x); err != nil {
				return err
			}
		}
	case map[string]any:
		id, isVerdict := v["id"].(string)
		for _, field := range []string{"title", "saw", "confidence", "docs"} {
			_, has := v[field]
			isVerdict = isVerdict && has
		}
		if isVerdict {
			e, ok := verdict.Find(verdict.ID(id))
			if !ok || v["title"] != e.Title || v["docs"] != verdict.DocsPage(e.ID) {
				return fmt.Errorf("the verdict %s has the title %q and the page %q, the catalogue %q", id, v["title"], v["docs"], e.Title)
			}
		}
		for _, x := range v {
			if err := titles(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestTitles: a title that is not the catalogue's is seen, also inside a document.
func TestTitles(t *testing.T) {
	e, ok := verdict.Find("route.none")
	if !ok {
		t.Fatal("no route.none")
	}
	form := `{"type":"summary","nodes":[{"verdicts":[{"id":%q,"title":%q,"saw":"","confidence":"likely","docs":%q}]}]}`
	docs := verdict.DocsPage(e.ID)
	if err := checkTitles(fmt.Appendf(nil, form, e.ID, e.Title, docs)); err != nil {
		t.Error(err)
	}
	for _, bad := range [][3]any{{e.ID, e.Failure, docs}, {"route.nosuch", e.Title, docs}, {e.ID, e.Title, "docs/checks/route.md"}} {
		if err := checkTitles(fmt.Appendf(nil, form, bad[:]...)); err == nil {
			t.Errorf("%v passes", bad)
		}
	}
}

// TestScriptsHaveJSON: the lines of every command of docs/json.md are seen for
// real in some script.
func TestScriptsHaveJSON(t *testing.T) {
	page, err := jsondoc.Parse(docs.JSON)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, l := range page.Lines {
		command, flag, _ := strings.Cut(l.Command, " --")
		if command == "*" || command == "tribes decode" {
			continue // it prints JSON in all its scripts
		}
		re := `(?m)^[^#\n]*\bmuster (.* )?` + command + `\b.* --json\b|^[^#\n]*\bmuster --json ` + command + `\b`
		if flag != "" {
			re = `(?m)^[^#\n]*\bmuster ` + command + `\b(.* --json\b.* --` + flag + `\b|.* --` + flag + `\b.* --json\b)`
		}
		if !regexp.MustCompile(re).MatchString(all.String()) {
			t.Errorf("no script runs muster %s with --json", l.Command)
		}
	}
}
