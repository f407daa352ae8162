package javaser

import (
	"strconv"
	"strings"
)

// merger finds the one descriptor, and the one type string, among those that
// say the same.
type merger struct {
	classes map[string]*Class // by what they say
	seen    map[*Class]*Class
	types   map[string]*String
}

func (m *merger) class(c *Class) *Class {
	if one := m.seen[c]; one != nil {
		return one
	}
	one := c
	if says, ok := c.says(); ok {
		if m.classes[says] == nil {
			m.classes[says] = c
		}
		one = m.classes[says]
	}
	m.seen[c] = one
	return one
}

func (m *merger) typeString(s *String) *String {
	if m.types[s.utf] == nil {
		m.types[s.utf] = s
	}
	return m.types[s.utf]
}

// says spells a descriptor out, with its superclasses; false for one with
// annotations, which may say anything.
func (c *Class) says() (string, bool) {
	var b strings.Builder
	for n := 0; c != nil; c = c.Super {
		if n++; len(c.Annotations) > 0 || n > maxHierarchy {
			return "", false
		}
		b.WriteString(strconv.Quote(c.Name))
		b.WriteString(strconv.FormatUint(c.SUID, 16) + "/" + strconv.Itoa(int(c.Flags)))
		for _, f := range c.Fields {
			b.WriteString(string(rune(f.Type)) + strconv.Quote(f.Name))
			if f.Class != nil {
				b.WriteString(strconv.Quote(f.Class.utf))
			}
		}
		for _, i := range c.Interfaces {
			b.WriteString("!" + strconv.Quote(i))
		}
		b.WriteByte(';')
	}
	return b.String(), true
}
