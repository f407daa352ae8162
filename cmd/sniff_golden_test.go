package cmd

import (
	"strings"
	"testing"
)

// What people see of captures: a line for each packet with the messages inside the
// streams, and the tables and verdicts of --summary.
func TestSniffGolden(t *testing.T) {
	inUTC(t)
	for name, args := range map[string]string{
		"sniff-lines":        "-r nine-step-delta.pcap -c 60",
		"sniff-lines-backup": "-r nine-step-backup.pcap --filter tcp -c 40",
		"sniff-lines-ipv6":   "-r ipv6-group.pcap -c 20",
		"sniff-summary":      "-r igmp-snooping-dies.pcap --summary",
		"sniff-summary-warn": "-r loss-30.pcap --summary",
	} {
		out, errs, status := runSniffCmd(t, "", strings.Fields(strings.Replace(args, "-r ", "-r ../sniff/testdata/captures/", 1))...)
		if status > 1 {
			t.Fatalf("%s: status %d\n%s", args, status, errs)
		}
		configGolden(t, name, out+"--- stderr ---\n"+errs)
	}
}
