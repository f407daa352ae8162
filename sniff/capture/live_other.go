//go:build !linux

package capture

import (
	"errors"
	"runtime"

	"muster/internal/hint"
)

// Live captures on interfaces of this host, which only works on Linux.
func Live(LiveOptions) (Source, error) {
	return nil, hint.Wrap(errors.New("muster captures live on Linux only, not on "+runtime.GOOS),
		"let another program capture: tcpdump -U -i IF -w - | muster sniff -r -")
}
