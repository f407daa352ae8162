package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"muster/internal/netlab"
)

// open starts a capture on a host.
func openLive(t *testing.T, h *netlab.Host, o LiveOptions) Source {
	t.Helper()
	var s Source
	h.Do(func() {
		var err error
		if s, err = Live(o); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

// got is a packet with its data kept.
type got struct {
	Packet
	name string
}

// collect reads what holds text until n of it came, and ends the capture. It
// fails when they do not come in time.
func collect(t *testing.T, s Source, text string, n int) []got {
	t.Helper()
	var out []got
	late := time.AfterFunc(10*time.Second, func() { s.Close() })
	defer late.Stop()
	var p Packet
	for {
		err := s.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(p.Data, []byte(text)) {
			x := got{p, s.Interfaces()[p.Interface].Name}
			x.Data = bytes.Clone(p.Data)
			if out = append(out, x); len(out) == n {
				s.Close()
			}
		}
	}
	if len(out) < n {
		t.Fatalf("%d of %d packets with %q came", len(out), n, text)
	}
	return out
}

// udp sends a datagram from a host.
func udp(t *testing.T, h *netlab.Host, to, text string) {
	t.Helper()
	h.Do(func() {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to)))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	})
}

// Packets come with the kernel's time, in order, and outgoing ones too.
func TestLive(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	s := openLive(t, lab.Host(2), LiveOptions{Interfaces: []string{"eth0"}})
	before := time.Now()
	udp(t, lab.Host(1), "228.0.0.4:45564", "live one")
	udp(t, lab.Host(1), "228.0.0.4:45564", "live two")
	udp(t, lab.Host(2), "228.0.0.4:45564", "live own")
	list := collect(t, s, "live ", 3)
	for i, want := range []string{"live one", "live two", "live own"} {
		p := list[i]
		if !bytes.HasSuffix(p.Data, []byte(want)) || p.Link != Ethernet || p.Length != len(p.Data) || p.name != "eth0" || p.Outgoing != (i == 2) {
			t.Errorf("packet %d: %+v %q", i, p.Packet, p.Data)
		}
		if at := p.Time(); at.Before(before.Add(-time.Second)) || at.After(time.Now()) {
			t.Errorf("captured at %s, sent at %s", at, before)
		}
	}
	if st := s.Stats(); st.Received < 3 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
	var p Packet
	if err := s.Next(&p); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// Without promiscuous mode frames for other hosts are not seen; with it they are.
func TestLivePromiscuous(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	plain := openLive(t, lab.Host(3), LiveOptions{Interfaces: []string{"eth0"}})
	nosy := openLive(t, lab.Host(3), LiveOptions{Interfaces: []string{"eth0"}, Promiscuous: true})
	// The switch does not know this address, so the frame goes to all ports.
	raw(t, lab.Host(1), "eth0", "020000000099"+"02770000000b"+"88b5", "not for n3")
	raw(t, lab.Host(1), "eth0", "ffffffffffff"+"02770000000b"+"88b5", "for all")
	collect(t, nosy, "not for n3", 1)
	for _, p := range collect(t, plain, "for", 1) {
		if bytes.Contains(p.Data, []byte("not for n3")) {
			t.Skip("this kernel's veth passes every frame on")
		}
	}
}

// raw sends a frame by an interface: a header in hex, then text.
func raw(t *testing.T, h *netlab.Host, name, header, text string) {
	t.Helper()
	var b []byte
	if _, err := fmt.Sscanf(header, "%x", &b); err != nil {
		t.Fatal(err)
	}
	b = append(b, text...)
	for len(b) < 60 {
		b = append(b, 0)
	}
	h.Do(func() {
		i, err := net.InterfaceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Sendto(fd, b, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
			t.Fatal(err)
		}
	})
}

// A frame with a VLAN tag, or two, is captured as it was on the wire, although
// the kernel takes the outer tag out.
func TestLiveVLAN(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	s := openLive(t, lab.Host(2), LiveOptions{Interfaces: []string{"eth0"}})
	const macs = "ffffffffffff" + "02770000000b"
	raw(t, lab.Host(1), "eth0", macs+"8100"+"e00a"+"88b5", "tagged once")
	raw(t, lab.Host(1), "eth0", macs+"88a8"+"0064"+"8100"+"000a"+"88b5", "tagged twice")
	list := collect(t, s, "tagged ", 2)
	for i, want := range []string{"8100e00a88b5", "88a800648100000a88b5"} {
		p := list[i]
		if h := fmt.Sprintf("%x", p.Data[12:12+len(want)/2]); h != want || p.Length != len(p.Data) {
			t.Errorf("%s, want %s; %d of %d bytes", h, want, len(p.Data), p.Length)
		}
	}
}

// All interfaces at once, or some of them.
func TestLiveSeveral(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2, Dual: true})
	n1, n2 := lab.Host(1), lab.Host(2)
	all := openLive(t, n2, LiveOptions{})
	two := openLive(t, n2, LiveOptions{Interfaces: []string{"lo", "eth1"}})
	const header = "ffffffffffff" + "02770000000b" + "88b5"
	raw(t, n1, "eth0", header, "by eth0")
	raw(t, n1, "eth1", header, "by eth1")
	raw(t, n2, "lo", header, "by lo")
	names := func(list []got) string {
		var out []string
		for _, p := range list {
			i := bytes.Index(p.Data, []byte("by "))
			out = append(out, p.name+"="+strings.TrimRight(string(p.Data[i:]), "\x00"))
		}
		return strings.Join(out, " ")
	}
	if got, want := names(collect(t, all, "by ", 3)), "eth0=by eth0 eth1=by eth1 lo=by lo"; got != want {
		t.Errorf("on all: %s, want %s", got, want)
	}
	if got, want := names(collect(t, two, "by ", 2)), "eth1=by eth1 lo=by lo"; got != want {
		t.Errorf("on lo and eth1: %s, want %s", got, want)
	}
}

