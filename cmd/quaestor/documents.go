package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// localFile is a file of the user's own that is to be researched.
type localFile struct {
	path string // on this machine
	name string // in the corpus: relative to the folder that was given
	size int64
	mod  time.Time
}

// maxLocalFiles bounds what one run takes from folders.
const maxLocalFiles = 20_000

// findDocuments lists the files below the folders (a single file is fine too),
// by name. Hidden files and folders are left out; what cannot be read is named.
func findDocuments(roots []string) ([]localFile, error) {
	var files []localFile
	for _, root := range roots {
		prefix := ""
		if len(roots) > 1 {
			prefix = filepath.Base(filepath.Clean(root))
		}
		found, err := walkDocuments(root, prefix, maxLocalFiles-len(files))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("--docs %s: no files there that can be read", root)
		}
		files = append(files, found...)
	}
	slices.SortFunc(files, func(a, b localFile) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

func walkDocuments(root, prefix string, left int) ([]localFile, error) {
	var files []localFile
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch hidden := path != root && strings.HasPrefix(entry.Name(), "."); {
		case err != nil && path == root:
			return err
		case err != nil:
			leftOut(path, err)
			return fs.SkipDir
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case entry.IsDir() || hidden:
			return nil
		}
		info, err := readable(path)
		if err != nil {
			leftOut(path, err)
			return nil
		}
		if len(files) == left {
			return fmt.Errorf("more than %d files; give a smaller folder", maxLocalFiles)
		}
		name, err := filepath.Rel(root, path)
		if err != nil || name == "." {
			name = filepath.Base(path)
		}
		files = append(files, localFile{path, filepath.ToSlash(filepath.Join(prefix, name)), info.Size(), info.ModTime()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("--docs %s: %w", root, err)
	}
	return files, nil
}

// readable looks whether a file, or what a link leads to, can be opened. What is
// no file is not opened: a pipe would wait for its writer.
func readable(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file of its own, but " + kindOf(info.Mode()))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return info, file.Close()
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a link to a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

func leftOut(name string, why error) { fmt.Fprintf(os.Stderr, "left out: %s: %v\n", name, why) }

// corpusName names the corpus of a set of files: the same as long as none of
// them changes, so that a run that was interrupted finds its documents again.
func corpusName(files []localFile) string {
	h := sha256.New()
	for _, file := range files {
		fmt.Fprintf(h, "%s\x00%s\x00%d\x00%d\n", file.path, file.name, file.size, file.mod.UnixNano())
	}
	return "docs-" + hex.EncodeToString(h.Sum(nil))[:12]
}

// batches splits files into uploads of a bounded number and size.
func batches(files []localFile) [][]localFile {
	const maxFiles, maxBytes = 50, 32 << 20
	var all [][]localFile
	var batch []localFile
	var size int64
	for _, file := range files {
		if len(batch) > 0 && (len(batch) == maxFiles || size+file.size > maxBytes) {
			all, batch, size = append(all, batch), nil, 0
		}
		batch, size = append(batch, file), size+file.size
	}
	if len(batch) > 0 {
		all = append(all, batch)
	}
	return all
}
