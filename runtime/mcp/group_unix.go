//go:build unix && !linux

package mcp

import (
	"os/exec"
	"syscall"
)

// apart puts a program into a process group of its own, so that it can be ended
// with what it starts.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func stay() {}

func askGroup(leader int)  { _ = syscall.Kill(-leader, syscall.SIGTERM) } // it may be gone
func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) } // it may be gone
