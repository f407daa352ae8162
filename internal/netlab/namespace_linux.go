package netlab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// namespace is one host's world: its network, the mounts that show it (/sys,
// /etc/hosts) and its host name. It lives as long as the files are open or a
// process is in it.
type namespace struct {
	net, mnt, uts *os.File
	netID         string // as in /proc/PID/ns/net
}

// newNamespace makes a namespace with the given host name. The files of etc, by
// name, stand in for those of /etc.
func newNamespace(name string, etc map[string]string) (*namespace, error) {
	ns := &namespace{}
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWUTS); err != nil {
			return fmt.Errorf("a new network namespace: %w", err)
		}
		// /sys/class/net shows the network of whoever mounted it.
		if err := unix.Mount("sysfs", "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return fmt.Errorf("mounting /sys in a new namespace: %w", err)
		}
		if err := unix.Sethostname([]byte(name)); err != nil {
			return fmt.Errorf("setting the host name: %w", err)
		}
		for to, from := range etc {
			if err := unix.Mount(from, filepath.Join("/etc", to), "", unix.MS_BIND, ""); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("mounting /etc/%s: %w", to, err)
			}
		}
		if err := settings(); err != nil {
			return err
		}
		return ns.open()
	})
	if err != nil {
		ns.close()
		return nil, err
	}
	return ns, nil
}

// settings makes every lab alike: a new network takes some of its settings over
// from the machine.
func settings() error {
	for _, s := range [][2]string{
		{"net.ipv4.conf.all.rp_filter", "0"},
		{"net.ipv4.conf.default.rp_filter", "0"},
		{"net.ipv4.ip_forward", "0"},
		// An address is to be usable at once, not a second after its link is up.
		{"net.ipv6.conf.default.accept_dad", "0"},
	} {
		if err := sysctl(s[0], s[1]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (ns *namespace) open() (err error) {
	for _, f := range []struct {
		to   **os.File
		kind string
	}{{&ns.net, "net"}, {&ns.mnt, "mnt"}, {&ns.uts, "uts"}} {
		if *f.to, err = os.Open("/proc/thread-self/ns/" + f.kind); err != nil {
			return err
		}
	}
	ns.netID, err = os.Readlink("/proc/thread-self/ns/net")
	return err
}

func (ns *namespace) close() {
	for _, f := range []*os.File{ns.net, ns.mnt, ns.uts} {
		if f != nil {
			f.Close()
		}
	}
}

// do runs fn on a thread inside the namespace and waits for it.
func (ns *namespace) do(fn func() error) error {
	return onThread(func() error {
		if err := ns.enter(); err != nil {
			return fmt.Errorf("entering a host's namespace: %w", err)
		}
		return fn()
	})
}

// enter moves the calling thread, which must be locked and may not be used for
// anything else afterwards.
func (ns *namespace) enter() error {
	return enter(int(ns.net.Fd()), int(ns.uts.Fd()), int(ns.mnt.Fd()))
}

func enter(net, uts, mnt int) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	// A thread that shares its idea of / and . with others may not change mounts.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	if err := unix.Setns(net, unix.CLONE_NEWNET); err != nil {
		return err
	}
	if err := unix.Setns(uts, unix.CLONE_NEWUTS); err != nil {
		return err
	}
	if err := unix.Setns(mnt, unix.CLONE_NEWNS); err != nil {
		return err
	}
	return unix.Chdir(dir) // Setns went to the root
}

// onThread runs fn on an OS thread that ends with it, so that no other goroutine
// ever runs in what fn has entered. A panic of fn, and a t.FailNow, go on in the
// caller.
func onThread(fn func() error) error {
	var (
		err      error
		returned bool
		panicked any
		done     = make(chan struct{})
	)
	go func() {
		runtime.LockOSThread() // and never unlock
		defer close(done)
		defer func() {
			if !returned {
				if panicked = recover(); panicked != nil {
					panicked = fmt.Sprintf("%v\n%s", panicked, debug.Stack())
				}
			}
		}()
		err = fn()
		returned = true
	}()
	<-done
	switch {
	case returned:
		return err
	case panicked != nil:
		panic(panicked)
	}
	runtime.Goexit()
	return nil
}
