package sniff

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff/analysis"
	"muster/sniff/frame"
	"muster/tribes"
)

const java = "\xac\xed\x00\x05t\x00\x01x"

// scenarios are faults made of packets. Each yields the verdict; the healthy
// cluster yields none.
var scenarios = []struct {
	name   string
	id     verdict.ID
	status verdict.Status
	saw    string // a part of it
	play   func(w *wire)
}{
	{"a healthy cluster", "", "", "", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.at(0).join("10.77.0.11", "228.0.0.4")
		w.query("10.77.0.1", 3)
		w.beats(1000, 20000, a, b)
		w.at(5000).connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, tribes.Asynchronous, 0, java))
		w.at(6000).connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, tribes.Asynchronous, 0, java))
	}},
	{"link-local host", "tribes.advertises-loopback", verdict.Fail, "169.254.1.1:4000", func(w *wire) {
		m := node(11, 0)
		m.Host = []byte{169, 254, 1, 1}
		w.beats(0, 3000, m)
	}},
	{"another source", "tribes.source-mismatch", verdict.Warn, "come from 192.0.2.9", func(w *wire) {
		m := node(11, 0)
		m.source = "192.0.2.9:45564"
		w.beats(0, 3000, m)
	}},
	{"a network of its own for replication", "tribes.source-mismatch", verdict.Pass, "which are all in 192.0.2.0/24", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		a.Host, b.Host = []byte{192, 0, 2, 11}, []byte{192, 0, 2, 12}
		w.beats(0, 3000, a, b)
	}},
	{"an IPv6 group and IPv4 receivers", "tribes.duplicate-id", verdict.Pass, "2 members", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		a.source, b.source, a.group, b.group = "[fd77::11]:45564", "[fd77::12]:45564", "[ff15::4]:45564", "[ff15::4]:45564"
		w.beats(0, 3000, a, b)
	}},
	{"an id in two places", "tribes.duplicate-id", verdict.Fail, "belongs to", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		b.ID = a.ID
		w.beats(0, 3000, a, b)
	}},
	{"two at one place", "tribes.duplicate-id", verdict.Fail, "at the same time", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		b.Host = a.Host
		w.beats(0, 3000, a, b)
	}},
	{"two processes with one id and address", "tribes.duplicate-id", verdict.Fail, "come from 10.77.0.11, 10.77.0.99 in turns", func(w *wire) {
		a, b := node(11, 0), node(11, -60000)
		b.source = "10.77.0.99:45564"
		w.beats(0, 5000, a, b)
	}},
	{"one host with two addresses", "tribes.duplicate-id", verdict.Pass, "the one member", func(w *wire) {
		a := node(11, 0)
		for ms := int64(0); ms < 6000; ms += 500 {
			a.source = []string{"10.77.0.11:45564", "10.77.0.99:45564"}[ms/500%2]
			w.at(ms).beat(a)
		}
	}},
	{"Tomcat 6 among others", "tribes.version-mix", verdict.Warn, "Tomcat 6.0", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		b.Generation = tribes.V0
		w.beats(0, 3000, a, b)
	}},
	{"domains that differ in case", "tribes.domain-filter", verdict.Warn, `domain "prod"`, func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		a.Domain, b.Domain = []byte("prod"), []byte("Prod ")
		w.beats(0, 3000, a, b)
	}},
	{"a slow sender", "tribes.drop-time", verdict.Warn, "each 2s", func(w *wire) {
		m := node(11, 0)
		for ms := int64(0); ms < 30000; ms += 2000 {
			w.at(ms).beat(m)
		}
	}},
	{"slower than the drop time", "tribes.drop-time", verdict.Warn, "was silent for 5s", func(w *wire) {
		m := node(11, 0)
		for ms := int64(0); ms < 60000; ms += 5000 {
			w.at(ms).beat(m)
		}
	}},
	{"a clock that is set", "tribes.clock-step", verdict.Warn, "+60000 ms", func(w *wire) {
		m := node(11, 0)
		w.beats(0, 3000, m)
		m.born -= 60000
		w.beats(3000, 6000, m)
	}},
	{"a recovery", "tribes.not-joined", verdict.Warn, "counts from 1970", func(w *wire) {
		m := node(11, 0)
		w.beats(0, 3000, m)
		m.born = -1795295477000
		w.beats(3000, 6000, m)
	}},
	{"clocks apart", "tribes.clock-skew", verdict.Warn, "10.77.0.12:4000 is 2500 ms behind that of 10.77.0.11:4000", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a, b)
		w.connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, 0, 0, java))
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, 0, -2500, java))
	}},
	{"only one encrypts", "tribes.key-mismatch", verdict.Fail, "10.77.0.11:4000 sends encrypted", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a, b)
		w.connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, 0, 0, "\x93\x01\x17sealed and delivered"))
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, 0, 0, java))
	}},
	{"one encrypts in blocks", "tribes.key-mismatch", verdict.Fail, "messages of 10.77.0.11:4000 are whole blocks", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a, b)
		for i := range 4 {
			w.connect("10.77.0.11:"+strconv.Itoa(50000+i), "10.77.0.12:4000", w.message(a, 0, 0, "\x93\x01\x17"+strings.Repeat("x", 13+16*i)))
		}
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, 0, 0, "\x93\x01\x17sealed and delivered"))
	}},
	{"broken heartbeats", "tribes.malformed", verdict.Warn, "cannot be read", func(w *wire) {
		w.beats(0, 3000, node(11, 0))
		w.put(w.udp("10.77.0.9:45564", "228.0.0.4:45564", []byte("TRIBES-B\x01\x00\x00\x00\x00\x01")))
	}},
	{"something else on the group", "tribes.malformed", verdict.Warn, "something else (udp)", func(w *wire) {
		w.beats(0, 3000, node(11, 0))
		w.put(w.udp("10.77.0.9:45564", "228.0.0.4:45564", []byte("hello")))
	}},
	{"a refused receiver", "tribes.half-open", verdict.Fail, "were refused", func(w *wire) {
		m := node(11, 0)
		w.beats(0, 2000, m)
		w.tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.SYN, 1, 0, nil)
		w.tcp("10.77.0.11:4000", "10.77.0.12:50000", frame.RST|frame.ACK, 0, 2, nil)
		w.beats(2000, 6000, m)
	}},
	{"a receiver behind a firewall", "tribes.half-open", verdict.Fail, "were not answered", func(w *wire) {
		m := node(11, 0)
		w.beats(0, 2000, m)
		w.tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.SYN, 1, 0, nil)
		w.at(3000).tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.SYN, 1, 0, nil)
		w.beats(3500, 8000, m)
	}},
	{"unheard, and no query since", "igmp.no-querier", verdict.Fail, "no query was seen at all", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.join("10.77.0.12", "228.0.0.4")
		w.beats(0, 5000, a, b)
		for ms := int64(5000); ms < 20000; ms += 2000 {
			w.at(ms).connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, tribes.ByteMessage, 0, tribes.FailureDetectorTest))
			w.beat(b)
		}
	}},
	{"unheard although queries go on", "tribes.one-way", verdict.Fail, "while it goes on", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 5000, a, b)
		for ms := int64(5000); ms < 20000; ms += 2000 {
			w.at(ms).connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, tribes.ByteMessage, 0, tribes.FailureDetectorTest))
			w.query("10.77.0.1", 3)
			w.beat(b)
		}
	}},
	{"gone and unreachable", "tribes.one-way", verdict.Warn, "the host is down", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 5000, a, b)
		for ms := int64(5000); ms < 12000; ms += 1000 {
			w.at(ms).tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.SYN, 1, 0, nil)
			w.beat(b)
		}
	}},
	{"reports and no query for long", "igmp.no-querier", verdict.Warn, "no query in 2m20s", func(w *wire) {
		for ms := int64(0); ms <= 140000; ms += 20000 {
			w.at(ms).join("10.77.0.11", "228.0.0.4")
		}
	}},
	{"reports and no query for a while", "igmp.no-querier", verdict.Skip, "no query in 2m12s, which is too short to tell", func(w *wire) {
		for ms := int64(0); ms <= 132000; ms += 22000 {
			w.at(ms).join("10.77.0.11", "228.0.0.4")
		}
	}},
	{"a querier that went away", "igmp.no-querier", verdict.Fail, "the querier is gone", func(w *wire) {
		w.query("10.77.0.1", 3)
		for ms := int64(0); ms <= 400000; ms += 20000 {
			w.at(ms).join("10.77.0.11", "228.0.0.4")
		}
	}},
	{"MLD without a querier", "mld.snooping", verdict.Warn, "8 MLD reports", func(w *wire) {
		for ms := int64(0); ms <= 140000; ms += 20000 {
			w.put(w.udp("[fe80::2]:5000", "[ff15::4]:5000", []byte(strconv.Itoa(int(ms)))))
			w.at(ms).mld("fe80::1", "ff02::16", mld.Message{Type: mld.ReportV2, Version: 2, Records: []mld.Record{{Type: mld.ModeIsExclude, Group: addrOf("ff15::4")}}})
		}
	}},
	{"two queriers", "igmp.querier-conflict", verdict.Warn, "10.77.0.254 asked", func(w *wire) {
		for ms := int64(0); ms <= 300000; ms += 100000 {
			w.at(ms).query("10.77.0.1", 3)
			w.at(ms+5000).query("10.77.0.254", 3)
		}
	}},
	{"forty members of one address", "tribes.member-flood", verdict.Warn, "announces 40 members", func(w *wire) {
		for i := range 40 {
			m := node(12, 0)
			m.ID = tribes.UniqueID{byte(i), 1}
			w.at(int64(i) * 10).beat(m)
		}
	}},
	{"old queries among new ones", "igmp.version-compat", verdict.Warn, "older version", func(w *wire) {
		w.query("10.77.0.1", 3)
		w.at(1000).query("10.77.0.9", 2)
	}},
	{"a report without Router Alert", "igmp.router-alert", verdict.Warn, "Router Alert option is missing", func(w *wire) {
		m := igmp.Message{Type: igmp.ReportV2, Group: addrOf("228.0.0.4")}
		b, _ := m.AppendTo(nil)
		w.put(w.ip(addrOf("10.77.0.11"), addrOf("228.0.0.4"), frame.ProtoIGMP, nil, b))
	}},
	{"an any-source join in 232/8", "group.ssm-as-asm", verdict.Warn, "232.1.1.1 from any source", func(w *wire) {
		w.join("10.77.0.11", "232.1.1.1")
	}},
	{"an application on 224.0.0.x", "group.link-local-range", verdict.Warn, "224.0.0.200:5000", func(w *wire) {
		w.put(w.udp("10.77.0.9:5000", "224.0.0.200:5000", []byte("x")))
	}},
	{"a group of nobody", "group.reserved", verdict.Warn, "235.1.2.3:5000", func(w *wire) {
		w.put(w.udp("10.77.0.9:5000", "235.1.2.3:5000", []byte("x")))
	}},
	{"a cluster on Hazelcast's place", "group.well-known", verdict.Warn, "Hazelcast", func(w *wire) {
		m := node(11, 0)
		m.group = "224.2.2.3:54327"
		w.beats(0, 3000, m)
	}},
	{"groups with one MAC", "switch.mac-alias", verdict.Warn, "239.1.2.3", func(w *wire) {
		w.put(w.udp("10.77.0.9:5000", "239.1.2.3:5000", []byte("x")))
		w.put(w.udp("10.77.0.9:5000", "239.129.2.3:5000", []byte("x")))
	}},
	{"a group with a control group's MAC", "switch.mac-alias", verdict.Warn, "224.0.0.9", func(w *wire) {
		w.put(w.udp("10.77.0.9:5000", "239.128.0.9:5000", []byte("x")))
	}},
	{"TTL 0", "ttl.zero", verdict.Fail, "TTL of 0", func(w *wire) {
		w.ttl = 0
		w.beats(0, 3000, node(11, 0))
	}},
	{"one group, two ports", "sock.port-mismatch", verdict.Fail, "45564 45565", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		b.group = "228.0.0.4:45565"
		w.beats(0, 3000, a, b)
	}},
	{"one cluster in two VLANs", "iface.vlan-mismatch", verdict.Fail, "untagged, 20, and 10.77.0.12:4000 sends messages to 10.77.0.11:4000", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a)
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, 0, 0, java))
		w.tag = 20
		w.beats(3000, 6000, b)
	}},
	{"one alone in its VLAN", "iface.vlan-mismatch", verdict.Warn, "or these are two clusters", func(w *wire) {
		w.beats(0, 3000, node(11, 0), node(12, 0))
		w.tag = 20
		w.beats(3000, 6000, node(13, 0))
	}},
	{"no address", "iface.no-ipv4", verdict.Warn, "0.0.0.0", func(w *wire) {
		m := node(11, 0)
		m.source = "0.0.0.0:45564"
		w.beats(0, 3000, m)
	}},
	{"every packet twice", "iface.dual-homed", verdict.Warn, "by two interfaces", func(w *wire) {
		m := node(11, 0)
		for ms := int64(0); ms < 5000; ms += 500 {
			for w.itf = range 2 {
				w.at(ms).beat(m)
			}
			w.at(ms+100).tcp("10.77.0.12:50000", "10.77.0.11:80", frame.ACK, uint32(ms), 1, []byte("x"))
		}
	}},
	{"one address, two hosts", "addr.duplicate-ip", verdict.Fail, "02:77:00:00:00:0b", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 1000, a)
		for ms := int64(1000); ms < 6000; ms += 500 {
			b.Alive = ms
			raw, _ := b.AppendTo(nil)
			f := w.at(ms).udp("10.77.0.11:45564", "228.0.0.4:45564", raw)
			f[11] = 0x99
			w.put(f)
			w.at(ms + 1).beat(a)
		}
	}},
	{"fragments that stay alone", "mtu.fragment-loss", verdict.Warn, "1 of 1", func(w *wire) {
		f := w.udp("10.77.0.9:5000", "239.1.2.3:5000", make([]byte, 1000))
		f[20] = 0x20 // more fragments
		w.put(f)
		w.at(5000).beat(node(11, 0))
	}},
	{"a stranger at a receiver", "tribes.exposed-port", verdict.Warn, "from 192.0.2.1", func(w *wire) {
		w.beats(0, 3000, node(11, 0))
		w.connect("192.0.2.1:50000", "10.77.0.11:4000", []byte("GET / HTTP/1.1\r\n\r\n"))
	}},
	{"acks that never come", "tribes.load", verdict.Warn, "4 never", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a, b)
		for i := range 4 {
			w.connect("10.77.0.11:5000"+string(rune('0'+i)), "10.77.0.12:4000", w.message(a, tribes.UseAck, 0, java))
		}
	}},
	{"one host does not answer the querier", "igmp.no-report", verdict.Warn, "10.77.0.13 sent heartbeats to 228.0.0.4, and no report of it in answer to 2 general queries", func(w *wire) {
		w.answers(3, 11, 12)
	}},
	{"all hosts answer the querier", "igmp.no-report", verdict.Pass, "all 3 hosts of members answered", func(w *wire) {
		w.answers(3, 11, 12, 13)
	}},
	{"one report silences another", "igmp.report-suppression", verdict.Warn, "10.77.0.12, 10.77.0.13 reported 228.0.0.4 when joining", func(w *wire) {
		w.answers(2, 11)
	}},
	{"a member behind a router", "ttl.too-small", verdict.Fail, "come over 1 router, heartbeats here carry a TTL of 1", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a)
		w.ttl = 63
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, 0, 0, java))
		w.at(7000).connect("10.77.0.12:50001", "10.77.0.11:4000", w.message(b, 0, 0, java))
		w.ttl = 1
		w.beats(3000, 9000, a)
	}},
	{"a member not heard although no router is between", "ttl.too-small", verdict.Pass, "no router is on the way", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a)
		w.ttl = 64
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, 0, 0, java))
		w.at(7000).connect("10.77.0.12:50001", "10.77.0.11:4000", w.message(b, 0, 0, java))
		w.ttl = 1
		w.beats(3000, 9000, a)
	}},
	{"one sender, several TTLs", "ttl.rewritten", verdict.Pass, "came with the TTLs 1, 3", func(w *wire) {
		w.beats(0, 3000, node(11, 0))
		w.ttl = 3
		w.beats(3000, 6000, node(11, 0))
	}},
	{"a snooping switch asks", "igmp.querier-zero-source", verdict.Pass, "0.0.0.0", func(w *wire) {
		w.query("0.0.0.0", 3)
	}},
	{"pauses that only heartbeats show", "tribes.gc-pause", verdict.Warn, "no heartbeat of 10.77.0.12:4000 came for 5.2s from 4.5 s on, and 1 more silence", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 5000, a, b)
		w.beats(5000, 10000, a)
		w.at(9750).beat(b) // it went on at once, in the midst of its rhythm
		w.beats(10250, 15000, a)
		for ms := int64(10250); ms < 15000; ms += 500 {
			w.at(ms).beat(b)
		}
		w.beats(15000, 20000, a)
		for ms := int64(19900); ms < 24000; ms += 500 {
			w.at(ms).beat(b)
		}
	}},
	{"a process that stands still", "tribes.gc-pause", verdict.Warn, "10.77.0.12:4000 takes connections and data, and from", func(w *wire) {
		a := node(11, 0)
		w.beats(0, 3000, a)
		for ms := int64(3000); ms < 9000; ms += 1000 {
			w.at(ms).stalled("10.77.0.11:"+strconv.Itoa(50000+int(ms)), "10.77.0.12:4000", w.message(a, tribes.Asynchronous, 0, java))
			w.beats(ms, ms+1000, a)
		}
	}},
	{"messages to a member that is not heard", "tribes.one-way", verdict.Warn, "10.77.0.11:4000 sends messages to 10.77.0.12:4000 since", func(w *wire) {
		a := node(11, 0)
		w.beats(0, 5000, a)
		w.at(5000).connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, tribes.Asynchronous, 0, java))
		w.beats(5100, 15000, a)
	}},
	{"two that wait for each other's sessions", "tribes.state-transfer", verdict.Warn, "each waits for the other", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 2000, a, b)
		w.connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, tribes.Asynchronous, 0, getAll))
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, tribes.Asynchronous, 0, getAll))
		w.beats(2000, 15000, a, b)
	}},
	{"segments to one receiver are lost", "tcp.loss", verdict.Warn, "of 27 TCP segments to 10.77.0.12:4000 were sent again", func(w *wire) {
		a, b, c := node(11, 0), node(12, 0), node(13, 0)
		w.beats(0, 2000, a, b, c)
		w.talk("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, tribes.Asynchronous, 0, java), 20, 3)
		w.talk("10.77.0.11:50001", "10.77.0.13:4000", w.message(a, tribes.Asynchronous, 0, java), 30, 0)
		w.beats(w.since(), w.since()+2000, a, b, c)
	}},
	{"heartbeats that come twice", "mesh.duplicates", verdict.Warn, "datagrams to groups came twice", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(a, tribes.Asynchronous, 0, java))
		for ms := int64(0); ms < 5000; ms += 500 {
			w.at(ms).beat(a)
			w.now += 2000
			w.n++
			w.put(w.lastFrame)
			w.at(ms + 20).beat(b)
		}
	}},
	{"a pause of a process", "tribes.gc-pause", verdict.Warn, "sent nothing for 8", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 4000, a, b)
		for ms := int64(4000); ms < 12000; ms += 1000 {
			w.at(ms).beat(b)
			w.tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.SYN, 100, 0, nil)
			w.tcp("10.77.0.11:4000", "10.77.0.12:50000", frame.SYN|frame.ACK, 500, 101, nil)
			w.tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.RST, 101, 0, nil)
		}
		w.beats(12000, 14000, a, b)
	}},
	{"TLS with another key", "tribes.tls-mismatch", verdict.Fail, "the alert illegal_parameter: the keys differ", func(w *wire) {
		w.secure("\x15\x03\x03\x00\x02\x02\x2f")
	}},
	{"TLS with a pre-shared key", "tribes.tls-mismatch", verdict.Pass, "1 receiver were made with a pre-shared key", func(w *wire) {
		w.secure(string(serverHello))
	}},
	{"TLS beside a plain member", "tribes.tls-mismatch", verdict.Fail, "10.77.0.11:4000 takes messages by TLS alone, and 10.77.0.12:4000 has no TLS", func(w *wire) {
		w.secure(string(serverHello))
		w.beats(4000, 6000, node(12, 0))
		w.tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.SYN, 1, 0, nil)
		w.tcp("10.77.0.11:4000", "10.77.0.12:50000", frame.RST|frame.ACK, 0, 2, nil)
	}},
	{"a heartbeat in fragments", "mtu.too-big", verdict.Warn, "each heartbeat of 10.77.0.11:4000 is a datagram of 6085 bytes, which came in 5 fragments", func(w *wire) {
		m := node(11, 0)
		m.Payload = make([]byte, 6000)
		for ms := int64(0); ms < 3000; ms += 500 {
			w.at(ms).largeBeat(m)
		}
	}},
	{"only small segments arrive", "mtu.fragment-loss", verdict.Fail, "TCP segments of 1448 bytes from 10.77.0.11 to 10.77.0.12:4000 were sent again 6 times and never acknowledged, while those of up to 400 bytes were", func(w *wire) {
		w.beat(node(12, 0))
		w.sent(0, "50001", 1448, 4, false, true)
		w.sent(5000, "50002", 1448, 4, false, true)
	}},
	{"an id of zeros", "provider.self", verdict.Warn, "10.77.0.12:4000 sends with an id of sixteen zeros: its CloudMembershipService", func(w *wire) {
		m := node(12, 0)
		m.ID = tribes.UniqueID{}
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(m, 0, 0, getAll))
	}},
	{"a static member's id of zeros", "config.static-member", verdict.Warn, "10.77.0.12:4000 sends with an id of sixteen zeros: its <LocalMember>", func(w *wire) {
		m := node(12, 0)
		m.ID = tribes.UniqueID{}
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(m, 0, 0, tribes.StaticStart))
		w.connect("10.77.0.12:50001", "10.77.0.11:4000", w.message(m, 0, 0, getAll))
	}},
	{"static among heartbeats", "tribes.static-mix", verdict.Warn, "static membership", func(w *wire) {
		a, b := node(11, 0), node(12, 0)
		w.beats(0, 3000, a)
		w.connect("10.77.0.12:50000", "10.77.0.11:4000", w.message(b, 0, 0, tribes.StaticStart))
		w.beats(3000, 4000, a)
	}},
}

