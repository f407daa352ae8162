package sniff

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"muster/internal/verdict"
	"muster/sniff/capture"
)

func init() {
	scenarios = append(scenarios, productScenarios...)
}

const activemq = "default.ActiveMQ-4.alive.%localhost%"

// merge is a MERGE3 message of JGroups 5.4: the sender's UUID begins with from, the
// creator of its view with creator.
func merge(from, creator byte) []byte {
	b, err := hex.DecodeString("290d0200020200000200000000000000000000000000000000" + "00020026004b000102" + "00000000000000000000000000000000" +
		"010101" + "00056e6f646541" + "10040a4d000bd6e6" + "0039003c00066f726465727300")
	if err != nil {
		panic(err)
	}
	b[9], b[34] = from, creator
	return b
}

// search is what a master of Hazelcast 5.5 asks every two minutes: are there others of my name?
func search(last byte) []byte {
	b, err := hex.DecodeString("04fffffffe01000000000000001f040134d475fffffffe01000000000000001d050500fffffffe010000000000000001" +
		"00001645040000000a31302e37372e302e3131" + "00" + "000102030405060708090a0b0c0d0e0f" + "fffffffe010000000000000004" + "000000066f7264657273")
	if err != nil {
		panic(err)
	}
	at := bytes.Index(b, []byte("10.77.0.11"))
	b[at+9], b[at+11] = last, last
	return b
}

