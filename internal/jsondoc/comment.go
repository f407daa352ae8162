package jsondoc

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// Structs are the structs with JSON names in the Go files of a folder, tests left
// out: what the comments say of each (under "") and of its fields by their JSON
// names.
func Structs(dir string) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, &fs.PathError{Op: "read the Go files of", Path: dir, Err: os.ErrNotExist}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				if t, ok := s.(*ast.TypeSpec); ok {
					if st, ok := t.Type.(*ast.StructType); ok {
						if says := fieldComments(st); len(says) > 0 {
							says[""] = sentence(words(t.Name.Name, g.Doc))
							out[t.Name.Name] = says
						}
					}
				}
			}
		}
	}
	return out, nil
}

func fieldComments(st *ast.StructType) map[string]string {
	says := map[string]string{}
	for _, f := range st.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, ok := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Lookup("json")
		if !ok || tag == "-" {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		said := words("", f.Comment)
		if len(f.Names) > 0 && said == "" {
			said = words(f.Names[0].Name, f.Doc)
		}
		says[name] = said
	}
	return says
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// words are a comment as one line, its subject left out.
func words(subject string, c *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(c.Text()), " ")
	for _, verb := range []string{" is ", " are ", " tells ", ": "} {
		if subject != "" {
			text = strings.TrimPrefix(text, subject+verb)
		}
	}
	return strings.ReplaceAll(text, "|", "or")
}
