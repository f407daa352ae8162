package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Check holds what a command has printed with --json against the page: every line
// is one that the page lists for the command, with its fields and no other, and
// the last one is the summary where the command has one.
func (p *Page) Check(command string, output []byte) error {
	dec := json.NewDecoder(bytes.NewReader(output))
	dec.UseNumber()
	last, closes := "", false
	for _, l := range p.linesOf(command) {
		closes = closes || l.Type == "summary" && l.Command != "*"
	}
	for n := 1; ; n++ {
		var v map[string]any
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("line %d is no JSON object: %w", n, err)
		}
		typ, _ := v["type"].(string)
		if err := p.checkLine(command, typ, v); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		last = typ
	}
	if closes && last != "" && last != "summary" {
		return fmt.Errorf("the last line is a %q, no summary", last)
	}
	return nil
}

// linesOf are those of a command, in all its ways: "ping" has "ping --respond" too.
func (p *Page) linesOf(command string) []Line {
	return slices.DeleteFunc(slices.Clone(p.Lines), func(l Line) bool {
		return l.Command != command && l.Command != "*" && !strings.HasPrefix(l.Command, command+" --")
	})
}

func (p *Page) checkLine(command, typ string, v map[string]any) error {
	var errs []error
	for _, l := range p.linesOf(command) {
		if l.Type != typ {
			continue
		}
		var err error
		for _, form := range forms(typ, v) {
			if err = p.checkObject(l.Object, form); err == nil {
				return nil
			}
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return fmt.Errorf("docs/json.md has no line of type %q for muster %s", typ, command)
	}
	return errors.Join(errs...)
}

// forms are a line as it is and, for a summary, without what every summary has: the
// page says so of all at once.
func forms(typ string, v map[string]any) []map[string]any {
	out := []map[string]any{v}
	if typ != "summary" {
		return out
	}
	for _, names := range [][]string{{"took_ms"}, {"status"}, {"status", "took_ms"}} {
		form := maps.Clone(v)
		for _, name := range names {
			delete(form, name)
		}
		out = append(out, form)
	}
	return out
}

func (p *Page) checkObject(name string, v map[string]any) error {
	rest := maps.Clone(v)
	if err := p.takeFields(name, rest, false); err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%s: docs/json.md does not have the fields %v", name, slices.Sorted(maps.Keys(rest)))
	}
	return nil
}

// takeFields takes the fields of an object out of rest. Of two with one name the
// outer is the one that is printed: those of the object come before the embedded.
func (p *Page) takeFields(name string, rest map[string]any, optional bool) error {
	o, ok := p.Object(name)
	if !ok {
		return fmt.Errorf("docs/json.md has no object %s", name)
	}
	for _, f := range o.Fields {
		if f.Name == Embedded {
			continue
		}
		x, there := rest[f.Name]
		delete(rest, f.Name)
		switch {
		case !there && !f.Optional && !optional:
			return fmt.Errorf("%s: the field %s is missing, and is not optional", name, f.Name)
		case !there, x == nil && f.Null:
			continue
		}
		if err := p.checkValue(f.Type, x); err != nil {
			return fmt.Errorf("%s.%s: %w", name, f.Name, err)
		}
	}
	for _, f := range o.Fields {
		if f.Name == Embedded {
			if err := p.takeFields(f.Type, rest, optional || f.Optional); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Page) checkValue(typ string, x any) error {
	if inner, ok := strings.CutPrefix(typ, "list of "); ok {
		list, ok := x.([]any)
		if !ok {
			return fmt.Errorf("%v is no list", x)
		}
		for i, e := range list {
			if err := p.checkValue(inner, e); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
		return nil
	}
	if inner, ok := strings.CutPrefix(typ, "map of "); ok {
		m, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("%v is no map", x)
		}
		for k, e := range m {
			if err := p.checkValue(inner, e); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
		return nil
	}
	ok := false
	switch typ {
	case "any":
		return nil
	case "string":
		_, ok = x.(string)
	case "boolean":
		_, ok = x.(bool)
	case "number":
		_, ok = x.(json.Number)
	case "integer":
		n, is := x.(json.Number)
		ok = is && !strings.ContainsAny(n.String(), ".eE")
	case "time":
		s, _ := x.(string)
		_, err := time.Parse(time.RFC3339Nano, s)
		ok = err == nil
	default:
		v, is := x.(map[string]any)
		if is {
			return p.checkObject(typ, v)
		}
	}
	if !ok {
		return fmt.Errorf("%v is no %s", x, typ)
	}
	return nil
}
