package tribes_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/tribes"
)

// The goodbye of a member, as it came in a datagram.
func ExampleParseMember() {
	datagram, _ := hex.DecodeString("5452494245532d4201000000003e000000000000ef3200000fa0ffffffffffffffff04c0a8006500000009" +
		"424142592d414c455800000000000102030405060708090a0b0c0d0e0f000000005452494245532d450100")
	m, n, err := tribes.ParseMember(datagram)
	if err != nil {
		fmt.Println(err)
		return
	}
	at, _ := m.AddrPort()
	fmt.Println(n, "bytes:", at, "after", m.AliveTime(), "leaving:", m.Shutdown())
	fmt.Println(m.Name(tribes.TextNow))
	// Output:
	// 86 bytes: 192.168.0.101:4000 after 1m1.234s leaving: true
	// tcp://{192, 168, 0, 101}:4000
}

// One direction of a TCP connection.
func ExampleScanner() {
	conn := strings.NewReader(tribes.Ack + tribes.FailAck + tribes.Ack[:5])
	s := tribes.NewScanner(1 << 20)
	for {
		p, err := s.Next()
		if err == nil {
			fmt.Println("offset", p.Offset, "ack:", p.Kind == tribes.PieceAck)
			continue
		}
		if !errors.Is(err, tribes.ErrIncomplete) {
			fmt.Println(err)
			return
		}
		if _, err := s.Fill(conn); errors.Is(err, io.EOF) {
			fmt.Println("ends with", s.Buffered(), "bytes of a frame")
			return
		}
	}
	// Output:
	// offset 0 ack: true
	// offset 21 ack: false
	// ends with 5 bytes of a frame
}