// productScenarios are faults of other products.
var productScenarios = []struct {
	name   string
	id     verdict.ID
	status verdict.Status
	saw    string
	play   func(w *wire)
}{
	{"a broker that announces localhost", "peer.address", verdict.Fail, "tcp://localhost:61616", func(w *wire) {
		w.at(0).put(w.udp("10.77.0.11:6155", "239.255.2.3:6155", []byte(activemq+"tcp://localhost:61616")))
	}},
	{"a broker that announces another host's address", "peer.address", verdict.Warn, "announces tcp://10.77.0.99:61616", func(w *wire) {
		w.at(0).put(w.udp("10.77.0.11:6155", "239.255.2.3:6155", []byte(activemq+"tcp://10.77.0.99:61616")))
	}},
	{"two brokers with one address", "peer.duplicate-address", verdict.Fail, "10.77.0.11 and 10.77.0.12 both announce tcp://mq:61616", func(w *wire) {
		for ms := int64(0); ms < 3000; ms += 500 {
			w.at(ms).put(w.udp("10.77.0.11:6155", "239.255.2.3:6155", []byte(activemq+"tcp://mq:61616")))
			w.put(w.udp("10.77.0.12:6155", "239.255.2.3:6155", []byte(activemq+"tcp://mq:61616")))
		}
	}},
	{"brokers on two ports", "sock.port-mismatch", verdict.Warn, "239.255.2.3:6156", func(w *wire) {
		for ms := int64(0); ms < 3000; ms += 500 {
			w.at(ms).put(w.udp("10.77.0.11:6155", "239.255.2.3:6155", []byte(activemq+"tcp://10.77.0.11:61616")))
			w.put(w.udp("10.77.0.12:6156", "239.255.2.3:6156", []byte(activemq+"tcp://10.77.0.12:61616")))
		}
	}},
	{"two views of one JGroups cluster", "peer.alone", verdict.Warn, "cluster orders both speak", func(w *wire) {
		for ms := int64(0); ms < 120000; ms += 15000 {
			w.at(ms).put(w.udp("10.77.0.11:55000", "239.8.8.8:45588", merge(1, 1)))
			w.put(w.udp("10.77.0.11:55001", "239.8.8.8:45588", merge(2, 2)))
		}
	}},
	{"a JGroups member that starts later", "", "", "", func(w *wire) {
		for ms := int64(0); ms < 120000; ms += 15000 {
			creator := byte(2)
			if ms > 30000 {
				creator = 1
			}
			w.at(ms).put(w.udp("10.77.0.11:55000", "239.8.8.8:45588", merge(1, 1)))
			w.put(w.udp("10.77.0.11:55001", "239.8.8.8:45588", merge(2, creator)))
		}
	}},
	{"two masters of one Hazelcast cluster", "peer.alone", verdict.Warn, "10.77.0.11:5701 and 10.77.0.12:5701", func(w *wire) {
		for ms := int64(0); ms < 400000; ms += 120000 {
			w.at(ms).put(w.udp("10.77.0.11:54327", "224.2.2.3:54327", search('1')))
			w.at(ms + 3000).put(w.udp("10.77.0.12:54327", "224.2.2.3:54327", search('2')))
		}
	}},
	{"a master of Hazelcast that takes over", "", "", "", func(w *wire) {
		for ms := int64(0); ms < 800000; ms += 120000 {
			if ms < 360000 {
				w.at(ms).put(w.udp("10.77.0.11:54327", "224.2.2.3:54327", search('1')))
			} else {
				w.at(ms).put(w.udp("10.77.0.12:54327", "224.2.2.3:54327", search('2')))
			}
		}
	}},
	{"two masters", "vrrp.two-masters", verdict.Fail, "priority 200", recording("keepalived-vrrp3-two-masters")},
	{"two versions", "vrrp.version-mix", verdict.Warn, "version 3", recording("keepalived-vrrp-two-versions")},
	{"a take-over", "", "", "", recording("keepalived-vrrp2-failover")},
	{"CARP's take-over", "", "", "", recording("ucarp")},
	{"another dead interval", "ospf.not-neighbours", verdict.Fail, "20s and 40s", recording("frr-ospf-dead-interval")},
	{"three rings", "corosync.split", verdict.Fail, "3 rings", recording("corosync-udp-cut")},
	{"two grandmasters", "ptp.two-masters", verdict.Fail, "domain 24", recording("linuxptp-two-masters")},
	{"each tenth packet", "stream.loss", verdict.Warn, "13 of 130", recording("ffmpeg-rtp-loss")},
	{"two senders", "stream.two-senders", verdict.Warn, "0x22222222", recording("gstreamer-two-senders")},
	{"two domains", "dds.domains", verdict.Warn, "till-eleven", recording("fastdds-two-domains")},
	{"two names", "peer.two-clusters", verdict.Warn, "billing", recording("jgroups-5.5.7-two-names")},
	{"two releases", "peer.release-mix", verdict.Fail, "4.2.30", recording("jgroups-3.6.20-4.2.30-mixed")},
	{"a worker of another group", "jini.no-group", verdict.Warn, "10.79.0.13 asked 2 times for the group billing", recording("river-2.2.3-space-two-workers")},
}

// recording plays a file of testdata/peers.
func recording(name string) func(w *wire) {
	return func(w *wire) {
		w.t.Helper()
		src, err := capture.Open(filepath.Join("testdata", "peers", name+".pcap"))
		if err != nil {
			w.t.Fatal(err)
		}
		defer src.Close()
		var p capture.Packet
		for src.Next(&p) == nil {
			if err := w.s.Packet(&p); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// TestPeersTruncated: what a snap length leaves of real packets is read as far as it
// goes; nothing panics, and no verdict comes of it that the whole does not yield.
func TestPeersTruncated(t *testing.T) {
	files, err := filepath.Glob("testdata/peers/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if _, err := os.Stat(name); err != nil {
			t.Fatal(err)
		}
		src, err := capture.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{})
		var p capture.Packet
		for n := 0; src.Next(&p) == nil; n++ {
			cut := p
			cut.Data = p.Data[:min(len(p.Data), 14+n*7%(len(p.Data)+1))]
			if err := s.Packet(&cut); err != nil {
				t.Fatal(err)
			}
		}
		src.Close()
		s.Finish()
		s.Analysis.Verdicts()
	}
}