// answers plays three members that joined, and two rounds of general queries that
// the hosts of that number answer.
func (w *wire) answers(version uint8, hosts ...byte) {
	members := []*member{node(11, 0), node(12, 0), node(13, 0)}
	report := func(n byte, kind igmp.RecordType) {
		src := "10.77.0." + strconv.Itoa(int(n))
		if version == 2 {
			w.igmp(src, "228.0.0.4", igmp.Message{Type: igmp.ReportV2, Version: 2, Group: addrOf("228.0.0.4")})
			return
		}
		w.igmp(src, "224.0.0.22", igmp.Message{Type: igmp.ReportV3, Version: 3, Records: []igmp.Record{{Type: kind, Group: addrOf("228.0.0.4")}}})
	}
	for _, m := range members {
		report(m.Host[3], igmp.ChangeToExcludeMode)
	}
	for ms := int64(1000); ms < 70000; ms += 500 {
		w.beats(ms, ms+500, members...)
		if ms == 5000 || ms == 35000 {
			w.query("10.77.0.1", version)
			for _, n := range hosts {
				w.at(ms + 400)
				report(n, igmp.ModeIsExclude)
			}
		}
	}
}

// The hellos of TLS 1.3 with a pre-shared key whose identity is "tribes".
var (
	clientHello = []byte("\x16\x03\x01\x00\x4f\x01\x00\x00\x4b\x03\x03" + strings.Repeat("r", 32) + "\x00\x00\x02\x13\x01\x01\x00\x00\x20" +
		"\x00\x2b\x00\x03\x02\x03\x04" + "\x00\x29\x00\x15\x00\x0c\x00\x06tribes\x00\x00\x00\x00\x00\x05\x04bind")
	serverHello = []byte("\x16\x03\x03\x00\x38\x02\x00\x00\x34\x03\x03" + strings.Repeat("r", 32) + "\x00\x13\x01\x00\x00\x0c" +
		"\x00\x2b\x00\x02\x03\x04" + "\x00\x29\x00\x02\x00\x00")
)

