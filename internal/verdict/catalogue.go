package verdict

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"muster/docs/checks"
)

// Entry is what the catalogue knows of one id: the head of its page, and the page.
type Entry struct {
	// ID is that of the verdicts.
	ID ID `json:"id"`
	// Title names what is judged, so that it reads right beside any status.
	Title string `json:"title"`
	// Failure says in one line what is wrong where the check fails.
	Failure    string `json:"failure"`
	Severity   string `json:"severity"`   // fail, warn or info
	Confidence string `json:"confidence"` // in words; begins with definite, likely or hint
	// FoundBy names what finds it, with the commands.
	FoundBy string `json:"found_by"`
	// Innocent are the other explanations of the same evidence: whoever says
	// "likely" has looked for them.
	Innocent []string `json:"innocent"`
	// Explains are the ids that may be only consequences of this one.
	Explains []ID `json:"explains"`
	// Watch is how long one has to look before the lack of something means
	// anything; 0 where no time is needed.
	Watch time.Duration `json:"-"`
	// Background tells why a healthy system has it, too; empty for all others. Such
	// a verdict is never the first cause.
	Background string `json:"background,omitempty"`
	// Markdown is the whole page.
	Markdown string `json:"markdown"`
}

var entries sync.Map // ID -> *Entry, nil for an id without a page

// Find returns the entry of an id. It reads one page, and that only once.
func Find(id ID) (Entry, bool) {
	if e, ok := entries.Load(id); ok {
		e := e.(*Entry)
		if e == nil {
			return Entry{}, false
		}
		return *e, true
	}
	var found *Entry
	if e, err := read(id); err == nil {
		found = &e
	}
	entries.Store(id, found)
	if found == nil {
		return Entry{}, false
	}
	return *found, true
}

var indexRow = regexp.MustCompile(`(?m)^\| \[([a-z0-9.-]+)\]\(`)

// All returns every entry in the order of the catalogue's index.
func All() []Entry {
	var out []Entry
	for _, id := range ids() {
		if e, ok := Find(id); ok { // the test of the index names one that has no page
			out = append(out, e)
		}
	}
	return out
}

var ids = sync.OnceValue(func() (out []ID) {
	index, err := checks.Files.ReadFile("README.md")
	if err != nil {
		panic(err) // embedded: it cannot be missing
	}
	for _, m := range indexRow.FindAllSubmatch(index, -1) {
		out = append(out, ID(m[1]))
	}
	return out
})

func read(id ID) (Entry, error) {
	text, err := checks.Files.ReadFile(string(id) + ".md")
	if err != nil {
		return Entry{}, err
	}
	return parse(string(text))
}

var backquoted = regexp.MustCompile("`([^`]+)`")

// parse reads the head of a page: "# ID", "**Title**" and a list "- Name: value",
// where a value goes on in lines that are indented by two blanks.
func parse(text string) (Entry, error) {
	e := Entry{Markdown: text, Innocent: []string{}, Explains: []ID{}}
	head, _, sections := strings.Cut(text, "\n## ")
	if !sections {
		return e, fmt.Errorf("the page has no sections")
	}
	for line := range strings.Lines(strings.ReplaceAll(head, "\n  ", " ")) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "**"); ok {
			e.Title = strings.TrimSuffix(title, "**")
		} else if id, ok := strings.CutPrefix(line, "# "); ok {
			e.ID = ID(id)
		} else if item, ok := strings.CutPrefix(line, "- "); ok {
			name, value, _ := strings.Cut(item, ": ")
			if err := e.set(name, value); err != nil {
				return e, fmt.Errorf("page %q: %w", e.ID, err)
			}
		}
	}
	if e.ID == "" || e.Title == "" || e.Failure == "" || e.Severity == "" || e.Confidence == "" || e.FoundBy == "" {
		return e, fmt.Errorf("page %q: its head is not complete", e.ID)
	}
	return e, nil
}

func (e *Entry) set(name, value string) (err error) {
	switch name {
	case "Failure":
		e.Failure = value
	case "Severity":
		e.Severity = value
	case "Confidence":
		e.Confidence = value
	case "Found by":
		e.FoundBy = value
	case "Innocent explanations":
		e.Innocent = strings.Split(value, "; ")
	case "Explains":
		for _, m := range backquoted.FindAllStringSubmatch(value, -1) {
			e.Explains = append(e.Explains, ID(m[1]))
		}
	case "Watch at least":
		e.Watch, err = time.ParseDuration(strings.ReplaceAll(value, " ", ""))
	case "Background":
		e.Background = value
	default:
		err = fmt.Errorf("its head has an item %q", name)
	}
	return err
}

// Explainers are the ids that id may be a consequence of, of those given.
func Explainers(id ID, among []ID) []ID {
	out := []ID{}
	for _, cause := range among {
		e, _ := Find(cause)
		for _, x := range e.Explains {
			if x == id && cause != id {
				out = append(out, cause)
				break
			}
		}
	}
	return out
}
