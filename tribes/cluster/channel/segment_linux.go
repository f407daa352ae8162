package channel

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// readTCPInfo asks the kernel (tcp(7), TCP_INFO).
func readTCPInfo(raw syscall.RawConn) (tcpInfo, error) {
	var info *unix.TCPInfo
	var asked error
	err := raw.Control(func(fd uintptr) { info, asked = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if err == nil {
		err = asked
	}
	if err != nil {
		return tcpInfo{}, err
	}
	return tcpInfo{unacked: int(info.Unacked), mss: int(info.Snd_mss), repeats: int(info.Retransmits)}, nil
}
