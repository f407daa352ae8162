package netlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// insideEnv marks a process that runs in netlab's namespaces: the test binary
// itself and all that it starts.
const insideEnv = "MUSTER_NETLAB"

// unavailable says why this machine can have no lab; empty where it can.
var unavailable = "TestMain does not call netlab.Main"

// Main runs the tests of m in namespaces of their own and ends the process with
// their status. Where namespaces cannot be had the tests run as they are, and
// New skips those that need a lab. All tests of the package run inside: they
// have a loopback and nothing else until they make a lab.
func Main(m Runner) { os.Exit(Wrap(m).Run()) }

// Wrap is Main for a TestMain that hands its tests on, to testscript.Main for one.
func Wrap(m Runner) Runner { return runner{m} }

type runner struct{ tests Runner }

func (r runner) Run() int {
	if os.Getenv(insideEnv) == "" {
		status, err := again()
		if err == nil {
			return status
		}
		unavailable = err.Error()
		return r.tests.Run()
	}
	unavailable = ""
	if os.Getpid() == 1 { // else a child of the tests, where all is ready
		if err := settle(); err != nil {
			unavailable = err.Error()
		}
	}
	return r.tests.Run()
}

// again starts this binary once more in new namespaces, waits for it and returns
// its exit status. An error means that the namespaces could not be had.
func again() (int, error) {
	// The child is to die with this process, and Linux counts the thread that
	// started it as its parent.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd, err := start(unix.CLONE_NEWUSER)
	if err != nil && os.Geteuid() == 0 {
		// Root may be without user namespaces, and needs none.
		cmd, err = start(0)
	}
	if err != nil {
		return 0, fmt.Errorf("a new user and network namespace: %w", err)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have ended already
		}
	}()
	err = cmd.Wait()
	signal.Stop(signals)
	close(signals)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, nil
	}
	if status := cmd.ProcessState.ExitCode(); status >= 0 {
		return status, nil
	}
	fmt.Fprintf(os.Stderr, "netlab: the tests were ended by a signal: %v\n", cmd.ProcessState)
	return 1, nil
}

func start(userns uintptr) (*exec.Cmd, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = os.Args
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: userns | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	if userns != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return cmd, cmd.Start()
}

// settle makes the new namespaces usable: nothing that is mounted here shows
// outside, /proc tells of the new processes, and the loopback is up.
func settle() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts of its own: %w", err)
	}
	// Tools keep their locks in /run (iptables-legacy does), which is root's.
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=1m"); err != nil {
		return fmt.Errorf("a /run of its own: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc in the new namespace: %w", err)
	}
	c, err := dial(nil)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.up("lo")
}
