package portowner

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	me := fmt.Sprintf("(pid %d)", os.Getpid())
	for network, port := range map[string]int{"tcp": ln.Addr().(*net.TCPAddr).Port, "udp": pc.LocalAddr().(*net.UDPAddr).Port} {
		got := Of(network, uint16(port))
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, me) }) {
			t.Errorf("%s port %d is had by %q, not by this process", network, port, got)
		}
	}
	if got := Of("tcp", 1); len(got) != 0 {
		t.Errorf("port 1 is had by %q", got)
	}
}
