package spool

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// maxFolders bounds the processes that share a spool.
const maxFolders = 1000

// folder is one that this process holds the lock of. The lock is the kernel's:
// it ends with the process, however that ends. Its file is never removed, or
// two processes might lock two files of the same name.
type folder struct {
	path string
	lock *os.File
}

// errTaken says that another process holds a folder.
var errTaken = errors.New("another process uses this folder")

// takeFolder takes the first folder that is free.
func takeFolder(root string) (*folder, error) {
	for n := 1; n <= maxFolders; n++ {
		path := filepath.Join(root, strconv.Itoa(n))
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
		taken, err := lockFolder(path)
		if err == nil || !errors.Is(err, errTaken) {
			return taken, err
		}
	}
	return nil, fmt.Errorf("%d processes use it already", maxFolders)
}

func lockFolder(path string) (*folder, error) {
	file, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errTaken
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &folder{path: path, lock: file}, nil
}

func (f *folder) free() error { return f.lock.Close() }

// folders lists the folders of all processes in a spool.
func folders(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err == nil && entry.IsDir() {
			paths = append(paths, filepath.Join(root, entry.Name()))
		}
	}
	return paths, nil
}

const (
	entrySuffix = ".jsonl"
	apartSuffix = ".apart.jsonl"
)

func fileName(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%08d%s", number, entrySuffix))
}

// file is one with entries.
type file struct {
	path   string
	number int
}

// files lists those with entries, oldest first.
func (f *folder) files() ([]file, error) {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, entry := range entries {
		number, ok := strings.CutSuffix(entry.Name(), entrySuffix)
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		files = append(files, file{filepath.Join(f.path, entry.Name()), n})
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.number, b.number) })
	return files, nil
}

// replace puts lines in the place of a file's, or removes it when there are
// none. Whatever dies meanwhile, one of the two is there.
func replace(path string, lines []byte) error {
	dir := filepath.Dir(path)
	if len(lines) == 0 {
		if err := os.Remove(path); err != nil {
			return err
		}
		return syncFolder(dir)
	}
	temporary := path + ".new"
	if err := writeSynced(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, lines); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(dir)
}

func writeSynced(path string, flags int, lines []byte) (err error) {
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.Write(lines); err != nil {
		return err
	}
	return file.Sync()
}

// syncFolder makes names of files in a folder outlive the machine.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
