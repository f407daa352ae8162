// Package products tests muster against products other than Tomcat, which it reads, names
// and judges: see internal/netlab/product for what they need. Without flags a core runs that
// takes less than a minute; -all runs every product, and takes a quarter of an hour.
package products

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/cmd"
	"muster/internal/netlab"
)

var (
	all    = flag.Bool("all", false, "run every product and fault, not the core alone")
	update = flag.Bool("update", false, "with -all, write the matrix into docs/protocols.md")
)

// TestMain lets a host run the real program.
func TestMain(m *testing.M) {
	// The products mostly wait, but each is a JVM or two.
	if err := flag.Set("test.parallel", "2"); err != nil {
		panic(err)
	}
	testscript.Main(netlab.Wrap(m), map[string]func(){"muster": func() { os.Exit(cmd.Main(os.Args[1:])) }})
}

// seen is what the summary of muster sniff, or muster discover, tells.
type seen struct {
	Products []productSeen `json:"products"`
	Groups   []struct {
		Group   string       `json:"group"`
		Port    uint16       `json:"port"`
		Product string       `json:"product"`
		Members []memberSeen `json:"members"`
	} `json:"groups"`
	Verdicts []verdictSeen `json:"-"` // lines of their own
}

type productSeen struct {
	Product string       `json:"product"`
	Name    string       `json:"name"`
	Groups  []string     `json:"groups"`
	Members []memberSeen `json:"members"`
}

type memberSeen struct {
	Product  string   `json:"product"`
	Cluster  string   `json:"cluster"`
	Name     string   `json:"name"`
	Address  string   `json:"address"`
	View     string   `json:"view"`
	Release  string   `json:"release"`
	Role     string   `json:"role"`
	Notes    []string `json:"notes"`
	Sources  []string `json:"sources"`
	Goodbye  *string  `json:"goodbye"`
	Interval float64  `json:"interval_ms"`
}

type verdictSeen struct {
	ID         string `json:"id"`
	Subject    string `json:"subject"`
	Status     string `json:"status"`
	Confidence string `json:"confidence"`
	Saw        string `json:"saw"`
}

// capture is muster sniff, running on a host: a line for each packet, then the summary.
type capture struct {
	*netlab.Process
	t *testing.T
}

func sniff(t *testing.T, h *netlab.Host) *capture {
	t.Helper()
	c := &capture{h.Launch(t, "muster", "sniff", "-i", "eth0", "--json"), t}
	c.WaitLog("^capturing", 20*time.Second)
	return c
}

// end interrupts the capture and returns what it saw.
func (c *capture) end() (s seen) {
	c.t.Helper()
	c.Signal(syscall.SIGINT)
	select {
	case <-c.Ended():
	case <-time.After(30 * time.Second):
		c.t.Fatalf("muster sniff still runs\n%s", c.Tail())
	}
	found := false
	for _, l := range c.Log() {
		if strings.HasPrefix(l.Text, `{"type":"summary"`) {
			var sum seen
			if err := json.Unmarshal([]byte(l.Text), &sum); err != nil {
				c.t.Fatal(err)
			}
			s.Products, s.Groups, found = sum.Products, sum.Groups, true
		}
	}
	s.Verdicts = verdictsOf(c.t, c.Process)
	if !found {
		c.t.Fatalf("no summary\n%s", c.Tail())
	}
	return s
}

// verdictsOf are those that a command printed with --json.
func verdictsOf(t *testing.T, p *netlab.Process) (list []verdictSeen) {
	t.Helper()
	for _, l := range p.Log() {
		if !strings.HasPrefix(l.Text, `{"type":"verdict"`) {
			continue
		}
		var v verdictSeen
		if err := json.Unmarshal([]byte(l.Text), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// troubles are the verdicts that fail or warn, but for those of some ids.
func (s seen) troubles(except ...string) (list []string) {
	for _, v := range s.Verdicts {
		if (v.Status == "fail" || v.Status == "warn") && !slices.Contains(except, v.ID) {
			list = append(list, v.Status+" "+v.ID+" "+v.Saw)
		}
	}
	return list
}

// members are all of a product, by the order of their addresses.
func (s seen) members(product string) (list []memberSeen) {
	for _, p := range s.Products {
		if p.Product == product {
			list = append(list, p.Members...)
		}
	}
	return list
}
