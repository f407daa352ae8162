package javaser

import "slices"

// merger finds the one descriptor, and the one type string, among those that
// say the same.
type merger struct {
	classes map[string][]*Class // by name
	seen    map[*Class]*Class
	types   map[string]*String
}

func newMerger() *merger {
	return &merger{classes: map[string][]*Class{}, seen: map[*Class]*Class{}, types: map[string]*String{}}
}

func (m *merger) class(c *Class) *Class {
	if one := m.seen[c]; one != nil {
		return one
	}
	one := c
	if i := slices.IndexFunc(m.classes[c.Name], c.same); i >= 0 {
		one = m.classes[c.Name][i]
	} else {
		m.classes[c.Name] = append(m.classes[c.Name], c)
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

// same reports whether two descriptors say the same, with their superclasses.
// Annotations may say anything: they are never the same.
func (c *Class) same(o *Class) bool {
	for n := 0; c != o; c, o = c.Super, o.Super {
		if c == nil || o == nil || n > maxHierarchy || len(c.Annotations) > 0 || len(o.Annotations) > 0 ||
			c.Name != o.Name || c.SUID != o.SUID || c.Flags != o.Flags || c.Proxy != o.Proxy ||
			!slices.Equal(c.Interfaces, o.Interfaces) || !slices.EqualFunc(c.Fields, o.Fields, Field.same) {
			return false
		}
		n++
	}
	return true
}

func (f Field) same(o Field) bool {
	if f.Type != o.Type || f.Name != o.Name || (f.Class == nil) != (o.Class == nil) {
		return false
	}
	return f.Class == nil || f.Class.utf == o.Class.utf
}
