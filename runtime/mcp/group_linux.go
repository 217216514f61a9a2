package mcp

import (
	"os/exec"
	"runtime"
	"syscall"
)

// apart puts a program into a process group of its own, so that it can be ended
// with what it starts, and has the kernel end it when we die.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// stay keeps the thread of a goroutine until that returns: Pdeathsig means the
// death of the thread.
func stay() { runtime.LockOSThread() }

func askGroup(leader int)  { _ = syscall.Kill(-leader, syscall.SIGTERM) } // it may be gone
func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) } // it may be gone