// getAll is as much of a question for sessions as is looked at.
const getAll = "\xac\xed\x00\x05t\x00\x12GET-ALL-localhost#"

// stalled connects and closes; the kernel of dst answers, and no process closes.
func (w *wire) stalled(src, dst string, payload []byte) {
	n := uint32(len(payload))
	w.tcp(src, dst, frame.SYN, 100, 0, nil)
	w.tcp(dst, src, frame.SYN|frame.ACK, 500, 101, nil)
	w.tcp(src, dst, frame.ACK|frame.PSH, 101, 501, payload)
	w.tcp(src, dst, frame.ACK|frame.FIN, 101+n, 501, nil)
	w.tcp(dst, src, frame.ACK, 501, 102+n, nil)
}

// talk sends payload n times over one connection, each again-th of them once more after 300 ms.
func (w *wire) talk(src, dst string, payload []byte, n, again int) {
	w.tcp(src, dst, frame.SYN, 100, 0, nil)
	w.tcp(dst, src, frame.SYN|frame.ACK, 500, 101, nil)
	for i := range n {
		seq := 101 + uint32(i*len(payload))
		w.now += 50e6
		w.tcp(src, dst, frame.ACK|frame.PSH, seq, 501, payload)
		if again > 0 && i%again == 0 {
			w.now += 300e6
			w.tcp(src, dst, frame.ACK|frame.PSH, seq, 501, payload)
		}
		w.tcp(dst, src, frame.ACK, 501, seq+uint32(len(payload)), nil)
	}
}

