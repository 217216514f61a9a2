//go:build !unix

package mcp

import (
	"os"
	"os/exec"
)

func apart(*exec.Cmd) {}

func stay() {}

func askGroup(int) {}

// killGroup ends the program; what it started is not known here.
func killGroup(leader int) {
	if process, err := os.FindProcess(leader); err == nil {
		_ = process.Kill() // it may be gone
	}
}
