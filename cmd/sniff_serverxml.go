package cmd

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"muster/sniff"
)

// sniffCluster is what the cluster's own configuration says to a capture.
type sniffCluster struct {
	file      string
	group     netip.AddrPort // invalid where members find each other without multicast
	frequency time.Duration
	receivers []uint16
	key       []byte
}

// takeServerXML judges by a Tomcat's configuration: its drop time unless that is given, its receiver's ports, its
// key.
func (r *sniffRun) takeServerXML(c *cobra.Command, a *app) error {
	if r.serverXML == "" {
		return nil
	}
	s, err := serverXML(a, r.serverXML)
	if err != nil {
		return err
	}
	x := &sniffCluster{file: r.serverXML, frequency: s.Frequency}
	if s.Multicast {
		x.group = netip.AddrPortFrom(s.Group, s.Port)
	}
	for i := range max(1, min(s.AutoBind, 100)) {
		if p := int(s.TCPPort) + i; p > 0 && p <= 65535 {
			x.receivers = append(x.receivers, uint16(p))
		}
	}
	if s.Encrypted && r.keyFile == "" {
		x.key = s.EncryptionKey
		if r.algorithm == "" {
			r.algorithm = s.EncryptionAlgorithm
		}
	}
	if !c.Flags().Changed("drop-time") && s.DropTime > 0 {
		r.dropTime = s.DropTime
	}
	r.cluster = x
	return nil
}

// filterWords let the cluster's own traffic through a live capture's default filter, whatever its
// ports.
func (x *sniffCluster) filterWords() string {
	if x == nil || len(x.receivers) == 0 {
		return ""
	}
	return fmt.Sprintf(" or tcp port %d-%d", x.receivers[0], x.receivers[len(x.receivers)-1])
}

// ports are those that the receiver may have.
func (x *sniffCluster) ports() []uint16 {
	if x == nil {
		return nil
	}
	return x.receivers
}

// notes say where the wire differs from the configuration.
func (x *sniffCluster) notes(res *sniff.Result) (notes []string) {
	if x == nil || !x.group.IsValid() || res.Totals.Heartbeats == 0 {
		return nil
	}
	here := false
	for _, g := range res.Analysis.Clusters() {
		if g.Group != x.group {
			continue
		}
		here = true
		for _, m := range g.Members {
			if d := m.Beats.Interval(); x.frequency > 0 && m.Beats.Count() > 3 && (d > 3*x.frequency/2 || d < x.frequency*2/3) {
				notes = append(notes, fmt.Sprintf("%s sends a heartbeat each %v, %s says %v", m.Name(), d.Round(10*time.Millisecond), x.file, x.frequency))
			}
		}
	}
	if !here {
		notes = append(notes, fmt.Sprintf("no heartbeat went to %s, the group of %s; those that were seen are of other clusters", x.group, x.file))
	}
	return notes
}
