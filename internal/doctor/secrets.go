package doctor

import (
	"bytes"
	"strings"

	"muster/internal/lazyregexp"
	"muster/tribes/serverxml"
)

// xmlPiece is the beginning of an element, or an attribute with its value; the value of
// the last one may have no end.
var xmlPiece = lazyregexp.New(`<([A-Za-z][\w:.-]*)|([A-Za-z_][\w:.-]*)(\s*=\s*)("[^"]*(?:"|$)|'[^']*(?:'|$))`)

// entityText is an internal entity: its name and its text in quotes.
var entityText = lazyregexp.New(`<!ENTITY\s+([\w:.-]+)\s+("[^"]*"|'[^']*')`)

// inValue are secrets in the middle of other values: a password in a URL, before its host
// or among its parameters.
var inValue = lazyregexp.New(`(?i)(://[^\s/:@"']*:)([^\s@"']+)(@)|((?:passw(?:or)?d|pwd|secret|token|key)=)([^&;,\s"']+)`)

// onePlaceholder is a value that stands elsewhere.
var onePlaceholder = lazyregexp.New(`^\$\{[^{}:]*\}$`)

// judged are the elements whose attributes are looked at again when a bundle is read.
// What stands in others, such as resources and realms, is hidden whole.
var judged = map[string]bool{
	"": true, "Server": true, "Service": true, "Engine": true, "Host": true, "Alias": true, "Context": true, "Connector": true, "Executor": true, "Cluster": true,
	"Manager": true, "SessionIdGenerator": true, "Channel": true, "Membership": true, "Member": true, "LocalMember": true, "Receiver": true, "Sender": true, "Transport": true,
	"Interceptor": true, "Valve": true, "Deployer": true, "Listener": true, "ClusterListener": true, "ChannelListener": true, "MembershipListener": true,
}

// hideSecrets puts fingerprints in place of what nobody else may read in a server.xml, as
// long as these are, so that places stay and two files can still be compared.
func hideSecrets(xml []byte) []byte {
	out := bytes.Clone(xml)
	open, secret := map[string]int{}, map[string]bool{} // entities: how often they are referred to, and whether by what is hidden
	for _, e := range entityName().FindAllSubmatch(xml, -1) {
		open[string(e[1])]++
	}
	hidden := func(value []byte) {
		for _, e := range entityName().FindAllSubmatch(value, -1) {
			open[string(e[1])]--
			secret[string(e[1])] = true
		}
	}
	element := ""
	for _, m := range xmlPiece().FindAllSubmatchIndex(xml, -1) {
		if m[2] >= 0 {
			element = string(xml[m[2]:m[3]])
			continue
		}
		name, from := string(xml[m[4]:m[5]]), m[8]+1
		value := xml[from:max(from, m[9]-1)]
		if q := xml[m[8]]; m[9] == len(xml) && xml[m[9]-1] != q {
			value = xml[from:]
		}
		switch {
		case onePlaceholder().Match(value):
		case secretAttribute(element, name, string(value)):
			copy(out[from:], mask(value))
			hidden(value)
		default:
			maskInside(out[from:from+len(value)], value)
		}
	}
	// An entity is shown where something that is shown refers to it, and nothing hidden does.
	entities := entityText().FindAllSubmatchIndex(xml, -1)
	done := make([]bool, len(entities))
	for again := true; again; {
		again = false
		for i, m := range entities {
			name := string(xml[m[2]:m[3]])
			if done[i] || !secret[name] && open[name] > 0 && !serverxml.SecretName(name) {
				continue
			}
			value := xml[m[4]+1 : m[5]-1]
			copy(out[m[4]+1:], mask(value))
			hidden(value)
			done[i], again = true, true
		}
	}
	return out
}

var entityName = lazyregexp.New(`&([\w:.-]+);`)

func secretAttribute(element, name, value string) bool {
	switch {
	case serverxml.SecretName(name):
		return true
	case !judged[element]:
		return name != "className" && name != "name" && name != "type"
	}
	return element == "Server" && name == "shutdown" && value != "SHUTDOWN" // who knows it can stop the Tomcat
}

// mask is a fingerprint that is as long as the value.
func mask(value []byte) []byte {
	mark := fingerprint(value)
	return []byte(strings.Repeat(mark, len(value)/len(mark)+1)[:len(value)])
}

func maskInside(out, value []byte) {
	for _, m := range inValue().FindAllSubmatchIndex(value, -1) {
		at, end := m[4], m[5]
		if at < 0 {
			at, end = m[10], m[11]
		}
		copy(out[at:], mask(value[at:end]))
	}
}