// since is the time in ms.
func (w *wire) since() int64 { return (w.now - start) / 1e6 }

// secure plays a member that announces a port for TLS, and a connection to it that
// the receiver answers by reply.
func (w *wire) secure(reply string) {
	m := node(11, 0)
	m.SecurePort = 4100
	w.beats(0, 3000, m)
	const src, dst = "10.77.0.12:50001", "10.77.0.11:4100"
	w.tcp(src, dst, frame.SYN, 100, 0, nil)
	w.tcp(dst, src, frame.SYN|frame.ACK, 500, 101, nil)
	w.tcp(src, dst, frame.ACK, 101, 501, clientHello)
	w.tcp(dst, src, frame.ACK, 501, 101+uint32(len(clientHello)), []byte(reply))
	w.tcp(dst, src, frame.RST, 501+uint32(len(reply)), 0, nil)
}

// The alive time of a guest hardly grows, and is no clock: neither the capture's nor the guest's was set.
func TestGuestIsNoClock(t *testing.T) {
	w := newWire(t, Options{})
	guest := node(13, 0)
	for i, ms := range []int64{0, 500, 1000, 1500, 2000, 2500, 3000, 5000, 5500, 6000, 7500, 8000, 8500, 9000} {
		guest.born = ms - int64(i) // a ms for each
		w.at(ms).beat(guest)
	}
	w.s.Finish()
	a := w.s.Analysis
	m := a.HeardMembers()[0]
	if len(a.Steps) > 0 || m.Steps > 0 || a.Longest(m) != 2*time.Second || m.Beats.Interval() < 500*time.Millisecond || m.Beats.Interval() > 800*time.Millisecond {
		t.Errorf("steps %v and %d, a heartbeat each %v", a.Steps, m.Steps, m.Beats.Interval())
	}
}

