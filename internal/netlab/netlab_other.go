//go:build !linux

package netlab

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Main runs the tests of m; those that need a lab skip.
func Main(m Runner) { os.Exit(m.Run()) }

// Wrap returns m.
func Wrap(m Runner) Runner { return m }

// Lab, Host, Switch and Cmd are only on Linux; here none is ever made.
type (
	Lab    struct{}
	Host   struct{}
	Switch struct{}
	Cmd    struct{ *exec.Cmd }
)

// New skips the test.
func New(tb TB, _ Config) *Lab {
	tb.Helper()
	tb.Skipf("netlab: not possible here: %s", Missing())
	return nil
}

// Missing says why there is no lab.
func Missing() string { return "network namespaces are a thing of Linux, not of " + runtime.GOOS }

// HaveIPv6 tells whether the hosts of a lab have IPv6 addresses.
func HaveIPv6() bool { return false }

// Join fails.
func Join(string) error { return errors.New(Missing()) }

func (*Lab) Host(int) *Host     { return nil }
func (*Lab) Named(string) *Host { return nil }
func (*Lab) Hosts() []*Host     { return nil }
func (*Lab) Switch() *Switch    { return nil }

func (*Host) Name() string                                           { return "" }
func (*Host) Addr() netip.Addr                                       { return netip.Addr{} }
func (*Host) Addr6() netip.Addr                                      { return netip.Addr{} }
func (*Host) Addr2() netip.Addr                                      { return netip.Addr{} }
func (*Host) MAC() net.HardwareAddr                                  { return nil }
func (*Host) Dir() string                                            { return "" }
func (*Host) Token() string                                          { return "" }
func (*Host) Do(func())                                              {}
func (*Host) Dial(context.Context, string, string) (net.Conn, error) { return nil, nil }
func (*Host) HTTP() *http.Client                                     { return nil }
func (*Host) Command(context.Context, string, ...string) *Cmd        { return nil }

// Capture is only on Linux too.
type Capture struct{}

func (*Host) Capture(string) *Capture { return nil }
func (*Capture) Frames() []Frame      { return nil }
func (*Capture) Stop() []Frame        { return nil }

func (c *Cmd) Unprivileged() *Cmd { return c }

func (*Switch) Command(context.Context, string, ...string) *Cmd { return nil }
func (*Switch) Loss(*Host, float64, Direction) (heal func())    { return nil }
func (*Switch) Drop(*Host, Traffic) (heal func())               { return nil }
func (*Switch) Partition(...*Host) (heal func())                { return nil }
func (*Switch) Unplug(*Host) (heal func())                      { return nil }
func (*Switch) Delay(*Host, Impairment) (heal func())           { return nil }
func (*Switch) SnoopWithQuerier() (heal func())                 { return nil }
func (*Switch) SnoopWithoutQuerier(time.Duration) (heal func()) { return nil }
func (*Host) Firewall(Traffic) (heal func())                    { return nil }
func (*Host) NoRoute() (heal func())                            { return nil }
func (*Host) WrongInterface() (heal func())                     { return nil }
func (*Host) ReversePathFilter() (heal func())                  { return nil }
func (*Host) MTU(int) (heal func())                             { return nil }
func (*Host) NoMulticast() (heal func())                        { return nil }
func (*Host) Sysctl(string, string) (heal func())               { return nil }
