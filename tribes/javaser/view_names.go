package javaser

import (
	"strconv"
	"strings"
)

// suidText is a serialVersionUID as Java source has it: a signed number.
func suidText(suid uint64) string { return strconv.FormatInt(int64(suid), 10) }

// ClassName is the class of v as Java source names it; empty for null and for
// what is no object.
func ClassName(v Value) string {
	switch v := v.(type) {
	case *String:
		return "java.lang.String"
	case *Object:
		return v.Class.JavaName()
	case *Array:
		return v.Class.JavaName()
	case *Enum:
		return v.Class.JavaName()
	case *ClassObject:
		return "java.lang.Class"
	case *Class:
		return "java.io.ObjectStreamClass"
	}
	return ""
}

// JavaName is the class's name as Java source has it: byte[] for [B.
func (c *Class) JavaName() string {
	name := c.Text()
	dims := 0
	for dims < len(name) && name[dims] == '[' {
		dims++
	}
	if dims == 0 || dims == len(name) {
		return name
	}
	elem := name[dims:]
	if elem[0] == 'L' {
		elem = strings.TrimSuffix(elem[1:], ";")
	} else if p := map[string]string{"B": "byte", "C": "char", "D": "double", "F": "float", "I": "int",
		"J": "long", "S": "short", "Z": "boolean"}[elem]; p != "" {
		elem = p
	}
	return elem + strings.Repeat("[]", dims)
}
