package javaser

import "encoding/binary"

// optionalClass reads a class descriptor, a reference to one, or null.
func (p *parser) optionalClass() (*Class, error) {
	code, err := p.peek()
	if err != nil {
		return nil, err
	}
	switch code {
	case tcNull:
		p.at++
		return nil, nil
	case tcReference:
		at := p.at
		v, err := p.reference()
		if err != nil {
			return nil, err
		}
		if c, ok := v.(*Class); ok {
			return c, nil
		}
		return nil, &Error{at, "a reference to something that is no class", nil}
	case tcClassDesc, tcProxyDesc:
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		return p.class()
	}
	return nil, p.bad("type code %02x where a class must begin", code)
}

func (p *parser) needClass(of string) (*Class, error) {
	at := p.at
	c, err := p.optionalClass()
	if err == nil && c == nil {
		return nil, &Error{at, of + " without a class", nil}
	}
	return c, err
}

// class reads a descriptor. It has its handle before its fields are read: their
// type strings get the next ones.
func (p *parser) class() (*Class, error) {
	at := p.at
	code := p.b[p.at]
	p.at++
	c := &Class{Proxy: code == tcProxyDesc}
	var err error
	if c.Proxy {
		err = p.proxy(c)
	} else {
		err = p.named(c)
	}
	if err != nil {
		return nil, err
	}
	if c.Annotations, err = p.annotations(); err != nil {
		return nil, err
	}
	if c.Super, err = p.optionalClass(); err != nil {
		return nil, err
	}
	n := 0
	for s := c; s != nil; s = s.Super {
		if n++; n > maxHierarchy {
			return nil, &Error{at, "a class with more superclasses than any has, or itself among them", ErrLimit}
		}
	}
	return c, nil
}

func (p *parser) named(c *Class) error {
	var err error
	if c.Name, err = p.shortUTF(); err != nil {
		return err
	}
	suid, err := p.take(8)
	if err != nil {
		return err
	}
	c.SUID = binary.BigEndian.Uint64(suid)
	p.hold(c)
	rest, err := p.take(3)
	if err != nil {
		return err
	}
	c.Flags = rest[0]
	if c.Flags&Serializable != 0 && c.Flags&Externalizable != 0 {
		return p.bad("class %s is both serializable and externalizable", c.Text())
	}
	count := int(binary.BigEndian.Uint16(rest[1:]))
	c.Fields = make([]Field, 0, min(count, (len(p.b)-p.at)/3))
	for range count {
		f, err := p.field(c)
		if err != nil {
			return err
		}
		c.Fields = append(c.Fields, f)
	}
	return nil
}

func (p *parser) field(c *Class) (f Field, err error) {
	at := p.at
	t, err := p.take(1)
	if err != nil {
		return f, err
	}
	f.Type = t[0]
	if f.Name, err = p.shortUTF(); err != nil {
		return f, err
	}
	if primSize(f.Type) > 0 {
		if n := len(c.Fields); n > 0 && primSize(c.Fields[n-1].Type) == 0 {
			return f, &Error{at, "a primitive field behind a reference: Java refuses this order", nil}
		}
		return f, nil
	}
	if f.Type != 'L' && f.Type != '[' {
		return f, &Error{at, "a field of a type that does not exist", nil}
	}
	at = p.at
	v, err := p.object()
	if err != nil {
		return f, err
	}
	var ok bool
	if f.Class, ok = v.(*String); !ok {
		return f, &Error{at, "the type of a field is no string", nil}
	}
	return f, nil
}

func (p *parser) proxy(c *Class) error {
	p.hold(c)
	n, err := p.length()
	if err != nil {
		return err
	}
	if n > maxUTF {
		p.at -= 4
		return p.bad("a proxy of %d interfaces", n)
	}
	for range n {
		name, err := p.shortUTF()
		if err != nil {
			return err
		}
		if err := p.count(1); err != nil {
			return err
		}
		c.Interfaces = append(c.Interfaces, name)
	}
	return nil
}