func TestScenarios(t *testing.T) {
	for _, x := range scenarios {
		t.Run(x.name, func(t *testing.T) {
			w := newWire(t, Options{})
			x.play(w)
			w.s.Finish()
			vs := w.s.Analysis.Verdicts()
			if x.id == "" {
				for _, v := range vs {
					if v.Status != verdict.Pass {
						t.Errorf("%s %s: %s", v.Status, v.ID, v.Saw)
					}
				}
				return
			}
			i := slices.IndexFunc(vs, func(v verdict.Verdict) bool {
				return v.ID == x.id && v.Status == x.status && strings.Contains(v.Saw, x.saw)
			})
			if i < 0 {
				t.Errorf("no %s %s about %q among:", x.status, x.id, x.saw)
				for _, v := range vs {
					t.Logf("%s %s: %s", v.Status, v.ID, v.Saw)
				}
			}
		})
	}
}

// The drop time decides what a silence is.
func TestDropTimeOption(t *testing.T) {
	for drop, want := range map[time.Duration]verdict.Status{3 * time.Second: verdict.Pass, time.Second: verdict.Warn} {
		w := newWire(t, Options{Analysis: analysis.Options{DropTime: drop}})
		w.beats(0, 20000, node(11, 0), node(12, 0))
		for _, v := range w.s.Analysis.Verdicts() {
			if v.ID == "tribes.drop-time" && v.Status != want {
				t.Errorf("drop time %s: %s, %s", drop, v.Status, v.Saw)
			}
		}
	}
}

