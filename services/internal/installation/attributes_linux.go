package installation

import "syscall"

// childAttributes put a child into a group of its own, so that Ctrl-C reaches it through us only, and let the kernel end it
// when we end without having been able to.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
