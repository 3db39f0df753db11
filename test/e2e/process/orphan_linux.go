package process

import "syscall"

// dieWithParent lets the kernel kill the process when the thread that forked it ends.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
