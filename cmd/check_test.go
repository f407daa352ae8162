package cmd

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestCheckBadFacts: whatever file is given for facts, there is a clear word and
// an exit status, and nothing on stdout.
func TestCheckBadFacts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	whole := filepath.Join(dir, "whole")
	if _, errs, status := runConfigLine(t, "", "check", "--save", whole); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, file string
		says       []string
	}{
		{"missing", filepath.Join(dir, "nothing"), []string{"open facts: ", "no such file"}},
		{"a folder", dir, []string{"read facts: "}},
		{"empty", write("empty", ""), []string{"the file is empty"}},
		{"cut", write("cut", string(text[:len(text)/2])), []string{"the file ends in the middle, after"}},
		{"newer", write("newer", strings.Replace(string(text), `"version": 1`, `"version": 7`, 1)), []string{"version 7, this muster knows up to 1", "hint: judge them with the muster that wrote them"}},
		{"server.xml", write("server.xml", "<Server/>"), []string{"no JSON at byte 1"}},
		{"other JSON", write("other.json", `{"type":"verdict"}`), []string{"no facts of a host", "hint: facts are written by: muster check --save FILE"}},
		{"deep", write("deep", strings.Repeat(`{"links":`, 1<<17)), []string{"exceeded max depth"}},
		{"wrong type", write("wrong", `{"version":1,"os":"linux","links":"all"}`), []string{"links at byte"}},
	} {
		for _, json := range []bool{false, true} {
			args := []string{"check", "--from", tt.file}
			if json {
				args = append(args, "--json")
			}
			out, errs, status := runConfigLine(t, "", args...)
			if status != 3 || (out != "") != json || json && !strings.Contains(out, `,"status":"unknown","took_ms":`) {
				t.Errorf("%s: status %d, stdout %q", tt.name, status, out)
			}
			for _, s := range tt.says {
				if !strings.Contains(errs, s) {
					t.Errorf("%s: stderr %q does not say %q", tt.name, errs, s)
				}
			}
		}
	}
}

// TestCheckNothingKnown: facts without facts give verdicts that say so, and exit
// status 3.
func TestCheckNothingKnown(t *testing.T) {
	for _, os := range []string{"linux", "windows", "plan9"} {
		out, errs, status := runConfigLine(t, `{"version":1,"os":"`+os+`"}`, "check", "--from", "-")
		if status != 3 || !strings.Contains(out, "unknown") || !strings.Contains(errs, "could not be decided") {
			t.Errorf("%s: status %d, stderr %q, stdout:\n%s", os, status, errs, out)
		}
	}
}

// TestCheckForCommands: the ports of muster's own commands are judged beside the
// cluster's.
func TestCheckForCommands(t *testing.T) {
	out, _, _ := runConfigLine(t, `{"version":1,"os":"linux"}`, "check", "--from", "-", "--json", "--for", "mesh,ping", "--only", "fw.input-drop")
	for _, subject := range []string{`"subject":""`, `UDP port 46565 of muster mesh"`, `UDP port 46564 of muster ping"`} {
		if !strings.Contains(out, subject) {
			t.Errorf("no verdict has %s:\n%s", subject, out)
		}
	}
	if _, errs, status := runConfigLine(t, "", "check", "--for", "tea"); status != 2 || !strings.Contains(errs, "say mesh or ping") {
		t.Errorf("status %d, stderr %q", status, errs)
	}
}

// TestSaveFacts: facts go to a new file that only its owner may read, in the place of
// what was there, and never through a symbolic link.
func TestSaveFacts(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	link, plain := filepath.Join(dir, "link"), filepath.Join(dir, "plain")
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if err := os.WriteFile(plain, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{link, plain, filepath.Join(dir, "new")} {
		if _, errs, status := runConfigLine(t, "", "check", "--save", file); status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		info, err := os.Lstat(file)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, want a file of 0600", filepath.Base(file), info.Mode())
		}
	}
	if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
		t.Errorf("what the link pointed to is %q, %v", text, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".muster-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
