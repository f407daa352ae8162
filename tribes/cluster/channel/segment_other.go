//go:build !linux

package channel

import "syscall"

func readTCPInfo(syscall.RawConn) (tcpInfo, error) { return tcpInfo{}, ErrNoTCPInfo }
