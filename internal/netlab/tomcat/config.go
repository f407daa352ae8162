package tomcat

import (
	"time"

	"muster/internal/netlab"
)

// Config is what server.xml is to say. The zero value is the cluster of Tomcat's
// how-to: DeltaManager, 228.0.0.4:45564, every 500 ms, receiver on 4000.
type Config struct {
	Manager          string        // delta or backup
	Options          string        // channelSendOptions, "8"
	Domain           string        // cluster domain, none
	EncryptionKey    string        // hex; sets an EncryptInterceptor
	Algorithm        string        // its encryptionAlgorithm, the version's own
	Group            string        // "228.0.0.4"
	GroupPort        int           // 45564
	Frequency        time.Duration // 500 ms
	DropTime         time.Duration // 3 s
	Bind             string        // membership's bind address, none
	TTL              int           // mcastTTL, the system's
	Address          string        // the receiver's, the host's own; "auto" is Tomcat's default
	Port             int           // the receiver's, 4000 and up to 100 more
	HTTPPort         int           // 8080
	Route            string        // jvmRoute, the host's name
	Expire           time.Duration // sessions' timeout, 30 min
	Coordinator      bool          // a NonBlockingCoordinator (of StartRelease)
	NotDistributable bool          // web.xml without <distributable/>: no session is replicated

	// Apps are further copies of the application, at PATH/lab.
	Apps []App

	// ClockAhead makes this Tomcat's clock wrong; it needs gcc.
	ClockAhead time.Duration

	// Static names all members, this host among them, and turns multicast off.
	Static        []*netlab.Host
	StaticService bool // by StaticMembershipService, not StaticMembershipInterceptor

	// Provider asks the DNS or Kubernetes ("dns", "kubernetes") for the members, in place of
	// multicast; Env are variables of the process ("NAME=VALUE"), by which it asks.
	Provider string
	Env      []string

	// Files are put into CATALINA_BASE as they are, by their paths in it:
	// "conf/server.xml" takes the place of the one that the fields above make.
	Files map[string]string

	Debug bool          // FINE logging of ha and tribes
	JVM   []string      // further options of java
	Wait  time.Duration // how long it may take to serve; 75 s, since a lost state transfer takes 60
}

// App is a copy of the application at a path of its own.
type App struct {
	Path             string // "/backup"
	Manager          string // a <Manager .../> of its own, instead of the cluster's
	NotDistributable bool
	DocBase, WebXML  string // another application, from this folder and with this web.xml
}

func (c Config) withDefaults(h *netlab.Host) Config {
	set(&c.Manager, "delta")
	set(&c.Options, "8")
	set(&c.Group, "228.0.0.4")
	set(&c.GroupPort, 45564)
	set(&c.Frequency, 500*time.Millisecond)
	set(&c.DropTime, 3*time.Second)
	set(&c.Address, h.Addr().String())
	set(&c.Port, 4000)
	set(&c.HTTPPort, 8080)
	set(&c.Route, h.Name())
	set(&c.Expire, 30*time.Minute)
	set(&c.Wait, 75*time.Second)
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
