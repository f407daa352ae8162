package cmd

import (
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const aCapture = "../sniff/testdata/captures/igmp-snooping-dies.pcap"

// boundedLines are command lines that run until --duration ends them, on the loopback.
func boundedLines(t *testing.T) []string {
	lo, port := loopbackName(t), freePort(t)
	group := fmt.Sprintf("239.77.9.8:%d", port)
	cluster := fmt.Sprintf(" -i %s --group 239.77.9.8 --port %d", lo, port)
	return []string{
		"listen " + group + " -i " + lo, "node --ttl 0" + cluster, "send " + group + " x --ttl 0 -i " + lo,
		"mesh " + group + " -i " + lo, "ping --respond " + group + " -i " + lo, "ping --udp -W 0.05 " + group + " -i " + lo,
		"tribes members" + cluster, "tribes sessions --watch-only -r " + aCapture, "tribes logs --follow testdata/width/missing.log",
	}
}

// TestDurationsEnd: -d ends whatever runs over time, as a time and as plain seconds.
func TestDurationsEnd(t *testing.T) {
	for _, line := range boundedLines(t) {
		for _, d := range []string{"150ms", "0.15"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			_, errs, status := runLineOn(ctx, line+" -d "+d)
			if status == exitUsage || status == exitInterrupted || ctx.Err() != nil {
				t.Errorf("muster %s -d %s: status %d, %v: %s", line, d, status, ctx.Err(), errs)
			}
			cancel()
		}
	}
}

// TestCountZero: 0 sets no bound wherever there is a count.
func TestCountZero(t *testing.T) {
	lo, group := loopbackName(t), fmt.Sprintf("239.77.9.7:%d", freePort(t))
	for _, line := range []string{
		"listen " + group + " -d 0.1 -i " + lo, "node --ttl 0 --group 239.77.9.7 -d 0.1 -i " + lo,
		"send " + group + " x --ttl 0 --interval 20ms -d 0.1 -i " + lo,
	} {
		if _, errs, status := runLine(t, strings.Fields(line+" -c 0")...); status != exitOK {
			t.Errorf("muster %s -c 0: status %d: %s", line, status, errs)
		}
	}
	all, _, _ := runLine(t, "sniff", "-r", aCapture, "-q")
	if out, errs, status := runLine(t, "sniff", "-r", aCapture, "-q", "-c", "0"); status != exitOK || out != all || out == "" {
		t.Errorf("sniff -c 0: status %d, %d bytes of %d: %s", status, len(out), len(all), errs)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // Ctrl-C ends what nothing else does
	defer cancel()
	if _, errs, status := runLineOn(ctx, "ping --udp "+group+" --interval 20ms -c 0 -i "+lo); status != exitNo {
		t.Errorf("ping -c 0: status %d: %s", status, errs)
	}
	if _, errs, status := runLine(t, "tribes", "send", "127.0.0.1", "-c", "0"); status != exitUsage || !strings.Contains(errs, "--interval") {
		t.Errorf("tribes send -c 0 would flood: status %d: %s", status, errs)
	}
}

// TestInterfaceTwice: where one interface makes sense a second one is refused, where several
// do each is taken.
func TestInterfaceTwice(t *testing.T) {
	several := []string{"querier", "sniff"}
	for name, c := range commandsOf(Root()) {
		f := c.Flag("interface")
		if f == nil {
			continue
		}
		args := append(strings.Fields(name), "-i", "nosuch0", "-i", "nosuch1")
		_, errs, status := runLine(t, args...)
		refused := status == exitUsage && strings.Contains(errs, "takes one interface")
		if refused == slices.Contains(several, name) {
			t.Errorf("muster %s: status %d: %s", strings.Join(args, " "), status, errs)
		}
	}
}

// TestOwnNeverCounts: what this host itself sends is shown and marked, and meets no --expect.
func TestOwnNeverCounts(t *testing.T) {
	lo := loopbackName(t)
	for _, by := range []string{"1", "127.0.0.1,127.0.0.2"} {
		port := freePort(t)
		group := fmt.Sprintf("239.77.9.6:%d", port)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _, _ = runLineOn(ctx, "send "+group+" own --ttl 0 --interval 20ms -i "+lo)
		}()
		out, errs, status := runLine(t, strings.Fields("listen "+group+" -d 1 -i "+lo+" --expect "+by)...)
		if status != exitNo || !strings.Contains(out, "(this host)") {
			t.Errorf("listen --expect %s: status %d, %s%s", by, status, out, errs)
		}
		cancel()
		<-done
		line := fmt.Sprintf("node me --ttl 0 --group 239.77.9.6 --port %d -d 1 -i %s --expect %s", port, lo, by)
		if out, errs, status := runLine(t, strings.Fields(line)...); status != exitNo || !strings.Contains(out, "(this host)") {
			t.Errorf("muster %s: status %d, %s%s", line, status, out, errs)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	group, done := fmt.Sprintf("239.77.9.5:%d", freePort(t)), make(chan struct{})
	go func() {
		defer close(done)
		_, _, _ = runLineOn(ctx, "ping --respond "+group+" -i "+lo)
	}()
	out, errs, status := runLine(t, strings.Fields("ping --udp "+group+" -c 20 --interval 50ms --spread 0 -W 0.2 --expect 1 -i "+lo)...)
	cancel()
	<-done
	if status != exitNo || !strings.Contains(out, "(this host)") {
		t.Errorf("ping: status %d, %s%s", status, out, errs)
	}
}

// TestStrictAndJUnit: --strict makes a warning a no, and --junit writes the verdicts, in each command
// that can judge what was recorded.
func TestStrictAndJUnit(t *testing.T) {
	for _, line := range []string{
		"check --from testdata/facts/warn.json", "sniff -r ../sniff/testdata/captures/wrong-address.pcap",
		"compare testdata/width/server.xml testdata/width/other.xml", "tribes config --elsewhere testdata/width/server.xml",
		"tribes logs --node a=../tribes/logs/testdata/partition-5.5.15/a.log",
	} {
		file := filepath.Join(t.TempDir(), "report.xml")
		out, errs, status := runLine(t, append(strings.Fields(line), "--junit", file)...)
		_, _, strict := runLine(t, append(strings.Fields(line), "--strict")...)
		warned := strings.Contains(out+errs, "warn")
		if strict != exitNo && (warned || status == exitNo) || status == exitUsage {
			t.Errorf("muster %s: status %d, with --strict %d\n%s%s", line, status, strict, out, errs)
		}
		var report struct {
			Tests int `xml:"tests,attr"`
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = xml.Unmarshal(text, &report)
		}
		if err != nil || report.Tests == 0 {
			t.Errorf("muster %s --junit: %v\n%s", line, err, text)
		}
	}
	_, _, loose := runLine(t, "check", "--from", "testdata/facts/warn.json")
	_, _, strict := runLine(t, "check", "--from", "testdata/facts/warn.json", "--strict")
	if loose != exitOK || strict != exitNo {
		t.Errorf("a warning is %d, with --strict %d", loose, strict)
	}
}
