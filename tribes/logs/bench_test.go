package logs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"testing"
)

// A busy shop's log, one line in a thousand of its cluster: bytes a second.
func BenchmarkApplicationLog(b *testing.B) {
	var buf bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&buf, "29-Nov-2026 17:%02d:%02d.%03d INFO [http-nio-8080-exec-%d] com.example.shop.Checkout.pay Order %d paid in %d ms for customer %d by card\n", i/60%60, i%60, i%1000, i%20, i*7919, i%300, i*31)
		if i%1000 == 0 {
			buf.WriteString("29-Nov-2026 17:42:07.666 SEVERE [Tribes-Task-Receiver[Catalina-Channel]-2] org.apache.catalina.tribes.io.XByteBuffer.append Discarded the package, invalid header\n")
		}
	}
	benchmark(b, buf.Bytes())
}

// Nothing but what a cluster with a fault writes.
func BenchmarkClusterLog(b *testing.B) {
	var all []byte
	for _, f := range []string{"log4j2-key-mismatch-11.0.21", "advertises-loopback-9.0.113", "partition-5.5.15"} {
		data, err := os.ReadFile("testdata/" + f + "/a.log")
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, data...)
	}
	benchmark(b, bytes.Repeat(all, 20_000_000/len(all)))
}

func benchmark(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := Run(context.Background(), Options{Inputs: []Input{{Name: "catalina.out", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}}})
		if err != nil {
			b.Fatal(err)
		}
	}
}
