package tribes

import "testing"

func TestOptionsText(t *testing.T) {
	for o, want := range map[Options]string{
		0: "none", 1: "byte", 2: "use_ack", 6: "use_ack|sync_ack", 8: "async", 65: "byte|multicast",
		0x1ff: "byte|use_ack|sync_ack|async|secure|udp|multicast|gzip|0x80",
		0x201: "byte|0x200", -1 << 31: "0x80000000",
	} {
		if got := o.String(); got != want {
			t.Errorf("%d = %q, want %q", int32(o), got, want)
		}
	}
}

func TestParseOptions(t *testing.T) {
	for s, want := range map[string]Options{
		"8": 8, " 6 ": 6, "0x100": Gzip, "none": 0, "ack": UseAck, "sync-ack": UseAck | SynchronizedAck,
		"async": Asynchronous, "asynchronous,ack": Asynchronous | UseAck, "Sync , Use_Ack": UseAck | SynchronizedAck,
		"sync_ack": SynchronizedAck, "synchronized_ack": SynchronizedAck, "byte,udp,multicast,secure,gzip": 0x171,
		"byte_message": ByteMessage,
	} {
		if got, err := ParseOptions(s); err != nil || got != want {
			t.Errorf("%q = %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "fast", "ack,", "1e3", "99999999999", "ack sync"} {
		if o, err := ParseOptions(s); err == nil {
			t.Errorf("%q = %d, want an error", s, o)
		}
	}
}

// Every text that String makes of named bits is one that ParseOptions reads
// again, with the bar turned into the comma of a configuration.
func TestOptionsNamesAreReadable(t *testing.T) {
	for _, n := range optionNames {
		if o, err := ParseOptions(n.name); err != nil || o != n.bit {
			t.Errorf("%s = %d, %v, want %d", n.name, o, err, n.bit)
		}
	}
}
