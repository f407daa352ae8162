package javaser

// The ways in which the JDK's collections write themselves: by their own
// method, behind their fields.
var collections = map[string]func(*viewer, *Object) (any, bool){
	"java.util.ArrayList":                          elements("java.util.ArrayList", 4),
	"java.util.LinkedList":                         elements("java.util.LinkedList", 4),
	"java.util.ArrayDeque":                         elements("java.util.ArrayDeque", 4),
	"java.util.PriorityQueue":                      (*viewer).priorityQueue,
	"java.util.concurrent.CopyOnWriteArrayList":    elements("java.util.concurrent.CopyOnWriteArrayList", 4),
	"java.util.HashSet":                            elements("java.util.HashSet", 12), // capacity, load factor, size
	"java.util.TreeSet":                            (*viewer).treeSet,
	"java.util.CollSer":                            (*viewer).immutable,
	"java.util.Vector":                             (*viewer).vector,
	"java.util.Arrays$ArrayList":                   field("java.util.Arrays$ArrayList", "a"),
	"java.util.concurrent.CopyOnWriteArraySet":     field("java.util.concurrent.CopyOnWriteArraySet", "al"),
	"java.util.Collections$SingletonList":          wrapped("java.util.Collections$SingletonList", "element"),
	"java.util.Collections$SingletonSet":           wrapped("java.util.Collections$SingletonSet", "element"),
	"java.util.Collections$UnmodifiableCollection": field("java.util.Collections$UnmodifiableCollection", "c"),
	"java.util.Collections$UnmodifiableMap":        field("java.util.Collections$UnmodifiableMap", "m"),
	"java.util.Collections$SynchronizedCollection": field("java.util.Collections$SynchronizedCollection", "c"),
	"java.util.Collections$SynchronizedMap":        field("java.util.Collections$SynchronizedMap", "m"),
	"java.util.Collections$EmptyList":              func(*viewer, *Object) (any, bool) { return []any{}, true },
	"java.util.Collections$EmptySet":               func(*viewer, *Object) (any, bool) { return []any{}, true },
	"java.util.Collections$EmptyMap":               func(*viewer, *Object) (any, bool) { return Fields{}, true },
	"java.util.HashMap":                            pairs("java.util.HashMap", 8), // buckets, size
	"java.util.Hashtable":                          pairs("java.util.Hashtable", 8),
	"java.util.TreeMap":                            pairs("java.util.TreeMap", 4),
	"java.util.IdentityHashMap":                    pairs("java.util.IdentityHashMap", 4),
	"java.util.EnumMap":                            pairs("java.util.EnumMap", 4),
	"java.util.concurrent.ConcurrentHashMap":       ended("java.util.concurrent.ConcurrentHashMap"),
	"java.util.concurrent.ConcurrentSkipListMap":   ended("java.util.concurrent.ConcurrentSkipListMap"),
	"java.util.Collections$SingletonMap":           (*viewer).singletonMap,
	"java.util.AbstractMap$SimpleEntry":            (*viewer).entry,
	"java.util.AbstractMap$SimpleImmutableEntry":   (*viewer).entry,
}

// JDK classes that add nothing to be seen to their superclass.
var sameView = map[string]string{
	"java.util.Stack": "java.util.Vector", "java.util.LinkedHashSet": "java.util.HashSet",
	"java.util.LinkedHashMap": "java.util.HashMap", "java.util.Properties": "java.util.Hashtable",
	"java.sql.Date": "java.util.Date", "java.sql.Time": "java.util.Date",
	"java.util.Collections$UnmodifiableList":             "java.util.Collections$UnmodifiableCollection",
	"java.util.Collections$UnmodifiableSet":              "java.util.Collections$UnmodifiableCollection",
	"java.util.Collections$UnmodifiableSortedSet":        "java.util.Collections$UnmodifiableCollection",
	"java.util.Collections$UnmodifiableRandomAccessList": "java.util.Collections$UnmodifiableCollection",
	"java.util.Collections$UnmodifiableSortedMap":        "java.util.Collections$UnmodifiableMap",
	"java.util.Collections$SynchronizedList":             "java.util.Collections$SynchronizedCollection",
	"java.util.Collections$SynchronizedSet":              "java.util.Collections$SynchronizedCollection",
	"java.util.Collections$SynchronizedRandomAccessList": "java.util.Collections$SynchronizedCollection",
}

// elements views a collection that writes head bytes, the last four of them its
// size, and its elements.
func elements(class string, head int) func(*viewer, *Object) (any, bool) {
	return func(w *viewer, o *Object) (any, bool) {
		p, ok := o.Part(class)
		if !ok {
			return nil, false
		}
		return elementsOf(w, NewData(p.Annotations), head)
	}
}

func elementsOf(w *viewer, d *Data, head int) (any, bool) {
	d.Bytes(head - 4)
	n := int(d.Int32())
	if d.Err() != nil || n < 0 || n != len(d.rest) || d.Left() > 0 {
		return nil, false
	}
	return w.list(d.rest), true
}