// A flood of made-up members, groups and queriers takes bounded memory, is
// counted, and does not push out those who were there first.
func TestFlood(t *testing.T) {
	w := newWire(t, Options{})
	first := node(11, 0)
	w.beats(0, 3000, first)
	for i := range 20000 {
		m := node(12, 0)
		m.ID = tribes.UniqueID{byte(i), byte(i >> 8), byte(i >> 16), 1}
		m.group = "239." + []string{"1", "2", "3"}[i%3] + ".0.1:" + "5000"
		w.at(3000 + int64(i)).beat(m)
		w.igmp("10.1."+octet(i>>8)+"."+octet(i), "224.0.0.1", igmp.Message{Type: igmp.Query, Version: 2, Code: 1, Group: addrOf("0.0.0.0")})
		w.join("10.77.0.13", "239.9."+octet(i>>8)+"."+octet(i))
	}
	a := w.s.Analysis
	if len(a.Members) > 4096 || len(a.Listeners()) > 2048 || len(a.Queriers) > 256 || a.Overflow == 0 {
		t.Errorf("%d members, %d joined groups, %d queriers, overflow %d", len(a.Members), len(a.Listeners()), len(a.Queriers), a.Overflow)
	}
	w.at(30000).beat(first)
	vs := a.Verdicts()
	if !slices.ContainsFunc(vs, func(v verdict.Verdict) bool { return v.ID == "tribes.member-flood" && v.Status == verdict.Warn }) || len(vs) > 500 {
		t.Errorf("a crowd of made-up members is not told as one: %d verdicts", len(vs))
	}
	if m := a.HeardMembers()[0]; m.Beats.Count() != 7 {
		t.Errorf("the first member has %d heartbeats", m.Beats.Count())
	}
}

func octet(i int) string { return strconv.Itoa(i & 255) }

// Whose heartbeats come as often as it sends them, however seldom, has not paused.
func TestSlowSenderIsNoPause(t *testing.T) {
	w := newWire(t, Options{})
	a, b := node(11, 0), node(12, 0)
	for ms := int64(0); ms <= 15000; ms += 500 {
		w.at(ms).beat(b)
		if ms%5000 == 2000 {
			w.at(ms).beat(a)
		}
		w.tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.SYN, 100, 0, nil)
		w.tcp("10.77.0.11:4000", "10.77.0.12:50000", frame.SYN|frame.ACK, 500, 101, nil)
		w.tcp("10.77.0.12:50000", "10.77.0.11:4000", frame.RST, 101, 0, nil)
	}
	w.s.Finish()
	for _, v := range w.s.Analysis.Verdicts() {
		if v.ID == "tribes.gc-pause" && v.Status.Bad() {
			t.Errorf("%s: %s", v.Subject, v.Saw)
		}
	}
}
