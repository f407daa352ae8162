package stream

// list holds connections from the one longest unused to the one used last.
type list struct {
	first, last *Conn
	n           int
}

func (l *list) push(c *Conn) {
	c.list, c.prev, c.next = l, l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
	l.n++
}

func (l *list) remove(c *Conn) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
	c.list, c.prev, c.next = nil, nil, nil
	l.n--
}

func (l *list) toEnd(c *Conn) {
	if l.last != c {
		l.remove(c)
		l.push(c)
	}
}
