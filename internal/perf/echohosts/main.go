//go:build linux

// Echohosts plays NUMBER hosts on the other side of a TUN device, 10.76.0.1 and the
// addresses after it. Each answers every ICMP echo request that the device brings, until
// the process is interrupted; then it prints what they did. Root is needed.
//
//	echohosts NUMBER DEVICE
//
// docs/perf/ping-rate.sh measures muster ping with it: fifty hosts in namespaces
// of their own are more than the kernel of a small machine can carry at that rate.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// gather is how long requests may wait in the device until they are read together:
// waking for each of them would take the processor from the one that asks.
const gather = time.Millisecond

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "echohosts:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: echohosts NUMBER DEVICE")
	}
	number, err := strconv.Atoi(args[0])
	if err != nil || number < 1 || number > 254 {
		return fmt.Errorf("NUMBER %q: want 1 to 254", args[0])
	}
	fd, err := open(args[1])
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	var stop atomic.Bool
	go func() {
		<-interrupted
		stop.Store(true)
	}()
	fmt.Println("answering")
	requests, answers, failed := 0, 0, 0
	for b := make([]byte, 65536); !stop.Load(); {
		n, err := unix.Read(fd, b)
		switch {
		case err == unix.EAGAIN:
			time.Sleep(gather)
			continue
		case err == unix.EINTR:
			continue
		case err != nil:
			return os.NewSyscallError("read", err)
		case !reply(b[:n]):
			continue
		}
		requests++
		for i := range number {
			from(b[:n], i)
			if _, err := unix.Write(fd, b[:n]); err != nil {
				failed++
			} else {
				answers++
			}
		}
	}
	fmt.Printf("%d requests; %d answers, %d failed\n", requests, answers, failed)
	return nil
}

// open attaches to the TUN device, whose packets then come without a header of its own
// (linux/if_tun.h).
func open(name string) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	r, err := unix.NewIfreq(name)
	if err == nil {
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = os.NewSyscallError("ioctl TUNSETIFF", unix.IoctlIfreq(fd, unix.TUNSETIFF, r))
	}
	if err != nil {
		unix.Close(fd)
		return 0, fmt.Errorf("device %s: %w", name, err)
	}
	return fd, nil
}

// reply turns an echo request (RFC 792) into the answer to it, still without its
// sender; it reports whether b is one.
func reply(b []byte) bool {
	const header, icmp, request, answer = 20, 1, 8, 0
	if len(b) < header+8 || b[0] != 0x45 || b[9] != icmp || b[header] != request {
		return false
	}
	b[header] = answer
	sum := uint32(^binary.BigEndian.Uint16(b[header+2:])) + 0xffff - request<<8 // RFC 1624
	binary.BigEndian.PutUint16(b[header+2:], ^uint16(sum>>16+sum&0xffff))
	copy(b[16:20], b[12:16]) // to who asked
	b[8] = 64                // TTL
	return true
}

// from makes the packet one of host i's.
func from(b []byte, i int) {
	copy(b[12:16], []byte{10, 76, 0, byte(i + 1)})
	b[10], b[11] = 0, 0
	var sum uint32
	for j := 0; j < 20; j += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[j:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum>>16+sum&0xffff))
}
