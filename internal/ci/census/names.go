package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A tree is all Go files of the module, of every GOOS, by the import path of their
// folder; files of a test package outside stand under the path with _test.
type tree struct {
	fset  *token.FileSet
	files map[string][]*ast.File
	tests map[*ast.File]bool
}

const module = "muster"

// parse reads all Go files below root.
func parse(root string) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), files: map[string][]*ast.File{}, tests: map[*ast.File]bool{}}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(root, file, d):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		f, err := parser.ParseFile(t.fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := path.Join(module, filepath.ToSlash(dir))
		if strings.HasSuffix(f.Name.Name, "_test") {
			pkg += "_test"
		}
		t.files[pkg] = append(t.files[pkg], f)
		t.tests[f] = strings.HasSuffix(file, "_test.go")
		return nil
	})
	return t, err
}

// imports are the packages of the module that f imports, by the name it gives them.
func (t *tree) imports(f *ast.File) map[string]string {
	out := map[string]string{}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil || p != module && !strings.HasPrefix(p, module+"/") {
			continue
		}
		name := path.Base(p)
		if files := t.files[p]; len(files) > 0 {
			name = files[0].Name.Name
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out[name] = p
	}
	return out
}

// A symbol is a name at the top level of a package.
type symbol struct{ pkg, name string }

// inward are the exported names of packages that no other package needs: neither by
// name nor in the signature or a field of what it names.
func (t *tree) inward() []string {
	declared := map[symbol]token.Pos{}
	mentions := map[symbol][]symbol{} // what an exported name shows of its package's others
	used := map[symbol]bool{}
	for pkg, files := range t.files {
		for _, f := range files {
			imports := t.imports(f)
			if !t.tests[f] {
				t.declarations(pkg, f, imports, declared, mentions)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && imports[x.Name] != "" && imports[x.Name] != pkg {
						used[symbol{imports[x.Name], s.Sel.Name}] = true
					}
				}
				return true
			})
		}
	}
	queue := make([]symbol, 0, len(used))
	for s := range used {
		queue = append(queue, s)
	}
	for len(queue) > 0 {
		s := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, m := range mentions[s] {
			if !used[m] {
				used[m] = true
				queue = append(queue, m)
			}
		}
	}
	var out []string
	for s, pos := range declared {
		if !used[s] {
			out = append(out, t.fset.Position(pos).String()+": "+path.Base(s.pkg)+"."+s.name)
		}
	}
	slices.Sort(out)
	return out
}

// declarations notes the exported names of f and what each shows of other names.
func (t *tree) declarations(pkg string, f *ast.File, imports map[string]string, declared map[symbol]token.Pos, mentions map[symbol][]symbol) {
	declare := func(id *ast.Ident, shown ...ast.Node) {
		from := symbol{pkg, id.Name}
		if id.IsExported() {
			declared[from] = id.Pos()
		}
		for _, n := range shown {
			mentions[from] = append(mentions[from], shows(pkg, n, imports)...)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				declare(d.Name, d.Type)
			} else if d.Name.IsExported() {
				from := symbol{pkg, receiver(d.Recv.List[0].Type)}
				mentions[from] = append(mentions[from], shows(pkg, d.Type, imports)...)
			}
		case *ast.GenDecl:
			var last ast.Expr // constants go on with the type of the one before
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					declare(s.Name, s.Type)
				case *ast.ValueSpec:
					if s.Type != nil || len(s.Values) > 0 {
						last = s.Type
					}
					for _, id := range s.Names {
						if last == nil {
							declare(id, exprs(s.Values)...)
							continue
						}
						declare(id, last)
						if of, ok := last.(*ast.Ident); ok && d.Tok == token.CONST { // one of the values of its type
							mentions[symbol{pkg, of.Name}] = append(mentions[symbol{pkg, of.Name}], symbol{pkg, id.Name})
						}
					}
				}
			}
		}
	}
}

func exprs(es []ast.Expr) []ast.Node {
	out := make([]ast.Node, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// shows are the names of the module in the exported part of n.
func shows(pkg string, n ast.Node, imports map[string]string) []symbol {
	var out []symbol
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.StructType:
			for _, f := range n.Fields.List {
				if len(f.Names) == 0 || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
					out = append(out, shows(pkg, f.Type, imports)...)
				}
			}
			return false
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && imports[x.Name] != "" {
				out = append(out, symbol{imports[x.Name], n.Sel.Name})
				return false
			}
		case *ast.Ident:
			out = append(out, symbol{pkg, n.Name})
		}
		return true
	})
	return out
}

// receiver is the name of the type of a method.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// circles are the rooms that need each other: a room is a folder at the top, or one
// below internal. Files of tests may look anywhere.
func (t *tree) circles() []string {
	needs := map[string]map[string]bool{}
	for pkg, files := range t.files {
		for _, f := range files {
			if t.tests[f] {
				continue
			}
			for _, p := range t.imports(f) {
				if a, b := room(pkg), room(p); a != b {
					if needs[a] == nil {
						needs[a] = map[string]bool{}
					}
					needs[a][b] = true
				}
			}
		}
	}
	reach := func(from string) map[string]bool {
		seen := map[string]bool{}
		for queue := []string{from}; len(queue) > 0; {
			at := queue[0]
			queue = queue[1:]
			for next := range needs[at] {
				if !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
		return seen
	}
	var out []string
	for a := range needs {
		for b := range reach(a) {
			if a < b && reach(b)[a] {
				out = append(out, a+" and "+b+" need each other")
			}
		}
	}
	slices.Sort(out)
	return out
}

func room(pkg string) string {
	parts := strings.SplitN(pkg, "/", 4)
	switch {
	case len(parts) < 2:
		return "main"
	case parts[1] == "internal" && len(parts) > 2:
		return "internal/" + parts[2]
	}
	return parts[1]
}