// treeSet writes its comparator, or null, first.
func (w *viewer) treeSet(o *Object) (any, bool) {
	p, ok := o.Part("java.util.TreeSet")
	if !ok {
		return nil, false
	}
	d := NewData(p.Annotations)
	d.Object()
	return elementsOf(w, d, 4)
}

// priorityQueue writes a capacity, not its size.
func (w *viewer) priorityQueue(o *Object) (any, bool) {
	p, ok := o.Part("java.util.PriorityQueue")
	if !ok {
		return nil, false
	}
	d := NewData(p.Annotations)
	d.Int32()
	if d.Err() != nil || d.Left() > 0 {
		return nil, false
	}
	return w.list(d.rest), true
}

// immutable is what List.of, Set.of and Map.of write.
func (w *viewer) immutable(o *Object) (any, bool) {
	p, ok := o.Part("java.util.CollSer")
	if !ok {
		return nil, false
	}
	tag, ok := p.Int32("tag")
	if !ok {
		return nil, false
	}
	const isMap = 3
	if tag&0xff != isMap {
		return elementsOf(w, NewData(p.Annotations), 4)
	}
	d := NewData(p.Annotations)
	n := int(d.Int32())
	if d.Err() != nil || n != len(d.rest) || n%2 != 0 {
		return nil, false
	}
	return w.mapOf(d.rest), true
}

func (w *viewer) vector(o *Object) (any, bool) {
	p, ok := o.Part("java.util.Vector")
	if !ok {
		return nil, false
	}
	n, ok := p.Int32("elementCount")
	ref, _ := p.Ref("elementData")
	a, ok2 := ref.(*Array)
	if !ok || !ok2 || n < 0 || int(n) > len(a.Refs) {
		return nil, false
	}
	return w.list(a.Refs[:n]), true
}

func wrapped(class, name string) func(*viewer, *Object) (any, bool) {
	one := field(class, name)
	return func(w *viewer, o *Object) (any, bool) {
		v, ok := one(w, o)
		return []any{v}, ok
	}
}

// pairs views a map that writes head bytes, the last four of them its size, and
// its keys and values in turn.
func pairs(class string, head int) func(*viewer, *Object) (any, bool) {
	return func(w *viewer, o *Object) (any, bool) {
		p, ok := o.Part(class)
		if !ok {
			return nil, false
		}
		d := NewData(p.Annotations)
		d.Bytes(head - 4)
		n := int(d.Int32())
		if d.Err() != nil || n < 0 || 2*n != len(d.rest) || d.Left() > 0 {
			return nil, false
		}
		return w.mapOf(d.rest), true
	}
}

// ended views a map whose keys and values end with nulls.
func ended(class string) func(*viewer, *Object) (any, bool) {
	return func(w *viewer, o *Object) (any, bool) {
		p, ok := o.Part(class)
		if !ok {
			return nil, false
		}
		for i := 0; i < len(p.Annotations); i += 2 {
			if p.Annotations[i] == nil {
				return w.mapOf(p.Annotations[:i]), true
			}
		}
		return nil, false
	}
}

func (w *viewer) singletonMap(o *Object) (any, bool) {
	p, ok := o.Part("java.util.Collections$SingletonMap")
	if !ok {
		return nil, false
	}
	k, ok := p.Ref("k")
	v, ok2 := p.Ref("v")
	return w.mapOf([]Value{k, v}), ok && ok2
}

func (w *viewer) entry(o *Object) (any, bool) {
	p, ok := o.Part(o.Class.Name)
	if !ok {
		return nil, false
	}
	k, ok := p.Ref("key")
	v, ok2 := p.Ref("value")
	if !ok || !ok2 {
		return nil, false
	}
	return Fields{{"key", w.view(k)}, {"value", w.view(v)}}, true
}

// mapOf views keys and values in turn: as an object where all keys are texts
// that differ.
func (w *viewer) mapOf(kv []Value) any {
	if f, ok := w.textKeys(kv); ok {
		return f
	}
	all := make([]any, 0, min(len(kv)/2, max(w.left, 0)))
	for i := 0; i+1 < len(kv); i += 2 {
		if w.left <= 0 {
			all = append(all, cut("more entries"))
			break
		}
		all = append(all, []any{w.view(kv[i]), w.view(kv[i+1])})
	}
	return Fields{{"entries", all}}
}

func (w *viewer) textKeys(kv []Value) (Fields, bool) {
	seen := make(map[string]bool, len(kv)/2)
	for i := 0; i < len(kv); i += 2 {
		k, ok := kv[i].(*String)
		if !ok || seen[k.utf] {
			return nil, false
		}
		seen[k.utf] = true
	}
	f := make(Fields, 0, min(len(kv)/2, max(w.left, 0)))
	for i := 0; i+1 < len(kv); i += 2 {
		k := kv[i].(*String)
		if !w.spend(len(k.utf)/64 + 1) {
			return append(f, FieldView{"...", cut("more entries")}), true
		}
		f = append(f, FieldView{k.Text(), w.view(kv[i+1])})
	}
	return f, true
}
