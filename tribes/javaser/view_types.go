package javaser

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// views has the classes of the JDK that have a view of their own. Each reports
// false for an object that does not hold what the class is known to write; that
// is then shown as any other object is.
var views map[string]func(*viewer, *Object) (any, bool)

func init() { // not in the declaration: the views of collections view their elements
	views = map[string]func(*viewer, *Object) (any, bool){
		"java.util.Date":                       (*viewer).date,
		"java.sql.Timestamp":                   (*viewer).date,
		"java.util.UUID":                       (*viewer).uuid,
		"java.math.BigInteger":                 (*viewer).bigInteger,
		"java.math.BigDecimal":                 (*viewer).bigDecimal,
		"java.net.URI":                         field("java.net.URI", "string"),
		"java.io.File":                         field("java.io.File", "path"),
		"java.util.Currency":                   field("java.util.Currency", "currencyCode"),
		"java.util.Locale":                     (*viewer).locale,
		"java.net.URL":                         (*viewer).url,
		"java.lang.StringBuilder":              (*viewer).stringBuilder,
		"java.time.Ser":                        (*viewer).javaTime,
		"java.util.EnumSet$SerializationProxy": field("java.util.EnumSet$SerializationProxy", "elements"),

		"java.util.concurrent.atomic.AtomicInteger":   field("java.util.concurrent.atomic.AtomicInteger", "value"),
		"java.util.concurrent.atomic.AtomicLong":      field("java.util.concurrent.atomic.AtomicLong", "value"),
		"java.util.concurrent.atomic.AtomicReference": field("java.util.concurrent.atomic.AtomicReference", "value"),
		"java.util.concurrent.atomic.AtomicBoolean":   (*viewer).atomicBoolean,
	}
	for _, name := range []string{"Boolean", "Byte", "Character", "Short", "Integer", "Long", "Float", "Double"} {
		views["java.lang."+name] = (*viewer).boxed
	}
	for name, view := range collections {
		views[name] = view
	}
	for name, as := range sameView {
		views[name] = views[as]
	}
}

// field views an object as one of its fields.
func field(class, name string) func(*viewer, *Object) (any, bool) {
	return func(w *viewer, o *Object) (any, bool) {
		p, ok := o.Part(class)
		if !ok {
			return nil, false
		}
		if v := p.Prim(name); v != nil {
			return number(v), true
		}
		v, ok := p.Ref(name)
		if !ok {
			return nil, false
		}
		return w.view(v), true
	}
}

func (w *viewer) boxed(o *Object) (any, bool) {
	v, ok := Unbox(o)
	return number(v), ok
}

// date reads java.util.Date, which writes its milliseconds behind no fields,
// and java.sql.Timestamp, which adds the nanoseconds within the second.
func (w *viewer) date(o *Object) (any, bool) {
	p, ok := o.Part("java.util.Date")
	if !ok {
		return nil, false
	}
	d := NewData(p.Annotations)
	ms := d.Int64()
	if d.Err() != nil {
		return nil, false
	}
	t := time.UnixMilli(ms).UTC()
	if ts, ok := o.Part("java.sql.Timestamp"); ok {
		if nanos, ok := ts.Int32("nanos"); ok && nanos >= 0 && nanos < 1e9 {
			t = time.Unix(t.Unix(), int64(nanos)).UTC()
		}
	}
	return t.Format(time.RFC3339Nano), true
}

func (w *viewer) uuid(o *Object) (any, bool) {
	p, ok := o.Part("java.util.UUID")
	if !ok {
		return nil, false
	}
	most, ok := p.Int64("mostSigBits")
	least, ok2 := p.Int64("leastSigBits")
	if !ok || !ok2 {
		return nil, false
	}
	m, l := uint64(most), uint64(least)
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", m>>32, m>>16&0xffff, m&0xffff, l>>48, l&(1<<48-1)), true
}

// maxBig is the longest number that is shown in decimal: turning bytes into
// digits takes time that grows faster than they do.
const maxBig = 1024

func bigInteger(o *Object) (*big.Int, bool) {
	p, ok := o.Part("java.math.BigInteger")
	if !ok {
		return nil, false
	}
	sign, ok := p.Int32("signum")
	ref, ok2 := p.Ref("magnitude")
	magnitude, ok3 := ref.(*Array)
	if !ok || !ok2 || !ok3 || magnitude.Class.Elem() != 'B' || len(magnitude.Prims) > maxBig {
		return nil, false
	}
	n := new(big.Int).SetBytes(magnitude.Prims)
	if sign < 0 {
		n.Neg(n)
	}
	return n, true
}

func (w *viewer) bigInteger(o *Object) (any, bool) {
	n, ok := bigInteger(o)
	if !ok {
		return nil, false
	}
	return n.String(), true
}

// bigDecimal is written plainly where the scale allows it, else with an
// exponent.
func (w *viewer) bigDecimal(o *Object) (any, bool) {
	p, ok := o.Part("java.math.BigDecimal")
	if !ok {
		return nil, false
	}
	scale, ok := p.Int32("scale")
	ref, ok2 := p.Ref("intVal")
	unscaled, ok3 := ref.(*Object)
	if !ok || !ok2 || !ok3 {
		return nil, false
	}
	n, ok := bigInteger(unscaled)
	if !ok {
		return nil, false
	}
	if scale < 0 || scale > maxBig {
		return n.String() + "E" + strconv.FormatInt(-int64(scale), 10), true
	}
	digits := new(big.Int).Abs(n).String()
	if missing := int(scale) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if at := len(digits) - int(scale); scale > 0 {
		digits = digits[:at] + "." + digits[at:]
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return digits, true
}

func (w *viewer) atomicBoolean(o *Object) (any, bool) {
	p, ok := o.Part(o.Class.Name)
	if !ok {
		return nil, false
	}
	v, ok := p.Int32("value")
	return v != 0, ok
}

func (w *viewer) locale(o *Object) (any, bool) {
	var parts []string
	for _, name := range []string{"language", "script", "country", "variant"} {
		if s, ok := textOf(o, "java.util.Locale", name); ok && s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "_"), len(parts) > 0
}

func (w *viewer) url(o *Object) (any, bool) {
	protocol, ok := textOf(o, "java.net.URL", "protocol")
	host, _ := textOf(o, "java.net.URL", "host")
	file, _ := textOf(o, "java.net.URL", "file")
	ref, hasRef := textOf(o, "java.net.URL", "ref")
	if !ok {
		return nil, false
	}
	p, _ := o.Part("java.net.URL")
	if port, ok := p.Int32("port"); ok && port >= 0 {
		host += ":" + strconv.Itoa(int(port))
	}
	if hasRef {
		file += "#" + ref
	}
	return protocol + "://" + host + file, true
}

func textOf(o *Object, class, name string) (string, bool) {
	p, ok := o.Part(class)
	if !ok {
		return "", false
	}
	v, _ := p.Ref(name)
	s, ok := v.(*String)
	if !ok {
		return "", false
	}
	return s.Text(), true
}

// stringBuilder writes the number of characters, then an array that has room
// for more.
func (w *viewer) stringBuilder(o *Object) (any, bool) {
	p, ok := o.Part("java.lang.StringBuilder")
	if !ok {
		return nil, false
	}
	d := NewData(p.Annotations)
	n := int(d.Int32())
	a, ok := d.Object().(*Array)
	if !ok || a.Class.Elem() != 'C' || n < 0 || n > a.Len || !w.spend(n/32) {
		return nil, false
	}
	return charsText(a.Prims[:2*n]), true
}
