//go:build !slim && unix

package devserver

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lock keeps other processes off a server's file. It is a flock on a file
// beside it, so the kernel drops it however this process ends; the pid in it
// is only for the message to others.
type lock struct{ file *os.File }

func acquireLock(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s is %w (%s): stop that one or choose another folder",
				strings.TrimSuffix(path, lockSuffix), ErrInUse, holder(file))
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	if err := writePID(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return &lock{file: file}, nil
}

// release leaves the lock file in place: removing it would let two processes
// hold locks on two files of one name.
func (l *lock) release() { l.file.Close() }

func writePID(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func holder(file *os.File) string {
	text := make([]byte, 20)
	n, _ := file.ReadAt(text, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return "its process is not known"
	}
	return "process " + strconv.Itoa(pid)
}
