//go:build !slim

package main

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// residentBytes is the most memory that a process held.
func residentBytes(usage *syscall.Rusage) int64 { return usage.Maxrss << 10 }

// smallDisk mounts a file system in memory of a size such as 64m.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("left out, a small disk cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes into a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	block := make([]byte, 64<<10)
	for {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// openTerminal makes a pseudo terminal and gives both of its ends.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("left out, there are no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 90}); err != nil {
		t.Fatal(err)
	}
	return screen, terminal
}

func TestProgressIsLiveOnATerminal(t *testing.T) {
	t.Parallel()
	screen, terminal := openTerminal(t)
	p := command(t, nil, "research", "--data", t.TempDir(), "--docs", folder(t, hospitals), hospitalTopic)
	p.cmd.Stderr = terminal
	p.start(t)
	terminal.Close()                 // the process has its own
	written, _ := io.ReadAll(screen) // ends with an error when the terminal is gone
	if code := p.wait(t); code != 0 || !strings.HasPrefix(p.stdout.String(), "# ") {
		t.Errorf("exit code %d, standard output %.100q", code, p.stdout)
	}
	shown := onScreen(string(written))
	if len(shown) != 2 || !strings.Contains(shown[0], " agents · ") || !strings.Contains(shown[1], "completed") {
		t.Errorf("in the end the terminal shows %q", shown)
	}
	if redrawn := strings.Count(string(written), "\x1b[2K"); redrawn < 20 {
		t.Errorf("lines were redrawn %d times", redrawn)
	}
}
