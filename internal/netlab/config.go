package netlab

// TB is what netlab needs of a test. A *testing.T is one; a script's test can
// be adapted to it.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Logf(format string, args ...any)
	TempDir() string
}

// Runner is the part of *testing.M that runs the tests.
type Runner interface{ Run() int }

// Config says which network a lab is to have.
type Config struct {
	Hosts  int    // how many hosts, n1 and up; 0 means 2
	Dual   bool   // a second net as well: eth1 on a switch of its own
	Routes Routes // the hosts' IPv4 routes besides those of their own nets
}

// Routes are the IPv4 routes of a host besides those of its own nets.
type Routes int

const (
	RouteMulticast Routes = iota // 224.0.0.0/4 dev eth0
	RouteNone
	RouteDefault // default via the switch, 10.77.0.1
	RouteBoth
)
