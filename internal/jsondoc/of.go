package jsondoc

import (
	"encoding"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Source is where an object comes from: a package and the name of its type.
type Source struct{ Package, Type string }

// Of are the objects that v, a struct, and all that its fields lead to make in
// JSON, v's first, and the structs that they come from by the objects' names.
func Of(values ...any) ([]Object, map[string]Source, error) {
	w := walker{objects: map[reflect.Type]*Object{}, names: map[string]reflect.Type{}, sources: map[string]Source{}}
	for _, v := range values {
		if _, err := w.object(reflect.TypeOf(v)); err != nil {
			return nil, nil, err
		}
	}
	out := make([]Object, len(w.order))
	for i, t := range w.order {
		out[i] = *w.objects[t]
	}
	return out, w.sources, nil
}

// NameOf is the name of the object that v, a struct, makes.
func NameOf(v any) string { return objectName(reflect.TypeOf(v)) }

type walker struct {
	objects map[reflect.Type]*Object
	order   []reflect.Type
	names   map[string]reflect.Type
	sources map[string]Source
}

// plainNames are names in more than one package: those outside of the command
// line go by their package too.
var plainNames = []string{"Counts", "Summary", "Value", "Port", "File", "Strays", "Verdict"}

func objectName(t reflect.Type) string {
	name := strings.TrimSuffix(t.Name(), "JSON")
	if pkg := path.Base(t.PkgPath()); slices.Contains(plainNames, name) && pkg != "view" && pkg != "cmd" {
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func (w *walker) object(t reflect.Type) (string, error) {
	name := objectName(t)
	if _, ok := w.objects[t]; ok {
		return name, nil
	}
	if other, ok := w.names[name]; ok {
		return "", fmt.Errorf("%v and %v would both be %s on the page: add the name to plainNames of internal/jsondoc", t, other, name)
	}
	o := &Object{Name: name}
	w.objects[t], w.names[name] = o, t
	w.order = append(w.order, t)
	return name, w.fields(o, t)
}

func (w *walker) fields(o *Object, t reflect.Type) error {
	w.sources[o.Name] = Source{t.PkgPath(), t.Name()}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-":
			continue
		case f.Anonymous && name == "":
			inner, pointer := f.Type, false
			if inner.Kind() == reflect.Pointer {
				inner, pointer = inner.Elem(), true
			}
			name, err := w.object(inner)
			if err != nil {
				return err
			}
			o.Fields = append(o.Fields, Field{Name: Embedded, Type: name, Optional: pointer})
			continue
		case !f.IsExported():
			continue
		case !tagged:
			return fmt.Errorf("%v.%s has no json tag: say its name, or \"-\"", t, f.Name)
		}
		field := Field{Name: name, Optional: strings.Contains(options, "omit")}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
			field.Null = !strings.Contains(options, "omit")
		}
		var err error
		if field.Type, err = w.typeName(ft); err != nil {
			return fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		o.Fields = append(o.Fields, field)
	}
	return nil
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	textType   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonerType = reflect.TypeFor[json.Marshaler]()
)

func (w *walker) typeName(t reflect.Type) (string, error) {
	switch {
	case t == timeType:
		return "time", nil
	case t.Implements(jsonerType):
		return "any", nil
	case t.Implements(textType):
		return "string", nil
	}
	switch t.Kind() {
	case reflect.String:
		return "string", nil
	case reflect.Bool:
		return "boolean", nil
	case reflect.Float32, reflect.Float64:
		return "number", nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer", nil
	case reflect.Interface:
		return "any", nil
	case reflect.Struct:
		return w.object(t)
	case reflect.Pointer:
		return w.typeName(t.Elem())
	case reflect.Slice, reflect.Array:
		inner, err := w.typeName(t.Elem())
		return "list of " + inner, err
	case reflect.Map:
		inner, err := w.typeName(t.Elem())
		return "map of " + inner, err
	}
	return "", fmt.Errorf("a %v cannot be told on the page", t)
}
