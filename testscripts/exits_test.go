package testscripts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// exits succeeds when the command ends with just this status: exits N COMMAND...
func exits(args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: exits STATUS COMMAND...")
		return 125
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "exits:", err)
		return 125
	}
	c := exec.Command(args[1], args[2:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	got := 0
	var exit *exec.ExitError
	if err := c.Run(); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "exits:", err)
		return 125
	}
	if got != want {
		fmt.Fprintf(os.Stderr, "exits: the status is %d, not %d\n", got, want)
		return 1
	}
	return 0
}
