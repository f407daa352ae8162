package javaser

// instance reads an object: class, handle, then the data of each class of the
// hierarchy, superclass first.
func (p *parser) instance() (*Object, error) {
	p.at++
	c, err := p.needClass("an object")
	if err != nil {
		return nil, err
	}
	o := &Object{Class: c}
	p.hold(o)
	if c.Flags&Externalizable != 0 {
		if c.Flags&BlockData == 0 {
			return nil, p.bad("class %s wrote unframed data (protocol 1), which only it could read", c.Text())
		}
		data, err := p.annotations()
		if err != nil {
			return nil, err
		}
		o.Parts = []Part{{Class: c, Annotations: data}}
		return o, nil
	}
	hierarchy, n := [maxHierarchy]*Class{}, 0
	for s := c; s != nil && n < maxHierarchy; s = s.Super {
		if s.Flags&Externalizable != 0 {
			return nil, p.bad("superclass %s writes itself, and class %s does not", s.Text(), c.Text())
		}
		if s.hasData() {
			hierarchy[n] = s
			n++
		}
	}
	if n > 0 {
		o.Parts = make([]Part, 0, n)
	}
	for n--; n >= 0; n-- {
		part, err := p.part(hierarchy[n])
		if err != nil {
			return nil, err
		}
		o.Parts = append(o.Parts, part)
	}
	return o, nil
}

// hasData reports whether an object has bytes of this class in the stream.
func (c *Class) hasData() bool { return len(c.Fields) > 0 || c.Flags&WriteMethod != 0 }

func (p *parser) part(c *Class) (Part, error) {
	part := Part{Class: c}
	size, refs := 0, 0
	for _, f := range c.Fields {
		if n := primSize(f.Type); n > 0 {
			size += n
		} else {
			refs++
		}
	}
	if err := p.count(1 + refs); err != nil {
		return part, err
	}
	var err error
	if part.Prims, err = p.take(size); err != nil {
		return part, err
	}
	if part.Refs, err = p.refs(refs); err != nil {
		return part, err
	}
	if c.Flags&WriteMethod != 0 {
		part.Annotations, err = p.annotations()
	}
	return part, err
}

// refs reads n reference values; each takes a byte at least.
func (p *parser) refs(n int) ([]Value, error) {
	if n == 0 {
		return nil, nil
	}
	if _, err := p.take(n); err != nil {
		return nil, err
	}
	p.at -= n
	all := make([]Value, 0, n)
	for range n {
		v, err := p.object()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (p *parser) array() (*Array, error) {
	p.at++
	at := p.at
	c, err := p.needClass("an array")
	if err != nil {
		return nil, err
	}
	elem := c.Elem()
	if elem == 0 {
		return nil, &Error{at, "an array of class " + c.Text(), nil}
	}
	a := &Array{Class: c}
	p.hold(a)
	if a.Len, err = p.length(); err != nil {
		return nil, err
	}
	if size := primSize(elem); size > 0 {
		if a.Len > (len(p.b)-p.at)/size {
			return nil, &Error{p.at, "an array longer than the rest of the stream", ErrIncomplete}
		}
		a.Prims, err = p.take(a.Len * size)
		return a, err
	}
	if err := p.count(a.Len); err != nil {
		return nil, err
	}
	a.Refs, err = p.refs(a.Len)
	return a, err
}

func (p *parser) enum() (*Enum, error) {
	p.at++
	at := p.at
	c, err := p.needClass("an enum")
	if err != nil {
		return nil, err
	}
	if c.Flags&EnumFlag == 0 {
		return nil, &Error{at, "an enum of class " + c.Text() + ", which is none", nil}
	}
	e := &Enum{Class: c}
	p.hold(e)
	at = p.at
	v, err := p.object()
	if err != nil {
		return nil, err
	}
	var ok bool
	if e.Name, ok = v.(*String); !ok {
		return nil, &Error{at, "the name of an enum constant is no string", nil}
	}
	return e, nil
}
