package javaser

// Value is what a stream can hold: nil for null, or *String, *Object, *Array,
// *Enum, *Class, *ClassObject. In contents and annotations also Block, and at
// the top of a stream Reset and *Exception. Two equal pointers are one handle:
// Java's identity of objects.
type Value interface{ javaValue() }

// Block is one segment of primitive data. Values that Java writes one after the
// other may lie in neighbouring segments, and even across them: read with Data.
type Block struct {
	Bytes []byte
	Long  bool // with a length of four bytes, which Java uses above 255
}

// String is a java.lang.String.
type String struct {
	utf  string // modified UTF-8
	Long bool   // with a length of eight bytes, which Java uses above 65535
}

// Class is a class descriptor.
type Class struct {
	Name        string // as Class.getName says it: java.lang.String, [B, ...
	SUID        uint64 // serialVersionUID
	Flags       byte
	Fields      []Field // in stream order: primitives, then references
	Annotations []Value // what annotateClass wrote, as a rule nothing
	Super       *Class  // the nearest serializable superclass, or nil
	// Proxy marks the descriptor of a dynamic proxy class. It has Interfaces and
	// no name, SUID, flags and fields.
	Proxy      bool
	Interfaces []string
}

// The flags of a class descriptor.
const (
	WriteMethod    = 0x01 // the class writes data of its own behind its fields
	Serializable   = 0x02
	Externalizable = 0x04 // the class writes everything itself
	BlockData      = 0x08 // an Externalizable's data is framed, as all is since JDK 1.2
	EnumFlag       = 0x10
)

// Field is a field of a class.
type Field struct {
	Type  byte // B C D F I J S Z, L for an object, [ for an array
	Name  string
	Class *String // of L and [: its type, as Ljava/lang/String; and [B
}

// Object is an instance of a class.
type Object struct {
	Class *Class
	// Parts is the data of each class of the hierarchy, superclass first; a class
	// that has none in the stream is left out. An Externalizable has one part.
	Parts []Part
}

// Part is the data that one class of an object's hierarchy has in the stream.
type Part struct {
	Class       *Class
	Prims       []byte  // the primitive fields as they are on the wire
	Refs        []Value // the other fields, in the order of Class.Fields
	Annotations []Value // what the class's own method wrote
}

// Array is an array of primitives (Prims, big-endian as on the wire) or of
// references (Refs).
type Array struct {
	Class *Class
	Len   int
	Prims []byte
	Refs  []Value
}

// Enum is a constant of an enum.
type Enum struct {
	Class *Class
	Name  *String
}

// ClassObject is an instance of java.lang.Class.
type ClassObject struct{ Class *Class }

// Exception is what a writer leaves that failed: what it threw.
type Exception struct{ Thrown Value }

// Reset is a place where the writer forgot all handles.
type Reset struct{}

func (Block) javaValue()        {}
func (*String) javaValue()      {}
func (*Class) javaValue()       {}
func (*Object) javaValue()      {}
func (*Array) javaValue()       {}
func (*Enum) javaValue()        {}
func (*ClassObject) javaValue() {}
func (*Exception) javaValue()   {}
func (Reset) javaValue()        {}

// NewString returns s as a Java string of its own.
func NewString(s string) *String {
	utf := toModified(s)
	return &String{utf: utf, Long: len(utf) > maxUTF}
}

// Text is the string in UTF-8; a surrogate without its other half, which Java
// allows, is U+FFFD.
func (s *String) Text() string { return fromModified(s.utf) }

// Elem is the type of an array class's elements: a primitive's letter, L or [;
// 0 for a class that is no array.
func (c *Class) Elem() byte {
	if len(c.Name) < 2 || c.Name[0] != '[' || primSize(c.Name[1]) == 0 && c.Name[1] != 'L' && c.Name[1] != '[' {
		return 0
	}
	return c.Name[1]
}

// primSize is the length of a primitive in bytes; 0 for what is no primitive.
func primSize(t byte) int {
	switch t {
	case 'B', 'Z':
		return 1
	case 'C', 'S':
		return 2
	case 'I', 'F':
		return 4
	case 'J', 'D':
		return 8
	}
	return 0
}
