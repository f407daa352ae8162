package doctor

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/tribes/logs"
)

// recent is how much of the end of a log counts: what is older is another story.
const recent = "1h"

// logFiles are the logs of the Tomcat whose server.xml it is: the newest of its catalina
// logs, which is where the cluster writes.
func logFiles(serverXML string) []string {
	base := filepath.Join(filepath.Dir(filepath.Dir(serverXML)), "logs")
	type file struct {
		name string
		at   time.Time
	}
	var newest file
	for _, pattern := range []string{"catalina.out", "catalina*.log"} {
		names, _ := filepath.Glob(filepath.Join(base, pattern)) // the only error is of a bad pattern
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.ModTime().After(newest.at) {
				newest = file{name, info.ModTime()}
			}
		}
	}
	if newest.name == "" {
		return nil
	}
	return []string{newest.name}
}

// fromLog are the findings that a log tells and the wire does not, or not as well. Who
// is there and who can be reached at the moment is for the wire.
var fromLog = []verdict.ID{
	"tribes.session-content", "tribes.app-missing", "tribes.state-transfer", "tribes.key-mismatch", "tribes.receiver-port",
	"tribes.not-joined", "tribes.interceptor-order", "config.address", "config.class", "config.context-manager",
	"config.distributable", "config.encryption", "config.value", "config.manager", "sock.port-in-use", "group.invalid",
}

// onceAsked is met while a Tomcat starts and never asked for again, so that what is there by
// now does not show it.
const onceAsked verdict.ID = "provider.environment"

// logs reads what this Tomcat wrote.
func (d *doctor) logs(ctx context.Context) {
	files := d.o.Logs
	if len(files) == 0 && d.o.File != nil {
		files = logFiles(d.o.File.Name)
	}
	if len(files) == 0 {
		return
	}
	d.progress("what its log says", 200*time.Millisecond)
	o := logs.Options{Now: time.Now()}
	for _, name := range files {
		o.Inputs = append(o.Inputs, logs.Input{Name: name, Node: cmp.Or(d.o.Name, "this node"), Open: func() (io.ReadCloser, error) { return os.Open(name) }})
	}
	bounds, err := logs.ParseBounds(recent, "")
	if err == nil {
		o.Bounds = bounds
	}
	res, err := logs.Run(ctx, o)
	if err != nil {
		return // a log without a line of a cluster says nothing
	}
	for _, v := range res.Verdicts {
		if v.Status.Bad() && slices.Contains(fromLog, v.ID) || v.Status == verdict.Fail && v.ID == onceAsked {
			d.add(v)
		}
	}
}
