//go:build unix && !linux

package installation

import "syscall"

// childAttributes put a child into a group of its own, so that Ctrl-C reaches it through us only.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
