package netlink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Stop, returned by a callback, ends a dump early and is no error.
var Stop = errors.New("enough")

// patience is how long the kernel may take for the next piece of an answer.
const patience = 2 * time.Second

const headerLen = 16 // struct nlmsghdr

// Dump sends one request with NLM_F_DUMP to a netlink family (unix.NETLINK_ROUTE,
// ...) and calls each with the type and the body of every answer. The body is only
// valid during the call.
func Dump(ctx context.Context, family int, kind uint16, body []byte, each func(kind uint16, body []byte) error) error {
	return ask(ctx, family, kind, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, body, each)
}

// Get sends one request that has a single answer. The kernel's refusal comes back
// as an unix.Errno in the error's tree.
func Get(ctx context.Context, family int, kind uint16, body []byte, each func(kind uint16, body []byte) error) error {
	return ask(ctx, family, kind, unix.NLM_F_REQUEST|unix.NLM_F_ACK, body, each)
}

func ask(ctx context.Context, family int, kind uint16, flags uint16, body []byte, each func(uint16, []byte) error) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	defer unix.Close(fd)
	tv := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	msg := make([]byte, headerLen, headerLen+len(body))
	native := binary.NativeEndian
	native.PutUint32(msg, uint32(headerLen+len(body)))
	native.PutUint16(msg[4:], kind)
	native.PutUint16(msg[6:], flags)
	native.PutUint32(msg[8:], 1)
	msg = append(msg, body...)
	if err := unix.Sendto(fd, msg, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink request: %w", err)
	}
	buf := make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, _, rflags, from, err := unix.Recvmsg(fd, buf, nil, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return fmt.Errorf("netlink: the kernel gave no answer within %v", patience)
		case err != nil:
			return fmt.Errorf("netlink answer: %w", err)
		case rflags&unix.MSG_TRUNC != 0:
			return errors.New("netlink: an answer is larger than 64 KiB")
		}
		if sa, ok := from.(*unix.SockaddrNetlink); !ok || sa.Pid != 0 {
			continue // not from the kernel
		}
		done, err := split(buf[:n], each)
		if done || err != nil {
			if errors.Is(err, Stop) {
				return nil
			}
			return err
		}
	}
}

// split walks the messages of one datagram and reports whether the answer is
// complete.
func split(b []byte, each func(uint16, []byte) error) (done bool, err error) {
	native := binary.NativeEndian
	for len(b) >= headerLen {
		n := int(native.Uint32(b))
		if n < headerLen || n > len(b) {
			return true, errors.New("netlink: a message does not fit its datagram")
		}
		kind, body := native.Uint16(b[4:]), b[headerLen:n]
		switch kind {
		case unix.NLMSG_DONE:
			return true, status(body)
		case unix.NLMSG_ERROR:
			return true, status(body)
		case unix.NLMSG_NOOP:
		default:
			if err := each(kind, body); err != nil {
				return true, err
			}
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return false, nil
}

// status is the error number that NLMSG_ERROR and NLMSG_DONE begin with.
func status(body []byte) error {
	if len(body) < 4 {
		return nil
	}
	if n := int32(binary.NativeEndian.Uint32(body)); n < 0 {
		return unix.Errno(-n)
	}
	return nil
}
