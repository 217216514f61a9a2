//go:build !slim && unix && !linux

package main

import (
	"syscall"
	"testing"
)

func residentBytes(usage *syscall.Rusage) int64 { return usage.Maxrss }

func smallDisk(t *testing.T, _ string) string {
	t.Helper()
	t.Skip("left out, a small disk is only made on Linux")
	return ""
}

func fill(*testing.T, string) {}
