package smoke

import "syscall"

// ownProcessGroup keeps a console's Ctrl-C from a node: the driver, which gets
// it, ends its nodes itself.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
