package testscripts

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"muster/internal/netlab"
)

// on runs a command on a host of the script's lab: on HOST COMMAND...
// Its output goes to the script and to a file, where `expect` reads it while the
// command runs. Signals go through; a kill -KILL of on is one of the command.
func on(args []string) int {
	if len(args) < 2 {
		return failed("usage: on HOST COMMAND...")
	}
	host, token := args[0], os.Getenv("NETLAB_"+args[0])
	if token == "" {
		return failed("on: no host %s: say hosts N first", host)
	}
	if err := netlab.Join(token); err != nil {
		return failed("on %s: %v", host, err)
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(os.Getenv("WORK"), ".state", host))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdin = os.Stdin
	var copied sync.WaitGroup
	var written []*os.File
	for _, stream := range []struct {
		to   *io.Writer
		std  io.Writer
		name string
	}{{&cmd.Stdout, os.Stdout, ".out"}, {&cmd.Stderr, os.Stderr, ".err"}} {
		f, err := os.OpenFile(filepath.Join(os.Getenv("NETLAB_OUT"), host+stream.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return failed("on %s: %v", host, err)
		}
		defer f.Close()
		r, w, err := os.Pipe()
		if err != nil {
			return failed("on %s: %v", host, err)
		}
		// The command has the reading end too: were on alone to have it, the command would
		// notice that its reader is gone before the signal that ends it comes.
		*stream.to, cmd.ExtraFiles, written = w, append(cmd.ExtraFiles, r), append(written, w)
		copied.Go(func() { _, _ = io.Copy(io.MultiWriter(f, stream.std), r) })
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	err := cmd.Start()
	for _, w := range written {
		w.Close()
	}
	if err != nil {
		return failed("on %s: %v", host, err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have ended already
		}
	}()
	err = cmd.Wait()
	copied.Wait()
	return status(err)
}

// status is the exit status that a shell would give.
func status(err error) int {
	var exit *exec.ExitError
	if err == nil || !errors.As(err, &exit) {
		if err != nil {
			return failed("%v", err)
		}
		return 0
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return exit.ExitCode()
}

func failed(format string, args ...any) int {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	return 125
}