// The kernel's filter keeps the rest out.
func TestLiveFilter(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	onlyArp := []bpf.Instruction{bpf.LoadAbsolute{Off: 12, Size: 2}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x88b5, SkipFalse: 1}, bpf.RetConstant{Val: 20}, bpf.RetConstant{}}
	s := openLive(t, lab.Host(2), LiveOptions{Interfaces: []string{"eth0"}, Program: onlyArp})
	udp(t, lab.Host(1), "228.0.0.4:45564", "filtered out")
	raw(t, lab.Host(1), "eth0", "ffffffffffff"+"02770000000b"+"88b5", "kept and cut")
	p := collect(t, s, "kept", 1)[0]
	if p.Number != 1 || len(p.Data) != 20 || p.Length != 60 {
		t.Errorf("packet %d, %d of %d bytes", p.Number, len(p.Data), p.Length)
	}
}

func TestLiveErrors(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 1})
	lab.Host(1).Do(func() {
		if _, err := Live(LiveOptions{Interfaces: []string{"nosuch0"}}); err == nil || !strings.Contains(err.Error(), `interface "nosuch0"`) {
			t.Errorf("an interface that is not there: %v", err)
		}
	})
}

// Close ends a Next that waits, at once.
func TestLiveClose(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 1})
	var none []bpf.Instruction = []bpf.Instruction{bpf.RetConstant{}}
	s := openLive(t, lab.Host(1), LiveOptions{Program: none})
	end := make(chan error)
	go func() {
		var p Packet
		end <- s.Next(&p)
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-end:
		if err != io.EOF {
			t.Errorf("%v, want the end", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Next still waits")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// What is captured live on several interfaces and written opens in Wireshark's tools:
// each interface by its name, times to the ns, VLAN tags in their place.
func TestLiveWritten(t *testing.T) {
	for _, tool := range []string{"tshark", "capinfos"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	lab := netlab.New(t, netlab.Config{Hosts: 2, Dual: true})
	n1, n2 := lab.Host(1), lab.Host(2)
	s := openLive(t, n2, LiveOptions{})
	const macs = "ffffffffffff" + "02770000000b"
	raw(t, n1, "eth0", macs+"8100"+"e00a"+"88b5", "kept one")
	raw(t, n1, "eth1", macs+"88a8"+"0064"+"8100"+"000b"+"88b5", "kept two")
	raw(t, n2, "lo", macs+"88b5", "kept three")
	f, err := os.Create(filepath.Join(t.TempDir(), "kept.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(f, "muster")
	if err != nil {
		t.Fatal(err)
	}
	var times []string
	for _, p := range collect(t, s, "kept ", 3) {
		if err := w.Write(&p.Packet, Interface{Name: p.name, Link: p.Link}); err != nil {
			t.Fatal(err)
		}
		times = append(times, fmt.Sprintf("%d.%09d", p.Nanos/1e9, p.Nanos%1e9))
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("tshark", "-n", "-r", f.Name(), "-T", "fields", "-E", "separator=|", "-e", "frame.interface_name", "-e", "vlan.id", "-e", "ieee8021ad.id", "-e", "frame.time_epoch").Output()
	want := fmt.Sprintf("eth0|10||%s\neth1|11|100|%s\nlo|||%s\n", times[0], times[1], times[2])
	if err != nil || string(out) != want {
		t.Errorf("tshark: %v\n%swant\n%s", err, out, want)
	}
	out, err = exec.Command("capinfos", f.Name()).Output()
	for _, part := range []string{"pcapng", "nanoseconds (9)", "Number of packets:   3", "Number of interfaces in file: 3"} {
		if err != nil || !strings.Contains(string(out), part) {
			t.Errorf("capinfos: %v, no %q in\n%s", err, part, out)
		}
	}
}
