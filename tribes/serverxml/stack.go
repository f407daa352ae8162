package serverxml

import "muster/tribes"

// Interceptor is one that changes what is sent, or drops what arrives.
type Interceptor struct {
	Class  string         // without its package: GzipInterceptor
	Flag   tribes.Options // optionFlag: only messages with these bits; 0 is all
	Size   int            // maxSize of fragments, compressionMinSize
	Domain []byte         // of DomainFilterInterceptor, as it goes over the wire
}

// interceptors are those of the channel in their order, the application's end
// first.
func (g *getter) interceptors(c *Cluster) []Interceptor {
	var out []Interceptor
	for i := range c.Interceptors {
		one := &c.Interceptors[i]
		e := Interceptor{Class: short(one.Class)}
		switch {
		case one.is(encryptInterceptor):
		case one.is(gzipInterceptor):
			e.Size = int(g.num(one, "compressionMinSize"))
		case one.is(fragmentation):
			e.Size = int(g.num(one, "maxSize"))
			e.Flag = tribes.Options(g.num(one, "optionFlag"))
		case one.is(orderInterceptor), one.is(interceptorPackage + "TwoPhaseCommitInterceptor"):
			e.Flag = tribes.Options(g.num(one, "optionFlag"))
		case one.is(domainFilter):
			e.Domain = domainBytes(g.text(one, "domain"))
		default:
			continue
		}
		out = append(out, e)
	}
	return out
}
