package doctor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/ping/mesh"
)

// Note is what a node tells the others about itself, in one datagram of the mesh:
// enough to compare what must not differ, and to say which of them has a cause. It
// never has a key, only a fingerprint of four bytes.
type Note struct {
	Name string     `json:"n"`
	Addr netip.Addr `json:"a"`
	// Tomcat: a server.xml was read here. The rest down to Apps comes from it.
	Tomcat    bool     `json:"t,omitempty"`
	Multicast bool     `json:"m,omitempty"`
	Release   string   `json:"y,omitempty"` // of the Tomcat, where it is known
	Group     string   `json:"g,omitempty"`
	Frequency int64    `json:"f,omitempty"` // ms
	DropTime  int64    `json:"d,omitempty"` // ms
	TTL       int      `json:"l,omitempty"`
	Domain    string   `json:"o,omitempty"`
	Options   int      `json:"s,omitempty"`
	Encrypt   string   `json:"e,omitempty"` // algorithm
	Key       string   `json:"k,omitempty"` // fingerprint
	Stack     []string `json:"i,omitempty"` // interceptors
	Manager   string   `json:"c,omitempty"`
	Route     string   `json:"r,omitempty"` // jvmRoute
	Receiver  string   `json:"v,omitempty"` // address:port
	Apps      []string `json:"p,omitempty"` // contexts that are distributable
	// Hears are the addresses of the members whose heartbeats came here, Watched how
	// long it listened, in ms.
	Hears   []string `json:"h,omitempty"`
	Watched int64    `json:"w,omitempty"`
	// Queries is how many general IGMP or MLD queries were seen; nil: nobody could look.
	Queries *int `json:"q,omitempty"`
	// Reached are the receivers of others that took a connection from here.
	Reached []string `json:"z,omitempty"`
	// Causes are the ids of what is wrong on this host.
	Causes []Cause `json:"x,omitempty"`
	MTU    int     `json:"u,omitempty"`
}

// Cause is a verdict in short.
type Cause struct {
	ID         verdict.ID         `json:"i"`
	Status     verdict.Status     `json:"s"`
	Confidence verdict.Confidence `json:"c"`
	Subject    string             `json:"b,omitempty"`
	Saw        string             `json:"w,omitempty"`
}

// bytes is the note as it is sent. What makes it too long is left out, least
// important first.
func (n Note) bytes() []byte {
	for {
		b, err := json.Marshal(n)
		if err != nil {
			return nil
		}
		switch {
		case len(b) <= mesh.MaxNote:
			return b
		case len(n.Causes) > 1:
			n.Causes = n.Causes[:len(n.Causes)-1]
		case len(n.Reached) > 8:
			n.Reached = n.Reached[:len(n.Reached)/2]
		case len(n.Hears) > 8:
			n.Hears = n.Hears[:len(n.Hears)/2]
		case len(n.Apps) > 0:
			n.Apps = n.Apps[:len(n.Apps)/2]
		case len(n.Causes) == 1 && n.Causes[0].Saw != "":
			n.Causes[0].Saw = ""
		default:
			return nil
		}
	}
}

// The bounds of what a stranger's note may hold.
const (
	maxText = 300
	maxList = 64
)

// readNote reads what another node sent: bytes from the network.
func readNote(b []byte) (Note, bool) {
	var n Note
	if len(b) == 0 || len(b) > mesh.MaxNote || json.Unmarshal(b, &n) != nil {
		return n, false
	}
	for _, s := range []*string{&n.Name, &n.Group, &n.Domain, &n.Encrypt, &n.Key, &n.Manager, &n.Route, &n.Receiver} {
		*s = cut(*s)
	}
	for _, list := range []*[]string{&n.Stack, &n.Apps, &n.Hears, &n.Reached} {
		*list = (*list)[:min(len(*list), maxList)]
		for i := range *list {
			(*list)[i] = cut((*list)[i])
		}
	}
	n.Causes = n.Causes[:min(len(n.Causes), 8)]
	n.Causes = slices.DeleteFunc(n.Causes, func(c Cause) bool { return !known(c.ID) || !c.Status.Bad() })
	for i := range n.Causes {
		n.Causes[i].Subject, n.Causes[i].Saw = cut(n.Causes[i].Subject), cut(n.Causes[i].Saw)
	}
	return n, true
}

// known: an id of the catalogue, and no invention of a stranger.
func known(id verdict.ID) bool {
	_, ok := verdict.Find(id)
	return ok
}

func cut(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// fingerprint tells two keys apart without telling anything of them that helps to find
// one: four bytes of a hash.
func fingerprint(key []byte) string {
	h := sha256.Sum256(append([]byte("muster key fingerprint\x00"), key...))
	return hex.EncodeToString(h[:4])
}
