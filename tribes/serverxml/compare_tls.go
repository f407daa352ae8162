package serverxml

func channel(c *Cluster) *Component { return &c.Channel }

// wayOfTLS is how members can be sent to, where TLS is known at all.
func wayOfTLS(c *Cluster) (string, bool) {
	if !c.judged.Has(tlsSince) {
		return "", false
	}
	switch t := c.tls(); {
	case t.usable() && t.secure:
		return "by TLS alone", true
	case t.usable():
		return "by TLS and in clear", true
	}
	return "in clear", true
}

// ofTLS is an attribute of the channel, where TLS is used.
func ofTLS(name string) func(*Cluster) (string, bool) {
	return func(c *Cluster) (string, bool) {
		v, ok := c.Channel.Attribute(name)
		return v.Text, ok && v.Known() && c.tls().usable()
	}
}
